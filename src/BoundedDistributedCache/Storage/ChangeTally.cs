using System.Runtime.CompilerServices;

namespace BoundedCache.Storage;

/// <summary>What happens to entries, by what it is counted as.</summary>
internal enum Change
{
    Set,
    Removal,
    EvictionForEntries,
    EvictionForBytes,
    EvictionForTenantLimit,
    EvictionExpired,
}

/// <summary>
/// How often each change happened. Counted under a lock of the owner's; <see cref="Snapshot"/> needs none.
/// </summary>
[InlineArray(6)]
internal struct ChangeTally
{
    private long _first;

    public readonly long this[Change change] => this[(int)change];

    public void Count(Change change) => Volatile.Write(ref this[(int)change], this[(int)change] + 1);

    public void Add(in ChangeTally other)
    {
        for (Change change = Change.Set; change <= Change.EvictionExpired; change++)
        {
            this[(int)change] += other[(int)change];
        }
    }

    public static ChangeTally Snapshot(ref ChangeTally tally)
    {
        ChangeTally snapshot = default;
        for (Change change = Change.Set; change <= Change.EvictionExpired; change++)
        {
            snapshot[(int)change] = Volatile.Read(ref tally[(int)change]);
        }

        return snapshot;
    }
}
