namespace BoundedCache.Storage;

/// <summary>
/// The entries of one shard that nobody used since they were inserted, in the order of their insertion, and the hashes of
/// the last that went, like that or used. There where the policy asks for it; all members are for the holder of the
/// shard's lock, but <see cref="Bound"/> and <see cref="AskFor"/>.
/// </summary>
/// <remarks>
/// <para>
/// The stamp of an insertion carries a mark that no later stamp has (<see cref="Slot"/>), so a reader ends an entry's
/// probation by what he writes anyway, and tells nobody. What the queue still holds of such entries, or of those that
/// left, is found where it comes to the front, or when the queue is weeded, a few members for each victim: a member of the
/// queue is on probation while its slot has the marked stamp that it was inserted with.
/// </para>
/// <para>
/// Each marked entry is in the queue, so the queue's length is at least how many there are. An entry for which the queue
/// has no memory is not marked: it misses its probation, and nothing else. One that takes the slot of another which came
/// and left within the same tick is the member that the other was: else what comes and goes at once would fill the queue.
/// </para>
/// <para>
/// A key that comes back while its hash is among those that went from probation is not on probation again. Whether it went
/// just before, from there or from among the used, moves the share of probation.
/// </para>
/// </remarks>
internal sealed class Probation(ProbationTotal total)
{
    private const int ShortestQueue = 8;
    private const int SlotBits = 16;
    private const int WeededPerVictim = 2;
    private const int LooksSkipped = 7;
    private const int Newest = 64;

    // What was weeded leaves its place for the time being. No stamp is 0, so it is no member's.
    private const ulong Gone = 0;

    private GhostRing _ghosts = new();
    private GhostRing _usedGhosts = new();

    // A ring of members: the low bits of the insertion's stamp, and the slot.
    private ulong[] _queue = new ulong[ShortestQueue];
    private int _first;
    private int _length;

    // How many of those places are gone, and how many from the first on were looked at of late.
    private int _gone;
    private int _weeded;
    private int _skips;
    private int _told;
    private long _bound = Shard.NoVictim;

    /// <summary>A lower bound of the stamp of the shard's oldest on probation; a hint to other shards.</summary>
    public long Bound => Volatile.Read(ref _bound);

    /// <summary>How many members the queue has: no fewer than entries are on probation.</summary>
    public int Length => _length - _gone;

    /// <summary>Makes sure that the queue takes one more. Without memory for it, it does not.</summary>
    public void EnsureRoom(SlotTable slots, ref HeldWork work)
    {
        if (_length < _queue.Length)
        {
            return;
        }

        work.Count(Work.Weeding);
        Weed(slots);
        if (3 * _length > 2 * _queue.Length)
        {
            work.Count(Work.Growth);
            Resize(_length + (_length / 2));
        }
    }

    /// <summary>Makes room for the hashes that are remembered beside so many entries.</summary>
    public void EnsureGhosts(int entries, ref HeldWork work)
    {
        if (_ghosts.EnsureCapacity(GhostsBeside(entries)))
        {
            work.Count(Work.Growth);
        }

        if (_usedGhosts.EnsureCapacity(WindowBeside(entries)))
        {
            work.Count(Work.Growth);
        }
    }

    /// <inheritdoc cref="GhostRing.AskFor"/>
    public void AskFor(int hash)
    {
        _ghosts.AskFor(hash);
        _usedGhosts.AskFor(hash);
    }

    /// <summary>Asks for what it touches then.</summary>
    public void AskForGhost(int hash) => _ghosts.AskForNewest(hash);

