using System.Runtime.CompilerServices;

namespace BoundedCache.Storage;

/// <summary>What is done under a shard's lock, whose amount is bounded.</summary>
internal enum Work
{
    /// <summary>An entry that a sweep, a writer in search of what has expired, or a removal of many looked at closely.</summary>
    Entry,

    Victim,

    Ranking,

    /// <summary>A rebuild of the index.</summary>
    Rebuild,

    /// <summary>A walk through all that is queued on probation.</summary>
    Weeding,

    /// <summary>A member of that queue which a writer in search of a victim passed over.</summary>
    PassedOver,

    /// <summary>A growth of that queue, or of a ring of hashes.</summary>
    Growth,
}

/// <summary>
/// How much was done since a shard's lock was taken, and the most that ever was under one hold: that this is bounded is
/// a promise, which no clock could tell. All members are for the holder of the lock.
/// </summary>
internal struct HeldWork
{
    private Amounts _now;
    private Amounts _most;

    /// <summary>The most that was done under one hold.</summary>
    public readonly int Most(Work work) => _most[(int)work];

    /// <summary>The lock was taken.</summary>
    public void Begin() => _now = default;

    /// <summary>How much was done under this hold.</summary>
    public readonly int Done(Work work) => _now[(int)work];

    public void Count(Work work, int more = 1)
    {
        int amount = _now[(int)work] += more;
        if (amount > _most[(int)work])
        {
            _most[(int)work] = amount;
        }
    }

    [InlineArray(7)]
    private struct Amounts
    {
        private int _first;
    }
}
