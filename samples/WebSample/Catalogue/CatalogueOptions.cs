using System.ComponentModel.DataAnnotations;

namespace WebSample.Catalogue;

public sealed class CatalogueOptions
{
    /// <summary>How many connections the upstream is given at most; requests beyond that wait for one.</summary>
    [Range(1, int.MaxValue)]
    public int MaxConnectionsPerServer { get; set; } = 500;

    /// <summary>How often a failed request is tried again.</summary>
    [Range(1, 10)]
    public int Retries { get; set; } = 3;

    /// <summary>The pause before the first retry; it doubles with each.</summary>
    [Range(typeof(TimeSpan), "00:00:00.001", "00:01:00", ParseLimitsInInvariantCulture = true)]
    public TimeSpan RetryDelay { get; set; } = TimeSpan.FromMilliseconds(200);

    /// <summary>How long one attempt may take once it has its connection.</summary>
    [Range(typeof(TimeSpan), "00:00:00.010", "01:00:00", ParseLimitsInInvariantCulture = true)]
    public TimeSpan AttemptTimeout { get; set; } = TimeSpan.FromSeconds(5);

    /// <summary>How long all of it may take: waiting for a connection, every attempt and the pauses between.</summary>
    [Range(typeof(TimeSpan), "00:00:00.010", "01:00:00", ParseLimitsInInvariantCulture = true)]
    public TimeSpan TotalTimeout { get; set; } = TimeSpan.FromMinutes(1);
}
