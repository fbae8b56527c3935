using BoundedCache.Benchmarks.Peers;
using ScottPlot;

namespace BoundedCache.Benchmarks.Reporting;

/// <summary>
/// The colours of charts, by name, so that a peer has the same one in each. Bars have three times the contrast of a white
/// page and of a dark one; no colour has what text needs, four and a half times, on both, so text has one for either.
/// </summary>
internal static class Palette
{
    public const string TextOnLight = "#6E7781";
    public const string TextOnDark = "#848D97";

    /// <summary>What is no peer but a measure for all.</summary>
    public const string Others = "#808A93";

    /// <summary>Of the bars of a peer.</summary>
    public static readonly IReadOnlyDictionary<string, string> Peers = new Dictionary<string, string>
    {
        [PeerSet.Bounded] = "#2F81F7",
        [PeerSet.ScanResistant] = "#D0608F",
        [PeerSet.Memory] = "#C2701C",
        [PeerSet.Lru] = "#2F9240",
        [PeerSet.TLru] = "#B05FC4",
        [PeerSet.Lfu] = "#C9484A",
        [PeerSet.Dictionary] = "#14919B",
    };

    /// <summary>The colour of a series: that of the peer, whatever its name goes on with (", sliding").</summary>
    public static string Of(string series) => Peers.GetValueOrDefault(series) ?? Peers.GetValueOrDefault(series.Split(',')[0], Others);

    public static Color ToColor(string hex) => Color.FromHex(hex);
}
