using BoundedCache.Expiration;

namespace BoundedCache.Storage;

/// <summary>The last live entry that was evicted: the stamp of its last use, and when it went.</summary>
/// <remarks>
/// Written by whoever evicts, without a shared write between shards. A reader may get the two of evictions that followed
/// one another: their ages are alike.
/// </remarks>
internal struct LastEviction
{
    private long _stamp;
    private long _at;

    /// <summary>0 where nothing was evicted yet: stamps begin at 1.</summary>
    public readonly long Stamp => _stamp;

    /// <summary>Monotonic ticks.</summary>
    public readonly long At => _at;

    public void Note(long stamp, Now now)
    {
        Volatile.Write(ref _at, now.Monotonic);
        Volatile.Write(ref _stamp, stamp);
    }

    public static LastEviction Snapshot(ref LastEviction last) => new()
    {
        _stamp = Volatile.Read(ref last._stamp),
        _at = Volatile.Read(ref last._at),
    };

    public static LastEviction Later(LastEviction left, LastEviction right) =>
        left.Stamp == 0 || (right.Stamp != 0 && right.At > left.At) ? right : left;
}

/// <summary>How long an evicted entry had been untouched; <see cref="IsAtLeast"/> says that it may have been longer.</summary>
internal readonly record struct EvictedAge(TimeSpan Age, bool IsAtLeast);
