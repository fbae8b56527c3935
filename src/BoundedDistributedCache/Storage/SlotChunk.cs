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
/// Due     writers, sweeps        shard's lock; tenants' rankings read it without
/// </code>
/// </remarks>
internal struct Slot
{
    public long Stamp;
    public Entry? Entry;

    /// <summary>The earliest monotonic time at which the entry could be expired, as known when it was last looked at.</summary>
    public long Due;

    public const long NeverDue = long.MaxValue;
}

/// <summary>
/// A fixed number of slots that are never copied, for a reader may be about to stamp one. All but the stamps is
/// written under the shard's lock; sweeps look at <see cref="DueBound"/> without it.
/// </summary>
internal sealed class SlotChunk
{
    public const int Shift = 6;
    public const int Length = 1 << Shift;
    public const int IndexMask = Length - 1;

    private Slots _slots;
    private ulong _occupied;
    private long _dueBound = Slot.NeverDue;
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
    /// once <see cref="EnsureTenantIndexes"/> was called, which only chunks with tenants' entries need.
    /// </summary>
    public ref int TenantIndex(int index) => ref _tenantIndexes![index & IndexMask];

    /// <exception cref="OutOfMemoryException">There is no memory for them; nothing was changed.</exception>
    public void EnsureTenantIndexes() => _tenantIndexes ??= new int[Length];

    public int Take()
    {
        int index = BitOperations.TrailingZeroCount(~_occupied);
        _occupied |= 1UL << index;
        return index;
    }

    public void Free(int index)
    {
        ref Slot slot = ref this[index];
        Volatile.Write(ref slot.Entry, null);
        Volatile.Write(ref slot.Due, Slot.NeverDue);
        _occupied &= ~(1UL << (index & IndexMask));
    }

    public void SetDue(int index, long due)
    {
        Volatile.Write(ref this[index].Due, due);
        if (due < _dueBound)
        {
            Volatile.Write(ref _dueBound, due);
        }
    }

    /// <summary>Raises the bound to the earliest due time there is.</summary>
    public void TightenDueBound()
    {
        long earliest = Slot.NeverDue;
        for (ulong rest = _occupied; rest != 0; rest &= rest - 1)
        {
            earliest = Math.Min(earliest, _slots[BitOperations.TrailingZeroCount(rest)].Due);
        }

        Volatile.Write(ref _dueBound, earliest);
    }

    [InlineArray(SlotChunk.Length)]
    private struct Slots
    {
        private Slot _first;
    }
}