    /// <summary>The stamp of an insertion: marked, but where the key comes back soon after it went from probation.</summary>
    /// <param name="entry">Has its slot.</param>
    /// <param name="stamp">Without a mark.</param>
    /// <param name="before">What the slot's stamp was before.</param>
    /// <param name="entries">How many the shard holds.</param>
    /// <param name="held">How many the cache holds.</param>
    public long Begin(Entry entry, long stamp, long before, int entries, long held)
    {
        int age = _ghosts.AgeOf(entry.Hash, GhostsBeside(entries));
        if (age >= 0)
        {
            if (age < WindowBeside(entries))
            {
                total.Widen(held);
            }

            return stamp;
        }

        if (_usedGhosts.AgeOf(entry.Hash, WindowBeside(entries)) >= 0)
        {
            total.Narrow(held);
        }

        ulong member = MemberOf(entry.Slot, stamp);
        if (before == Slot.Marked(stamp) && IsAmongNewest(member))
        {
            return before;
        }

        if (_length == _queue.Length)
        {
            return stamp;
        }

        _queue[At(_length++)] = member;
        if (_bound == Shard.NoVictim)
        {
            Volatile.Write(ref _bound, stamp);
        }

        return Slot.Marked(stamp);
    }

    /// <summary>True where all shards together have more on probation than their share of what the cache holds.</summary>
    public bool IsOverShare(long held) => total.IsOverShare(total.Count + Length - _told, held);

    /// <summary>
    /// Looks at a few members, in turn, and drops those that are on probation no more; now and then only, where there are so
    /// many that it would decide nothing, unless those that were looked at last were not what they are counted as.
    /// </summary>
    public void WeedSome(SlotTable slots, long held)
    {
        if (_skips > 0 && total.IsOverShare((total.Count + Length - _told) / 2, held))
        {
            _skips--;
            return;
        }

        _skips = LooksSkipped;
        for (int i = 0; i < WeededPerVictim && _length > 0; i++)
        {
            _weeded = _weeded < _length ? _weeded : 0;
            ref ulong member = ref _queue[At(_weeded++)];
            if (member != Gone && EntryOf(slots, member, out _) is null)
            {
                member = Gone;
                _gone++;
                _skips = 0;
            }
        }

        PublishNoneWhereEmpty();
    }

    /// <summary>Drops what is on probation no more.</summary>
    public void Weed(SlotTable slots)
    {
        int kept = 0;
        for (int i = 0; i < _length; i++)
        {
            ulong member = _queue[At(i)];
            if (EntryOf(slots, member, out _) is not null)
            {
                _queue[At(kept++)] = member;
            }
        }

        _length = kept;
        _gone = _weeded = 0;
        PublishNoneWhereEmpty();
        if (_queue.Length > ShortestQueue && _length < _queue.Length / 4)
        {
            Resize(2 * _length);
        }
    }

    /// <summary>
    /// The oldest on probation, but one that is no victim; null where there is none, or not within a bounded number of members
    /// in one hold of the lock. Publishes the bound. What is kept is passed over by it too, else writers would come for the one
    /// that they may not take; if its overwriting is refused after all, it is as old to the queue as if it had been inserted
    /// now, and the bound is a hint that is wrong by that one.
    /// </summary>
    public Entry? Peek(SlotTable slots, Entry? keep, ref HeldWork work, out long stamp)
    {
        int rest = Math.Min(_length, Shard.LongestBatch - work.Done(Work.PassedOver));
        for (; rest > 0; rest--)
        {
            ulong member = _queue[_first];
            Entry? entry = EntryOf(slots, member, out stamp);
            if (entry is not null && !ReferenceEquals(entry, keep))
            {
                Volatile.Write(ref _bound, stamp);
                return entry;
            }

            work.Count(Work.PassedOver);
            Drop();
            if (entry is not null)
            {
                // Is about to be overwritten, which ends its probation.
                _queue[At(_length++)] = member;
            }
        }

        stamp = Shard.NoVictim;
        if (work.Done(Work.PassedOver) < Shard.LongestBatch)
        {
            Volatile.Write(ref _bound, stamp);
        }

        return null;
    }

    /// <summary>Takes what <see cref="Peek"/> returned out of the queue.</summary>
    public void Take() => Drop();

