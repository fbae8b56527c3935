using System.Numerics;
using System.Runtime.CompilerServices;
using BoundedCache.Expiration;

namespace BoundedCache.Storage;

/// <summary>
/// One part of the cache: an index, its slots and the ranking of its victims under one lock.
/// </summary>
/// <remarks>
/// <para>
/// Readers use <see cref="Find"/> and the two ways to stamp, and take the lock only where a rebuild of the index left
/// a miss uncertain. Everything else is for the holder of <see cref="Lock"/>. Under it no user code runs, no second
/// shard's lock is taken, and work is bounded: one doubling of the index, one ranking, a chunk of slots; where the policy
/// knows probation, one growth of its queue and of each ring of hashes, one walk through the queue (where order is exact and
/// the queue short, one for each victim), and a chunk's number of its members that are victims no more.
/// </para>
/// <para>
/// An entry is linked in this order: slot and stamp, then the link; and unlinked in the opposite one. So whoever
/// finds an entry through the index finds its slot, and whoever finds one through a slot without the lock takes the
/// lock and looks again. Room is not the shard's concern: it says what became free, and who called gives it back or
/// passes it on before the lock is left.
/// </para>
/// </remarks>
internal sealed class Shard
{
    /// <summary>What is done to entries one by one under a lock is done to so many at most.</summary>
    public const int LongestBatch = SlotChunk.Length;

    /// <summary>Into so many chunks at most is looked for what has expired, each time that room is taken.</summary>
    private const int MostDueChunks = 8;

    /// <summary>The bound of a shard that has no victim.</summary>
    public const long NoVictim = long.MaxValue;

    private readonly int _number;
    private readonly ShardContext _context;
    private readonly SlotTable _slots = new();
    private readonly VictimRanking _ranking = new();
    private readonly Probation? _probation;
    private EntryIndex _index = new();
    private ShardState _state = new() { Bound = NoVictim, DueBound = SlotChunk.NeverDue, ComparedAt = long.MinValue, ProbationComparedAt = long.MinValue };

    public Shard(int number, ShardContext context)
    {
        _number = number;
        _context = context;
        _state.Turn = RecencyClock.FirstTurn(number);
        _probation = context.Probation is { } total ? new Probation(total) : null;
    }

    /// <summary>What <see cref="Enter"/> takes. Everything else is for tests.</summary>
    public Lock Lock { get; } = new();

    public long Bound => Volatile.Read(ref _state.Bound);

    /// <summary>The same for entries on probation.</summary>
    public long ProbationBound => _probation?.Bound ?? NoVictim;

    public SlotChunk?[] Chunks => _slots.Chunks;

    public int Count => _state.Count;

    // Readers

    /// <summary>Finds an entry. A miss is certain: there was an instant during the call at which it was not there.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public Entry? Find(string? tenantId, string key, int hash) =>
        _index.Find(tenantId, key, hash) ?? FindAgain(tenantId, key, hash);

    /// <summary>The host's entry of a key, for a writer who will look again under the lock. A miss is not certain.</summary>
    public Entry? Seek(string key, int hash) => _index.Find(tenantId: null, key, hash);

    /// <summary>The chunk of a slot; null where there is none.</summary>
    public SlotChunk? TryGetChunk(int slot) => _slots.TryGetChunk(slot);

    /// <summary>Notes a use, where recency is told by epochs.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    public void Stamp(Entry entry, uint epoch)
    {
        int slot = entry.Slot;
        if (_slots.TryGetChunk(slot) is { } chunk)
        {
            Volatile.Write(ref chunk[slot].Stamp, _context.Clock.Tick);
        }

        entry.Epoch = epoch;
    }

    /// <summary>
    /// Notes a use, where order is exact. Stamps are unique there, and entries stay in their slots, so the exchange fails
    /// where anybody used the entry or took its slot since the stamp was read; the use then overlapped with that, and
    /// either order is right.
    /// </summary>
    public void StampExactly(Entry entry)
    {
        if (_slots.TryGetChunk(entry.Slot) is not { } chunk)
        {
            return;
        }

        ref Slot slot = ref chunk[entry.Slot];
        long seen = Volatile.Read(ref slot.Stamp);
        if (seen != _context.Clock.Tick && ReferenceEquals(Volatile.Read(ref slot.Entry), entry))
        {
            Interlocked.CompareExchange(ref slot.Stamp, _context.Clock.NextUse(), seen);
        }
    }

