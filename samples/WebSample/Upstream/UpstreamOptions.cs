using System.ComponentModel.DataAnnotations;

namespace WebSample.Upstream;

public sealed class UpstreamOptions
{
    /// <summary>How long the upstream thinks before each answer.</summary>
    [Range(typeof(TimeSpan), "00:00:00", "00:01:00", ParseLimitsInInvariantCulture = true)]
    public TimeSpan Delay { get; set; } = TimeSpan.FromMilliseconds(400);

    /// <summary>The port on the loopback address that the upstream listens at; 0 takes a free one.</summary>
    [Range(0, 65535)]
    public int Port { get; set; }

    /// <summary>Where another node's upstream is, to be asked in place of one in this process; without it there is one.</summary>
    public Uri? Address { get; set; }
}
