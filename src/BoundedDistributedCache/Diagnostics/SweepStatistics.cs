namespace BoundedCache;

/// <summary>One sweep for expired entries, by the hosted sweeper or by <c>RemoveExpired</c>. Immutable.</summary>
public sealed class SweepStatistics
{
    internal SweepStatistics()
    {
    }

    /// <summary>The number of the sweep in its cache, from 1.</summary>
    public long Number { get; internal init; }

    /// <summary>When it began.</summary>
    public DateTimeOffset StartedAt { get; internal init; }

    /// <summary>How long it took.</summary>
    public TimeSpan Duration { get; internal init; }

    /// <summary>Entries that it dropped.</summary>
    public int Removed { get; internal init; }
}