    // Writers: finding and linking

    /// <summary>Takes the lock, until the scope is disposed.</summary>
    public Lock.Scope Enter()
    {
        Lock.Scope scope = Lock.EnterScope();
        _state.Work.Begin();
        return scope;
    }

    /// <summary>The most that was done under one hold of the lock. For tests, when nobody is at work.</summary>
    public int MostDone(Work work) => _state.Work.Most(work);

    /// <inheritdoc cref="EntryIndex.AskForChain"/>
    public void AskForChain(int hash) => _index.AskForChain(hash);

    /// <summary>Asks for what else a Set of a new key touches. Needs no lock.</summary>
    public void AskForGhosts(int hash) => _probation?.AskFor(hash);

    /// <summary>Doubles the index where it is as full as it should get.</summary>
    public void GrowIndex()
    {
        if (_index.GrowFor(_state.Count))
        {
            _state.Work.Count(Work.Rebuild);
        }
    }

    public Entry? Locate(string? tenantId, string key, int hash, out int chainLength) =>
        _index.Locate(tenantId, key, hash, out chainLength);

    /// <summary>Whether an entry that was found without the lock is still linked.</summary>
    public bool Holds(Entry entry) =>
        _slots.TryGetChunk(entry.Slot) is { } chunk && ReferenceEquals(chunk[entry.Slot].Entry, entry);

    /// <summary>Gives a plain entry another value, which is a use of it.</summary>
    public void Overwrite(Entry entry, byte[] value, long charge)
    {
        RecencyClock clock = _context.Clock;
        entry.Overwrite(value, charge);
        entry.Epoch = clock.Epoch;
        Volatile.Write(ref _slots[entry.Slot].Stamp, clock.IsExact ? clock.NextUse() : clock.Tick);
        _state.Changes.Count(Change.Set);
    }

    /// <summary>True where one more entry behind a chain of that length would be too many.</summary>
    public bool IsCrowded(int chainLength) =>
        chainLength >= EntryIndex.LongestChain || _state.Count >= _context.MaxShardEntries;

    /// <summary>Makes sure that <see cref="TryJoin"/> finds a slot for the entry.</summary>
    /// <exception cref="OutOfMemoryException">There is no memory for one; nothing was changed.</exception>
    public void EnsureSlot(Entry entry)
    {
        _context.Clock.EnsureTimes();
        _slots.EnsureFree(entry);
        if (_probation is { } probation)
        {
            probation.EnsureRoom(_slots, ref _state.Work);
            probation.AskForGhost(entry.Hash);
        }
    }

    /// <summary>Makes sure that the entry can have the slot of the one that it replaces.</summary>
    /// <exception cref="OutOfMemoryException">There is no memory for its due time; nothing was changed.</exception>
    public void EnsureSlotOf(Entry replaced, Entry entry) => _slots.ChunkOf(replaced.Slot).Prepare(entry);

    /// <summary>
    /// Gives a new entry its slot, and has it join its tenant, if it has one; <paramref name="pays"/> says that it took
    /// the room of the tenant's record too.
    /// </summary>
    /// <exception cref="OutOfMemoryException">The tenant has no memory for it; nothing was changed.</exception>
    public Joining TryJoin(Entry entry, Tenant? tenant, bool pastClaim, out bool pays)
    {
        entry.Tenant = tenant;
        entry.Slot = _slots.Take(entry);
        pays = false;
        if (tenant is null)
        {
            return Joining.Joined;
        }

        Joining joining = Joining.Short;
        try
        {
            joining = tenant.TryJoin(
                _slots.ChunkOf(entry.Slot),
                ShardDirectory.PlaceOf(_number, entry.Slot),
                entry.Charge,
                _context.Tenants.Limits,
                pastClaim,
                out pays,
                out bool beginsEpoch);
            if (beginsEpoch && !_context.Clock.IsExact)
            {
                _context.Clock.Advance(held: 1);
            }

            return joining;
        }
        finally
        {
            if (joining != Joining.Joined)
            {
                _slots.Free(entry.Slot);
            }
        }
    }

