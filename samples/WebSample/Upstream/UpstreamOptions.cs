using System.ComponentModel.DataAnnotations;

namespace WebSample.Upstream;

public sealed class UpstreamOptions
{
    /// <summary>How long the upstream thinks before each answer.</summary>
    [Range(typeof(TimeSpan), "00:00:00", "00:01:00", ParseLimitsInInvariantCulture = true)]
    public TimeSpan Delay { get; set; } = TimeSpan.FromMilliseconds(400);
}
