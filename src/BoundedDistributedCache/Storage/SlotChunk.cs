using System.Numerics;
using System.Runtime.CompilerServices;

namespace BoundedCache.Storage;

/// <summary>
/// What changes with an entry's use, apart from the entry.
/// </summary>
/// <remarks>
/// <code>
/// field   written by             guard
/// Stamp   readers and writers    none. A suspended reader may stamp a slot that belongs to another entry by now:
///                                a wrong stamp costs a little order, and nothing but order may hang on it
/// Entry   writers                shard's lock; null: the slot is free
/// </code>
/// The stamp is the recency clock's value at the last use. The sign bit marks that of an insertion, where the policy knows
/// probation.
/// </remarks>
internal struct Slot
{
    private const long Mark = long.MinValue;

    public long Stamp;
    public Entry? Entry;

    /// <summary>The stamp without its mark.</summary>
    public readonly long LastUse => Unmarked(Volatile.Read(in Stamp));

    public static long Marked(long stamp) => stamp | Mark;

    public static long Unmarked(long stamp) => stamp & ~Mark;

    public static bool IsMarked(long stamp) => (stamp & Mark) != 0;
}

/// <summary>
/// A fixed number of slots that are never copied, for a reader may be about to stamp one. All but the stamps is
/// written under the shard's lock; sweeps look at <see cref="DueBound"/>, and tenants' rankings at due times, without it.
/// </summary>
/// <remarks>
/// A due time is the earliest monotonic time at which the slot's entry could be expired, as known when it was last
/// looked at. Due times, and the places in tenants' lists, are arrays of their own, which only chunks that need them
/// have.
/// </remarks>
internal sealed class SlotChunk
{
    public const int Shift = 6;
    public const int Length = 1 << Shift;
    public const int IndexMask = Length - 1;

    public const long NeverDue = long.MaxValue;

    private Slots _slots;
    private ulong _occupied;
    private long _dueBound = NeverDue;
    private long[]? _dues;
    private int[]? _tenantIndexes;

    public ulong Occupied => _occupied;

    public bool IsFull => _occupied == ulong.MaxValue;

    public bool IsEmpty => _occupied == 0;

    /// <summary>No slot of the chunk is due earlier than this.</summary>
    public long DueBound => Volatile.Read(ref _dueBound);

    public ref Slot this[int index]
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => ref _slots[index & IndexMask];
    }

    /// <summary>
    /// The index of a slot's entry in its tenant's list of members. Guarded by the tenant's lock, not the shard's; there
    /// once <see cref="Prepare"/> was called for an entry of a tenant.
    /// </summary>
    public ref int TenantIndex(int index) => ref _tenantIndexes![index & IndexMask];

    /// <summary>Makes sure that the chunk can have an entry: its due time, and its place in its tenant's list.</summary>
    /// <exception cref="OutOfMemoryException">There is no memory for those; nothing that counts was changed.</exception>
    public void Prepare(Entry entry)
    {
        if (entry.AsExpiring is not null && _dues is null)
        {
            long[] dues = new long[Length];
            Array.Fill(dues, NeverDue);
            Volatile.Write(ref _dues, dues);
        }

        if (entry.HasTenant)
        {
            _tenantIndexes ??= new int[Length];
        }
    }

    public bool CanHave(Entry entry) =>
        (_dues is not null || entry.AsExpiring is null) && (_tenantIndexes is not null || !entry.HasTenant);

    public int Take()
    {
        int index = BitOperations.TrailingZeroCount(~_occupied);
        _occupied |= 1UL << index;
        return index;
    }

    public void Free(int index)
    {
        Volatile.Write(ref this[index].Entry, null);
        if (_dues is { } dues)
        {
            Volatile.Write(ref dues[index & IndexMask], NeverDue);
        }

        _occupied &= ~(1UL << (index & IndexMask));
    }

    public long DueOf(int index) => Volatile.Read(ref _dues) is { } dues ? Volatile.Read(ref dues[index & IndexMask]) : NeverDue;

    /// <summary>Sets the due time of an entry for which there are due times, and lowers the bound to it.</summary>
    public void SetDue(int index, long due)
    {
        if (_dues is not { } dues)
        {
            return;
        }

        Volatile.Write(ref dues[index & IndexMask], due);
        if (due < _dueBound)
        {
            Volatile.Write(ref _dueBound, due);
        }
    }

    /// <summary>Sets a due time and leaves the bound, which <see cref="TightenDueBound"/> is to follow.</summary>
    public void Postpone(int index, long due) => Volatile.Write(ref _dues![index & IndexMask], due);

    /// <summary>Raises the bound to the earliest due time there is.</summary>
    public void TightenDueBound()
    {
        long earliest = NeverDue;
        foreach (long due in _dues.AsSpan())
        {
            earliest = Math.Min(earliest, due);
        }

        Volatile.Write(ref _dueBound, earliest);
    }

    [InlineArray(SlotChunk.Length)]
    private struct Slots
    {
        private Slot _first;
    }
}