    /// <summary>
    /// Gives an entry the slot of the one that it replaces, and has its tenant take what it needs beyond that one.
    /// </summary>
    public Joining TryReplace(Entry entry, Entry replaced, bool pastClaim)
    {
        entry.Tenant = replaced.Tenant;
        entry.Slot = replaced.Slot;
        return replaced.Tenant?.TryReplace(entry.Charge - replaced.Charge, _context.Tenants.Limits, pastClaim) ?? Joining.Joined;
    }

    /// <summary>Links an entry that has its slot, in the place of the one it replaces or as a new one.</summary>
    public void Link(Entry entry, Entry? replaced, Now now, bool countsForRecency)
    {
        RecencyClock clock = _context.Clock;
        long stamp = clock.IsExact ? clock.NextUse() : clock.Tick;
        entry.Epoch = clock.Epoch;
        SlotChunk chunk = _slots.ChunkOf(entry.Slot);
        ref Slot slot = ref chunk[entry.Slot];
        bool mayBegin = replaced is null && _probation is not null;
        Volatile.Write(ref slot.Stamp, mayBegin ? _probation!.Begin(entry, stamp, Volatile.Read(ref slot.Stamp), _state.Count, Held) : stamp);
        Volatile.Write(ref slot.Entry, entry);
        long due = DueOf(entry, now);
        chunk.SetDue(entry.Slot, due);
        if (due < _state.DueBound)
        {
            Volatile.Write(ref _state.DueBound, due);
        }

        if (replaced is not null)
        {
            _index.Replace(replaced, entry);
            if (replaced.Charge > entry.Charge)
            {
                replaced.Tenant?.Give(replaced.Charge - entry.Charge);
            }
        }
        else
        {
            if (_state.Count++ == 0)
            {
                Volatile.Write(ref _state.Bound, stamp);
            }

            _index.Insert(entry);
        }

        _state.Changes.Count(Change.Set);
        if (countsForRecency && !clock.IsExact)
        {
            CountInsertion(now.Monotonic);
        }
    }

    /// <summary>Unlinks an entry that its key's owner removes.</summary>
    public RoomAmount Remove(Entry entry) => Unlink(entry, Change.Removal);

    /// <summary>The entry in a slot, where it is the tenant's.</summary>
    public Entry? EntryOf(Tenant tenant, int slot, out long stamp)
    {
        stamp = 0;
        if (_slots.TryGetChunk(slot) is not { } chunk || chunk[slot].Entry is not { } entry || entry.Tenant != tenant)
        {
            return null;
        }

        stamp = chunk[slot].LastUse;
        return entry;
    }

    /// <summary>Removes those entries of a chunk that are still where they were seen.</summary>
    public RoomAmount Remove(ReadOnlySpan<Entry?> entries, out int removed)
    {
        RoomAmount freed = RoomAmount.None;
        removed = 0;
        foreach (Entry? entry in entries)
        {
            _state.Work.Count(Work.Entry);
            if (entry is not null && Holds(entry))
            {
                freed += Remove(entry);
                removed++;
            }
        }

        return freed;
    }

    // Writers: victims

    /// <summary>
    /// Makes room to rank all entries. Without memory for that, a ranking later takes as many as it has room for: order
    /// suffers, and nothing else.
    /// </summary>
    public void EnsureRanking()
    {
        _ranking.EnsureCapacity(_state.Count);
        _probation?.EnsureGhosts(_state.Count, ref _state.Work);
    }

    /// <summary>
    /// Says whether the next victim is to be one on probation, for those have more than their share of the cache; weeds what
    /// is queued before it says so. Where order is exact, that is judged to the entry, elsewhere as of late.
    /// </summary>
    public void ChooseClass(out bool onProbation)
    {
        onProbation = false;
        if (_probation is not { } probation)
        {
            return;
        }

        long held = Held;
        if (!probation.IsOverShare(held))
        {
            return;
        }

        if (_context.Clock.IsExact)
        {
            _state.Work.Count(Work.Weeding);
            probation.Weed(_slots);
        }
        else
        {
            probation.WeedSome(_slots, held);
        }

        onProbation = probation.IsOverShare(held);
    }

    /// <summary>Has the cache know how many are on probation here. To be called before the lock is left.</summary>
    public void TellProbation() => _probation?.Tell();