    /// <summary>Follows entries of a chunk into the slots that they were moved to; negative where there was none.</summary>
    public void Follow(int chunk, ReadOnlySpan<int> slots)
    {
        for (int i = 0; i < _length; i++)
        {
            ref ulong member = ref _queue[At(i)];
            int slot = SlotOf(member);
            if (member != Gone && slot >> SlotChunk.Shift == chunk && slots[slot & SlotChunk.IndexMask] is >= 0 and int moved)
            {
                member = member - (uint)slot + (uint)moved;
            }
        }
    }

    /// <summary>The entry that will be looked at after so many others, if it is known; it may be a victim no more.</summary>
    public Entry? Upcoming(SlotTable slots, int others)
    {
        if (others >= _length)
        {
            return null;
        }

        int slot = SlotOf(_queue[At(others)]);
        return slots.TryGetChunk(slot)?[slot].Entry;
    }

    /// <summary>An entry goes, one of so many.</summary>
    public void Remember(Entry entry, bool wasOnProbation, int entries)
    {
        if (wasOnProbation)
        {
            _ghosts.Add(entry.Hash, GhostsBeside(entries));
        }
        else
        {
            _usedGhosts.Add(entry.Hash, WindowBeside(entries));
        }
    }

    /// <summary>Moves the cache's count by what changed since the last time.</summary>
    public void Tell()
    {
        if (_told != Length)
        {
            total.Add(Length - _told);
            _told = Length;
        }
    }

    /// <summary>Gives memory back where it is far more than so many entries need.</summary>
    public void Trim(SlotTable slots, int entries)
    {
        Weed(slots);
        _ghosts.Trim(GhostsBeside(entries));
        _usedGhosts.Trim(entries == 0 ? 0 : WindowBeside(entries));
        Tell();
    }

    private static int GhostsBeside(int entries) => (int)(entries * 9L / 10);

    private static int WindowBeside(int entries) => Math.Max(1, entries / 16);

    private static ulong MemberOf(int slot, long stamp) => ((ulong)stamp << SlotBits) | (uint)slot;

    private static int SlotOf(ulong member) => (int)(member & ((1 << SlotBits) - 1));

    /// <summary>The entry of a member, and its stamp without the mark; null where it is on probation no more.</summary>
    private static Entry? EntryOf(SlotTable slots, ulong member, out long stamp)
    {
        int slot = SlotOf(member);
        stamp = 0;
        if (slots.TryGetChunk(slot) is not { } chunk)
        {
            return null;
        }

        // Read once: a reader may put another there at any time.
        long seen = Volatile.Read(ref chunk[slot].Stamp);
        stamp = Slot.Unmarked(seen);
        return Slot.IsMarked(seen) && MemberOf(slot, seen) == member ? chunk[slot].Entry : null;
    }

    /// <summary>
    /// Whether it is one of the last that were queued; of the same tick there are seldom more, and one that is overlooked is
    /// queued, and counted, twice until it goes or is used.
    /// </summary>
    private bool IsAmongNewest(ulong member)
    {
        for (int i = _length - 1; i >= Math.Max(0, _length - Newest); i--)
        {
            if (_queue[At(i)] == member)
            {
                return true;
            }
        }

        return false;
    }

    private int At(int index)
    {
        int at = _first + index;
        return at < _queue.Length ? at : at - _queue.Length;
    }

    private void Drop()
    {
        _gone -= _queue[_first] == Gone ? 1 : 0;
        _weeded = Math.Max(0, _weeded - 1);
        _first = At(1);
        _length--;
        PublishNoneWhereEmpty();
    }

    // Else other shards' writers would spare their own oldest for what is not there, and come for it.
    private void PublishNoneWhereEmpty()
    {
        if (Length == 0)
        {
            Volatile.Write(ref _bound, Shard.NoVictim);
        }
    }

    /// <summary>Keeps the queue, which fits; without memory it stays as it is.</summary>
    private void Resize(int length)
    {
        try
        {
            ulong[] queue = new ulong[Math.Max(ShortestQueue, length)];
            for (int i = 0; i < _length; i++)
            {
                queue[i] = _queue[At(i)];
            }

            (_queue, _first) = (queue, 0);
        }
        catch (OutOfMemoryException)
        {
            // What there is serves.
        }
    }
}
