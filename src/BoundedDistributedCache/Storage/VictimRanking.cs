using System.Numerics;

namespace BoundedCache.Storage;

/// <summary>
/// The victims of one shard in the order of their age, found by a scan instead of kept by a list: stamps are looked at
/// once, the older half is selected and sorted, and serves as a queue until it is used up. Inserts and hits maintain
/// nothing. All members are for the holder of the shard's lock.
/// </summary>
/// <remarks>
/// A rank is a stamp (upper 48 bits, counted from a floor) and its slot (lower 16), so ranks are distinct, which keeps
/// the selection linear where many stamps are equal. A ranked entry is a victim only while its slot still has the
/// ranked stamp; what was used since is passed over. The oldest of a fresh ranking is a victim even if a reader stamps
/// it at that very moment, so no reader can hold a writer up.
/// </remarks>
internal sealed class VictimRanking
{
    /// <summary>A visit takes at most this many victims, and ranks at most once.</summary>
    public const int VictimsPerVisit = 8;

    private const int SlotBits = 16;
    private const long StampMask = long.MaxValue >> (SlotBits - 1);

    private ulong[] _ranks = new ulong[VictimsPerVisit];
    private int _next;
    private int _end;
    private long _floor;

    // What follows the queue had no older stamp than this when it was ranked.
    private long _boundary;

    /// <summary>Makes room to rank so many. Without memory for it, fewer are ranked: order suffers, and nothing else.</summary>
    public void EnsureCapacity(int count)
    {
        if (_ranks.Length < count)
        {
            Resize(count + (count / 8));
        }
    }

    /// <summary>Ranks the older half of the entries, and no fewer than one visit takes.</summary>
    public void Rank(SlotTable slots, int count, long tick)
    {
        // Half of what a rank holds is left for what readers stamp while this goes on.
        _floor = Math.Max(0, tick - (StampMask / 2));
        Span<ulong> ranks = _ranks.AsSpan(0, Math.Min(count, _ranks.Length));
        int ranked = 0;
        SlotChunk?[] chunks = slots.Chunks;
        for (int c = 0; c < chunks.Length; c++)
        {
            if (chunks[c] is not { } chunk)
            {
                continue;
            }

            for (ulong rest = chunk.Occupied; rest != 0 && ranked < ranks.Length; rest &= rest - 1)
            {
                int index = BitOperations.TrailingZeroCount(rest);
                ranks[ranked++] = RankOf((c << SlotChunk.Shift) + index, Volatile.Read(ref chunk[index].Stamp));
            }
        }

        int selected = Math.Max(ranked / 2, Math.Min(ranked, VictimsPerVisit));
        Selection.Partition(ranks, selected);
        ranks[..selected].Sort();
        _next = 0;
        _end = selected;
        _boundary = StampOf(ranks[selected - 1]);
    }

    /// <summary>The next in the queue that is still a victim, without taking it. False where the queue is used up.</summary>
    /// <param name="slots">The shard's slots.</param>
    /// <param name="keep">An entry that is no victim.</param>
    /// <param name="evenIfUsedSince">Right after <see cref="Rank"/>: the oldest is a victim whatever its stamp is now.</param>
    /// <param name="slot">The victim's slot.</param>
    /// <param name="stamp">The stamp that it was ranked by.</param>
    public bool TryPeek(SlotTable slots, Entry? keep, bool evenIfUsedSince, out int slot, out long stamp)
    {
        for (; _next < _end; _next++)
        {
            ulong rank = _ranks[_next];
            slot = (int)(rank & ((1 << SlotBits) - 1));
            if (slots.TryGetChunk(slot) is { } chunk
                && chunk[slot].Entry is { } entry
                && !ReferenceEquals(entry, keep)
                && (evenIfUsedSince || RankOf(slot, Volatile.Read(ref chunk[slot].Stamp)) == rank))
            {
                stamp = StampOf(rank);
                return true;
            }
        }

        slot = -1;
        stamp = long.MaxValue;
        return false;
    }

    /// <summary>Takes what <see cref="TryPeek"/> returned out of the queue.</summary>
    public void Take() => _next++;

    /// <summary>No victim to come has an older stamp than this.</summary>
    public long NextStamp => _next < _end ? StampOf(_ranks[_next]) : _boundary;

    /// <summary>Gives the buffer back where it is far larger than <paramref name="count"/> needs.</summary>
    public void Trim(int count)
    {
        if (_ranks.Length > VictimsPerVisit && count < _ranks.Length / 4)
        {
            _boundary = NextStamp;
            _next = _end = 0;
            Resize(VictimsPerVisit);
        }
    }

    /// <summary>Keeps the queue where it grows; without memory it stays as it is.</summary>
    private void Resize(int length)
    {
        try
        {
            ulong[] ranks = new ulong[length];
            Array.Copy(_ranks, _next, ranks, _next, _end - _next);
            _ranks = ranks;
        }
        catch (OutOfMemoryException)
        {
            // What there is serves.
        }
    }

    private ulong RankOf(int slot, long stamp) => ((ulong)Math.Max(0, stamp - _floor) << SlotBits) | (uint)slot;

    private long StampOf(ulong rank) => (long)(rank >> SlotBits) + _floor;
}