    /// <summary>
    /// The oldest entry of those on probation; where none is found, the oldest of all, with the stamp of none.
    /// </summary>
    public bool TryPeekVictimOnProbation(Entry? keep, ref bool mayRank, out Entry victim, out long stamp)
    {
        if (_probation!.Peek(_slots, keep, ref _state.Work, out stamp) is { } oldest)
        {
            victim = oldest;
            return true;
        }

        return TryPeekVictim(keep, ref mayRank, out victim, out _);
    }

    /// <summary>The oldest entry but <paramref name="keep"/>. Ranks where the queue is used up and it may.</summary>
    public bool TryPeekVictim(Entry? keep, ref bool mayRank, out Entry victim, out long stamp)
    {
        bool found = _ranking.TryPeek(_slots, keep, evenIfUsedSince: false, out int slot, out stamp);
        if (!found && mayRank && _state.Count > 0)
        {
            mayRank = false;
            _state.Work.Count(Work.Ranking);
            _ranking.Rank(_slots, _state.Count, _context.Clock.Tick, _context.Clock.TicksPerAge);
            found = _ranking.TryPeek(_slots, keep, evenIfUsedSince: true, out slot, out stamp);
        }

        PublishBound();
        victim = found ? _slots[slot].Entry! : null!;
        return found;
    }

    /// <summary>
    /// Evicts what <see cref="TryPeekVictim"/> returned, or <see cref="TryPeekVictimOnProbation"/>, and says what that counts
    /// as: one that had expired was no live entry.
    /// </summary>
    /// <param name="victim">The entry.</param>
    /// <param name="onProbation">Whether it came with a stamp of those on probation.</param>
    /// <param name="now">The time to judge by.</param>
    /// <param name="reason">What it counts as if it is live.</param>
    public RoomAmount EvictPeeked(Entry victim, bool onProbation, Now now, ref Change reason)
    {
        if (onProbation)
        {
            _probation!.Take();
        }
        else
        {
            _ranking.Take();
        }

        AskForUpcomingVictims(onProbation);
        return Evict(victim, now, ref reason);
    }

    /// <inheritdoc cref="EvictPeeked"/>
    public RoomAmount Evict(Entry victim, Now now, ref Change reason)
    {
        _state.Work.Count(Work.Victim);
        if (victim.AsExpiring?.TryExpire(now) == true)
        {
            reason = Change.EvictionExpired;
        }
        else
        {
            NoteEviction(victim, now, reason);
        }

        RoomAmount freed = Unlink(victim, reason);
        PublishBound();
        return freed;
    }

    /// <summary>Evicts the oldest entry of a chain; of several with one stamp the last, for a chain grows at its head.</summary>
    public RoomAmount EvictFromChain(int hash, Now now)
    {
        Entry oldest = _index.Head(hash)!;
        for (Entry? entry = oldest.Next; entry is not null; entry = entry.Next)
        {
            if (_slots[entry.Slot].LastUse <= _slots[oldest.Slot].LastUse)
            {
                oldest = entry;
            }
        }

        Change reason = Change.EvictionForEntries;
        return Evict(oldest, now, ref reason);
    }

    /// <summary>
    /// True where an own victim of that class need not be spared for a much older one elsewhere, by the answer that
    /// was found in the same beat; null where it is to be found anew.
    /// </summary>
    public bool? WasOldEnough(long beat, bool onProbation)
    {
        long comparedAt = ComparedAt(onProbation);
        if (comparedAt == beat)
        {
            return true;
        }

        return comparedAt == ~beat ? false : null;
    }

    public void RememberOldEnough(long beat, bool onProbation, bool isOldEnough) =>
        ComparedAt(onProbation) = isOldEnough ? beat : ~beat;

    // Writers: expiry

    /// <summary>True where something may have expired. Right also without the lock, for what was there before.</summary>
    public bool MayHaveExpired(Now now) => Volatile.Read(ref _state.DueBound) <= now.Monotonic;

