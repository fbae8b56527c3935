using System.Globalization;
using System.Xml.Linq;
using BoundedCache.Benchmarks.Peers;
using BoundedCache.Benchmarks.Reporting;

namespace BoundedCache.Benchmarks.Tests;

public sealed class ChartTests
{
    private const string White = "#FFFFFF";
    private const string Dark = "#0D1117";

    public static TheoryData<string> Bars => [.. Palette.Peers.Values, Palette.Others];

    [Fact]
    public void ItStandsOnATransparentGround()
    {
        string svg = Draw(["a", "b"], new Series("ours", [1, 2]), new Series("theirs", [2, 3]));

        Assert.Contains("<svg", svg, StringComparison.Ordinal);
        Assert.DoesNotContain($"\"{White}\"", svg, StringComparison.OrdinalIgnoreCase);
        Assert.DoesNotContain("\"white\"", svg, StringComparison.OrdinalIgnoreCase);
    }

    [Fact]
    public void WhatHasOneSeriesNeedsNoLegend()
    {
        Assert.DoesNotContain("ours", TextsOf(Draw(["a"], new Series("ours", [1]))));
        Assert.Contains("ours", TextsOf(Draw(["a"], new Series("ours", [1]), new Series("theirs", [1]))));
    }

    [Theory]
    [MemberData(nameof(Bars))]
    public void BarsStandOutFromWhiteAndFromDark(string colour)
    {
        Assert.InRange(Contrast(colour, White), 3, 21);
        Assert.InRange(Contrast(colour, Dark), 3, 21);
    }

    [Fact]
    public void TextCanBeReadOnWhiteAndOnDark()
    {
        string svg = Draw(["group"], new Series(PeerSet.Bounded, [1]), new Series(PeerSet.Memory, [1]));

        Assert.InRange(Contrast(Palette.TextOnLight, White), 4.5, 21);
        Assert.InRange(Contrast(Palette.TextOnDark, Dark), 4.5, 21);
        Assert.All(svg.Split("<text ").Skip(1), text => Assert.StartsWith($"fill=\"{Palette.TextOnLight}\"", text, StringComparison.Ordinal));
        Assert.Contains($"@media (prefers-color-scheme: dark) {{ [fill=\"{Palette.TextOnLight}\"] {{ fill: {Palette.TextOnDark} }}", svg, StringComparison.Ordinal);
    }

    [Fact]
    public void APeerHasItsColourWhereverItStandsAndWhateverItHolds()
    {
        Assert.Equal(Palette.Peers.Count, Palette.Peers.Values.Append(Palette.Others).Distinct().Count() - 1);
        Assert.All(PeerSet.All, peer => Assert.Equal(Palette.Peers[peer], Palette.Of(peer)));
        Assert.Equal(Palette.Peers[PeerSet.Bounded], Palette.Of(PeerSet.Bounded + ", sliding, with a tenant"));
        Assert.NotEqual(Palette.Of(PeerSet.Bounded), Palette.Of(PeerSet.ScanResistant));
        Assert.Equal(Palette.Others, Palette.Of("exact LRU"));

        string svg = Draw(["group"], new Series(PeerSet.Lru, [1]), new Series(PeerSet.Bounded, [2]));

        Assert.InRange(svg.IndexOf(Palette.Peers[PeerSet.Lru], StringComparison.Ordinal), 0, svg.IndexOf(Palette.Peers[PeerSet.Bounded], StringComparison.Ordinal));
    }

    [Fact]
    public void WhoWasRefusedIsMarkedAndWhoTakesNoPartIsNot()
    {
        Assert.Contains("refused", TextsOf(Draw(["group"], new Series(PeerSet.Bounded, [1]), new Series(PeerSet.Memory, [double.NaN]))));
        Assert.DoesNotContain("refused", TextsOf(Draw(["group"], new Series(PeerSet.Bounded, [1]), new Series(PeerSet.Memory, [0]))));
    }

    [Fact]
    public void LabelsThatAreTooWideAreTurned()
    {
        string[] groups = [.. Enumerable.Range(1, 9).Select(number => $"cloudphysics\n@{number},000")];
        Series series = new(PeerSet.Bounded, new double[9]);

        string[] upright = TextsOf(Draw(groups, series));
        string[] turned = TextsOf(Draw([.. groups.Select(group => "long " + group)], series));

        Assert.Contains("cloudphysics", upright);
        Assert.Contains("@9,000", upright);
        Assert.Contains("long cloudphysics @9,000", turned);
    }

    private static string Draw(string[] groups, params Series[] series) => new Chart("name", "Title", "M/s", groups, series).ToSvg();

    private static string[] TextsOf(string svg) =>
        [.. XDocument.Parse(svg).Descendants().Where(element => element.Name.LocalName == "text").Select(element => element.Value.Trim())];

    /// <summary>As WCAG 2 has it: 1 where both are the same, 21 between black and white.</summary>
    private static double Contrast(string one, string other)
    {
        double[] luminances = [Luminance(one), Luminance(other)];
        return (luminances.Max() + 0.05) / (luminances.Min() + 0.05);
    }

    private static double Luminance(string hex)
    {
        double[] linear = [.. new[] { 1, 3, 5 }
            .Select(at => int.Parse(hex.AsSpan(at, 2), NumberStyles.HexNumber, CultureInfo.InvariantCulture) / 255.0)
            .Select(part => part <= 0.04045 ? part / 12.92 : Math.Pow((part + 0.055) / 1.055, 2.4))];
        return (0.2126 * linear[0]) + (0.7152 * linear[1]) + (0.0722 * linear[2]);
    }
}
