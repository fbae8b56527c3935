using System.Numerics;

namespace BoundedCache.Storage;

/// <summary>
/// The victims of one shard in the order of their age, found by a scan instead of kept by a list: the older half is
/// ranked, and serves as a queue until it is used up. Inserts and hits maintain nothing. All members are for the holder
/// of the shard's lock.
/// </summary>
/// <remarks>
/// <para>
/// A rank is a stamp (upper 48 bits, counted from a floor) and its slot (lower 16). A ranked entry is a victim only
/// while its slot still has the ranked stamp; what was used since is passed over. The oldest of a fresh ranking is a
/// victim even if a reader stamps it at that very moment, so no reader can hold a writer up.
/// </para>
/// <para>
/// Few entries are sorted: there every stamp may be another. Many share few stamps, and are counted by age instead: two
/// scans, the first of which counts how many have which age, and so where each age begins in the queue. What is stamped
/// between the scans leaves a gap, which is closed.
/// </para>
/// </remarks>
internal sealed class VictimRanking
{
    /// <summary>A visit takes at most this many victims, and ranks at most once.</summary>
    public const int VictimsPerVisit = 8;

    private const int SlotBits = 16;
    private const long StampMask = long.MaxValue >> (SlotBits - 1);
    private const int SortedAtMost = 256;

    // An entry that was never used again goes after about 256 of them.
    private const int Ages = 512;

    private ulong[] _ranks = new ulong[VictimsPerVisit];
    private int _next;
    private int _end;
    private long _floor;

    // What follows the queue had no older stamp than this when it was ranked.
    private long _boundary;

    /// <summary>
    /// Makes room to rank half of so many. Without memory for it, fewer are ranked: order suffers, and nothing else.
    /// </summary>
    public void EnsureCapacity(int count)
    {
        int half = count / 2;
        if (_ranks.Length < half)
        {
            Resize(half + (half / 8));
        }
    }

    /// <summary>Ranks the older half of the entries, and no fewer than one visit takes.</summary>
    /// <param name="slots">The shard's slots.</param>
    /// <param name="count">How many are occupied; at least one.</param>
    /// <param name="tick">The clock.</param>
    /// <param name="ticksPerAge">How many ticks need not be told apart where there are many entries; at least 1.</param>
    public void Rank(SlotTable slots, int count, long tick, long ticksPerAge)
    {
        // Half of what a rank holds is left for what readers stamp while this goes on.
        _floor = Math.Max(0, tick - (StampMask / 2));
        int wanted = Math.Min(_ranks.Length, Math.Max(count / 2, Math.Min(count, VictimsPerVisit)));
        _next = 0;
        _end = count <= SortedAtMost
            ? RankBySorting(slots.Chunks, wanted)
            : RankByAge(slots.Chunks, wanted, tick, BitOperations.Log2((ulong)ticksPerAge));
        _boundary = StampOf(_ranks[_end - 1]);
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
            slot = SlotOf(rank);
            if (slots.TryGetChunk(slot) is { } chunk
                && chunk[slot].Entry is { } entry
                && !ReferenceEquals(entry, keep)
                && (evenIfUsedSince || RankOf(slot, chunk[slot].LastUse) == rank))
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

    /// <summary>The entry that will be looked at after so many others, if it is known; it may be a victim no more.</summary>
    public Entry? Upcoming(SlotTable slots, int others)
    {
        int at = _next + others;
        return at < _end && slots.TryGetChunk(SlotOf(_ranks[at])) is { } chunk ? chunk[SlotOf(_ranks[at])].Entry : null;
    }

    /// <summary>No victim to come has an older stamp than this.</summary>
    public long NextStamp => _next < _end ? StampOf(_ranks[_next]) : _boundary;

    /// <summary>Empties the queue: the next victim is ranked anew.</summary>
    public void Forget()
    {
        _boundary = NextStamp;
        _next = _end = 0;
    }

    /// <summary>Gives the buffer back where it is far larger than <paramref name="count"/> needs.</summary>
    public void Trim(int count)
    {
        if (_ranks.Length > VictimsPerVisit && count / 2 < _ranks.Length / 4)
        {
            Forget();
            Resize(VictimsPerVisit);
        }
    }

    private int RankBySorting(SlotChunk?[] chunks, int wanted)
    {
        Span<ulong> ranks = stackalloc ulong[SortedAtMost];
        int ranked = 0;
        for (int c = 0; c < chunks.Length; c++)
        {
            for (ulong rest = chunks[c]?.Occupied ?? 0; rest != 0; rest &= rest - 1)
            {
                int index = BitOperations.TrailingZeroCount(rest);
                ranks[ranked++] = RankOf((c << SlotChunk.Shift) + index, chunks[c]![index].LastUse);
            }
        }

        Selection.Partition(ranks[..ranked], wanted);
        ranks[..wanted].Sort();
        ranks[..wanted].CopyTo(_ranks);
        return wanted;
    }

    private int RankByAge(SlotChunk?[] chunks, int wanted, long tick, int ageShift)
    {
        Span<int> starts = stackalloc int[Ages + 1];
        Span<int> ends = stackalloc int[Ages];
        starts.Clear();
        long oldest = (tick >> ageShift) - Ages + 1;
        for (int c = 0; c < chunks.Length; c++)
        {
            for (ulong rest = chunks[c]?.Occupied ?? 0; rest != 0; rest &= rest - 1)
            {
                long stamp = chunks[c]![BitOperations.TrailingZeroCount(rest)].LastUse;
                starts[PlaceOf(stamp)]++;
            }
        }

        int boundary = 0;
        int counted = 0;
        while (counted < wanted)
        {
            int ofThisAge = starts[boundary];
            starts[boundary] = ends[boundary] = counted;
            counted = Math.Min(wanted, counted + ofThisAge);
            boundary++;
        }

        starts[boundary] = counted;
        for (int c = 0; c < chunks.Length; c++)
        {
            for (ulong rest = chunks[c]?.Occupied ?? 0; rest != 0; rest &= rest - 1)
            {
                int index = BitOperations.TrailingZeroCount(rest);
                long stamp = chunks[c]![index].LastUse;
                int place = PlaceOf(stamp);
                if (place < boundary && ends[place] < starts[place + 1])
                {
                    _ranks[ends[place]++] = RankOf((c << SlotChunk.Shift) + index, stamp);
                }
            }
        }

        int ranked = 0;
        for (int place = 0; place < boundary; place++)
        {
            int length = ends[place] - starts[place];
            Array.Copy(_ranks, starts[place], _ranks, ranked, length);
            ranked += length;
        }

        return ranked > 0 ? ranked : RankAny(chunks);

        int PlaceOf(long stamp) => (int)Math.Clamp((stamp >> ageShift) - oldest, 0, Ages - 1);
    }

    /// <summary>Readers stamped every candidate between two scans: then any entry is as good as another.</summary>
    private int RankAny(SlotChunk?[] chunks)
    {
        int c = Array.FindIndex(chunks, chunk => chunk is { IsEmpty: false });
        int index = BitOperations.TrailingZeroCount(chunks[c]!.Occupied);
        _ranks[0] = RankOf((c << SlotChunk.Shift) + index, chunks[c]![index].LastUse);
        return 1;
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

    private static int SlotOf(ulong rank) => (int)(rank & ((1 << SlotBits) - 1));

    private ulong RankOf(int slot, long stamp) => ((ulong)Math.Max(0, stamp - _floor) << SlotBits) | (uint)slot;

    private long StampOf(ulong rank) => (long)(rank >> SlotBits) + _floor;
}
