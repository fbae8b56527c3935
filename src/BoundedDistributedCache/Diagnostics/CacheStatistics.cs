namespace BoundedCache;

/// <summary>
/// What a cache did since it was made, and what it holds. The counts are exact once no caller is at work; while some
/// are, each is right by itself and they may be of slightly different instants. Immutable.
/// </summary>
public sealed class CacheStatistics
{
    internal CacheStatistics()
    {
    }

    /// <summary>Reads that found a value.</summary>
    public long Hits { get; internal init; }

    /// <summary>Reads that found none, or one that had expired.</summary>
    public long Misses { get; internal init; }

    /// <summary>Reads: hits and misses. Refreshing an entry is none.</summary>
    public long TotalRequests => Hits + Misses;

    /// <summary>Hits among all reads, from 0 to 1; 0 where there were none.</summary>
    public double HitRatio => TotalRequests == 0 ? 0 : (double)Hits / TotalRequests;

    /// <summary>Values that were stored, over an old one or not.</summary>
    public long Sets { get; internal init; }

    /// <summary>
    /// Entries that callers took out: by key, by pattern, by clearing, or by setting their key to what can't be stored.
    /// </summary>
    public long Removals { get; internal init; }

    /// <summary>Values that were not stored, since each by itself is larger than the cache, or its tenant, may be.</summary>
    public long Rejections { get; internal init; }

    /// <summary>
    /// Live entries that were dropped because the cache held <c>MaxEntries</c>, or because their keys crowded one place of
    /// it (far more than chance gives, as keys crafted to collide do).
    /// </summary>
    public long EvictionsForEntries { get; internal init; }

    /// <summary>Live entries that were dropped because the cache held <c>MaxBytes</c>.</summary>
    public long EvictionsForBytes { get; internal init; }

    /// <summary>Live entries that were dropped because their tenant held what its limits allow.</summary>
    public long EvictionsForTenantLimit { get; internal init; }

    /// <summary>Entries that were dropped after they had expired.</summary>
    public long EvictionsExpired { get; internal init; }

    /// <summary>Entries that were dropped for any reason but a caller's wish.</summary>
    public long Evictions => EvictionsForEntries + EvictionsForBytes + EvictionsForTenantLimit + EvictionsExpired;

    /// <summary>Entries that are held; expired ones count until they are dropped.</summary>
    public int Entries { get; internal init; }

    /// <summary>Bytes of memory that they take, bookkeeping included.</summary>
    public long Bytes { get; internal init; }

    /// <summary>How many entries may be held: by the cache, or by the tenant whose statistics these are.</summary>
    public int MaxEntries { get; internal init; }

    /// <summary>How many bytes they may take.</summary>
    public long MaxBytes { get; internal init; }

    /// <summary>
    /// How long the last live entry that was evicted had been untouched: an entry that nobody uses survives about so long
    /// now. Known to about a sixteenth of the time in which as many entries come as are held. Of a cache, for its own
    /// limits; of a tenant, for any. <see langword="null"/> before the first, and in a cache with room for 256 entries or
    /// fewer, which does not know it.
    /// </summary>
    public TimeSpan? LastEvictedAge { get; internal init; }

    /// <summary>Whether it had been untouched for longer than is remembered: then the age is the least it can be.</summary>
    public bool LastEvictedAgeIsAtLeast { get; internal init; }

    /// <summary>The last sweep that ran to its end; <see langword="null"/> before the first.</summary>
    public SweepStatistics? LastSweep { get; internal init; }
}