    /// <summary>
    /// Takes out what has expired. Looks closer at so many entries at most, and into a few chunks; goes on in the chunk in
    /// which it last stopped.
    /// </summary>
    public void ReclaimExpired(Now now, Entry? keep, int atMost, ref RoomAmount freed)
    {
        SlotChunk?[] chunks = _slots.Chunks;
        int dueChunks = 0;
        for (int visited = 0; visited < chunks.Length; visited++)
        {
            int index = _state.ReclaimAt < chunks.Length ? _state.ReclaimAt : 0;
            _state.ReclaimAt = index;
            if (chunks[index] is { } chunk && chunk.DueBound <= now.Monotonic)
            {
                if (dueChunks++ == MostDueChunks || !ReclaimExpired(chunk, now, now.Monotonic, keep, ref atMost, ref freed))
                {
                    return;
                }
            }

            _state.ReclaimAt++;
        }

        TightenDueBound();
    }

    /// <summary>Takes out what has expired in one chunk.</summary>
    /// <param name="index">The chunk's place.</param>
    /// <param name="now">The time to judge by.</param>
    /// <param name="everyDeadline">Looks at each entry that expires anew, due or not.</param>
    public RoomAmount SweepChunk(int index, Now now, bool everyDeadline)
    {
        RoomAmount freed = RoomAmount.None;
        SlotChunk?[] chunks = _slots.Chunks;
        if (index < chunks.Length && chunks[index] is { } chunk)
        {
            int atMost = LongestBatch;
            ReclaimExpired(chunk, now, everyDeadline ? SlotChunk.NeverDue - 1 : now.Monotonic, keep: null, ref atMost, ref freed);
        }

        return freed;
    }

    /// <summary>Raises the bound of due times to what the chunks say.</summary>
    public void TightenDueBound()
    {
        long earliest = SlotChunk.NeverDue;
        foreach (SlotChunk? chunk in _slots.Chunks)
        {
            if (chunk is not null)
            {
                earliest = Math.Min(earliest, chunk.DueBound);
            }
        }

        Volatile.Write(ref _state.DueBound, earliest);
    }

    /// <summary>Gives back what far fewer entries than before do not need; an empty shard is as it was made.</summary>
    public void Trim()
    {
        if (_index.ShrinkFor(_state.Count))
        {
            _state.Work.Count(Work.Rebuild);
        }

        _slots.Trim();
        _ranking.Trim(_state.Count);
        if (_probation is { } probation)
        {
            _state.Work.Count(Work.Weeding);
            probation.Trim(_slots, _state.Count);
        }
    }

    /// <summary>
    /// Where far more slots are free than in use, as after many entries went at random, moves the entries of the highest
    /// chunk down and drops it. Nothing moves up: who goes through chunks downwards, without the lock, meets everything
    /// that was there when he began. Victims are ranked anew.
    /// </summary>
    /// <returns>Whether a chunk went.</returns>
    public bool TryCompact()
    {
        if (_context.Clock.IsExact || !_slots.TryFindSpareChunk(_state.Count, out int index))
        {
            return false;
        }

        SlotChunk chunk = _slots.ChunkOf(index << SlotChunk.Shift);
        _ranking.Forget();
        Span<int> slots = stackalloc int[SlotChunk.Length];
        slots.Fill(-1);
        try
        {
            for (ulong rest = chunk.Occupied; rest != 0; rest &= rest - 1)
            {
                _state.Work.Count(Work.Entry);
                int at = BitOperations.TrailingZeroCount(rest);
                Entry entry = chunk[at].Entry!;
                Move(entry);
                slots[at] = entry.Slot;
            }
        }
        catch (OutOfMemoryException)
        {
            return false;
        }
        finally
        {
            if (_probation is { } probation)
            {
                _state.Work.Count(Work.Weeding);
                probation.Follow(index, slots);
            }
        }

        _slots.Trim();
        return true;
    }

    public ChangeTally Changes() => ChangeTally.Snapshot(ref _state.Changes);

    public LastEviction LastEviction() => Storage.LastEviction.Snapshot(ref _state.LastEviction);

    private Entry? FindAgain(string? tenantId, string key, int hash)
    {
        Entry? entry = _index.Find(tenantId, key, hash, out bool isCertain);
        if (isCertain)
        {
            return entry;
        }

        using (Enter())
        {
            return _index.Locate(tenantId, key, hash, out _);
        }
    }

    /// <summary>The entry is in its new slot before it leaves the old one, so whoever looks for it downwards misses it in neither.</summary>
    private void Move(Entry entry)
    {
        int from = entry.Slot;
        _slots.EnsureFree(entry);
        int to = _slots.Take(entry);
        SlotChunk source = _slots.ChunkOf(from);
        SlotChunk target = _slots.ChunkOf(to);
        Volatile.Write(ref target[to].Stamp, Volatile.Read(ref source[from].Stamp));
        Volatile.Write(ref target[to].Entry, entry);
        target.SetDue(to, source.DueOf(from));
        entry.Tenant?.Move(source, from, target, to, ShardDirectory.PlaceOf(_number, to));
        entry.Slot = to;
        _slots.Free(from);
    }

    // One for each class: their victims may alternate.
    private ref long ComparedAt(bool onProbation) => ref (onProbation ? ref _state.ProbationComparedAt : ref _state.ComparedAt);

    private static long DueOf(Entry entry, Now now) =>
        entry.AsExpiring?.NextDeadline(now) ?? SlotChunk.NeverDue;

    // Beside what probation's share is told. Where order is exact it is what the one shard holds, room in hand or not.
    private long Held => _context.Clock.IsExact ? _state.Count : _context.Room.Entries.Used;

    private void CountInsertion(long now)
    {
        long held = _context.Room.Entries.Used;
        if (RecencyClock.MakesTick(ref _state.Turn, held))
        {
            _context.Clock.AdvanceBeat(held, now);
        }
    }

    private void NoteEviction(Entry victim, Now now, Change reason)
    {
        // Read once: a reader may put another there at any time.
        long seen = Volatile.Read(ref _slots[victim.Slot].Stamp);
        long stamp = Slot.Unmarked(seen);
        if (reason != Change.EvictionForTenantLimit)
        {
            _state.LastEviction.Note(stamp, now);
            _probation?.Remember(victim, Slot.IsMarked(seen), _state.Count);
        }

        victim.Tenant?.Tally.LastEviction.Note(stamp, now);
    }

    private RoomAmount Unlink(Entry entry, Change change)
    {
        RoomAmount freed = RoomAmount.Of(entry);
        _state.Changes.Count(change);
        _index.Unlink(entry);
        if (entry.Tenant is { } tenant && tenant.Leave(_slots.ChunkOf(entry.Slot), entry.Slot, entry.Charge, change))
        {
            freed += _context.Tenants.Bury(tenant);
        }

        _slots.Free(entry.Slot);
        if (--_state.Count == 0)
        {
            Volatile.Write(ref _state.Bound, NoVictim);
        }

        return freed;
    }

    /// <summary>
    /// Victims are known ahead, and seldom in the processor's cache: asks for what their eviction will touch, each thing
    /// once what leads to it should be there.
    /// </summary>
    private void AskForUpcomingVictims(bool onProbation)
    {
        if (Upcoming(others: 3) is { } third)
        {
            Prefetch.Of(in third.Hash);
        }

        if (Upcoming(others: 2) is { } second)
        {
            Prefetch.Of(in _index.Head(second.Hash));
        }

        if (Upcoming(others: 1) is { } first)
        {
            _index.AskForChain(first.Hash);
            _probation?.AskFor(first.Hash);
        }

        Entry? Upcoming(int others) =>
            onProbation ? _probation!.Upcoming(_slots, others) : _ranking.Upcoming(_slots, others);
    }

    private void PublishBound() =>
        Volatile.Write(ref _state.Bound, _state.Count == 0 ? NoVictim : _ranking.NextStamp);

    /// <returns>Whether the whole chunk was looked at.</returns>
    private bool ReclaimExpired(SlotChunk chunk, Now now, long due, Entry? keep, ref int atMost, ref RoomAmount freed)
    {
        for (ulong rest = chunk.Occupied; rest != 0; rest &= rest - 1)
        {
            int index = BitOperations.TrailingZeroCount(rest);
            if (chunk.DueOf(index) > due)
            {
                continue;
            }

            ExpiringEntry? entry = chunk[index].Entry?.AsExpiring;
            if (entry is null || ReferenceEquals(entry, keep))
            {
                continue;
            }

            if (atMost == 0)
            {
                return false;
            }

            atMost--;
            _state.Work.Count(Work.Entry);
            if (entry.TryExpire(now))
            {
                freed += Unlink(entry, Change.EvictionExpired);
            }
            else
            {
                chunk.Postpone(index, entry.NextDeadline(now));
            }
        }

        chunk.TightenDueBound();
        return true;
    }
}
