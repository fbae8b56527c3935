namespace BoundedCache.Storage;

/// <summary>What became of an entry's wish to belong to a tenant.</summary>
internal enum Joining
{
    Joined,

    /// <summary>The tenant's limit leaves no room for it.</summary>
    Short,
}

/// <summary>
/// The record of a tenant: what it holds and may hold, and where its entries are.
/// </summary>
/// <remarks>
/// <para>
/// It exists while it has members, or while a Set that is to join holds it. Everything in it is guarded by
/// <c>_lock</c>, which is taken under a shard's lock and never the other way round; but for the id, the tally's
/// hits and misses, and <see cref="IsPaid"/>, which anybody may read.
/// </para>
/// <para>
/// Whoever brings it to nothing retires it, under its lock; from then on nobody can hold it, and so nobody joins or
/// claims. A retired record may still stand in the directory: whoever meets it there takes that very record out before
/// he looks again, so there are never two records of one tenant that can be joined.
/// </para>
/// <para>
/// The record itself is charged to the cache, by the first who joins it; whoever retires it gives that back. An entry's
/// slot knows its index in the list of members. It leaves that list before its slot is freed, so a place in the list
/// leads to its slot without the shard's lock.
/// </para>
/// </remarks>
internal sealed class Tenant
{
    private static readonly RoomAmount Unlimited = new(TenantLimitTable.None, TenantLimitTable.None);

    private readonly Lock _lock = new();
    private readonly ShardDirectory _shards;
    private TenantMembers _members = new();
    private RoomAmount _used;
    private RoomAmount _claimed;
    private TenantLimitTable _table;
    private RoomAmount _limit;
    private int _holders;
    private bool _isPaid;
    private bool _isRetired;
    private long _joinedSinceEpoch;
    private int _moves;
    private TenantVictim[] _queue = [];
    private int _nextVictim;

    public Tenant(string id, TenantTally tally, TenantLimitTable table, ShardDirectory shards)
    {
        Id = id;
        Tally = tally;
        _shards = shards;
        _table = table;
        _limit = LimitIn(table);
    }

    public string Id { get; }

    public TenantTally Tally { get; }

    /// <summary>Bytes that the record costs the cache.</summary>
    public long RecordCharge => Charge.OfTenant(Id.Length);

    /// <summary>Whether somebody paid for the record. It stays so for as long as the record can be joined.</summary>
    public bool IsPaid => Volatile.Read(ref _isPaid);

    /// <summary>Held while members are ranked, by a thread that holds nothing else.</summary>
    public Lock Ranking { get; } = new();

    public RoomAmount Used
    {
        get
        {
            using (_lock.EnterSurely())
            {
                return _used;
            }
        }
    }

    /// <summary>How often one of its entries went on in another slot.</summary>
    public int Moves
    {
        get
        {
            using (_lock.EnterSurely())
            {
                return _moves;
            }
        }
    }

    /// <summary>What the tenant is over its limits by; they may have been lowered.</summary>
    public RoomAmount Excess(TenantLimitTable table)
    {
        using (_lock.EnterSurely())
        {
            Follow(table);
            return (_used - _limit).Excess();
        }
    }

    /// <summary>
    /// What the tenant's limits leave no room for, of what is needed and of what is held: limits may have been lowered. Asked
    /// before victims go, so it makes sure that joining does not fail either.
    /// </summary>
    /// <exception cref="OutOfMemoryException">There is no memory for a member; nothing was changed.</exception>
    public RoomAmount Missing(RoomAmount needed, TenantLimitTable table, bool pastClaim)
    {
        using (_lock.EnterSurely())
        {
            Follow(table);
            _members.EnsureRoom();
            return MissingOf(needed, pastClaim);
        }
    }

    /// <summary>Keeps the record from being retired, until it is joined or let go.</summary>
    /// <returns>False where it is retired: take it out of the directory and look again.</returns>
    public bool TryHold()
    {
        using (_lock.EnterSurely())
        {
            _holders += _isRetired ? 0 : 1;
            return !_isRetired;
        }
    }

    /// <inheritdoc cref="Leave"/>
    public bool LetGo()
    {
        using (_lock.EnterSurely())
        {
            _holders--;
            return RetireWhereIdle();
        }
    }

    /// <summary>Takes the tenant's room for a new entry, notes where it is, and lets go.</summary>
    /// <param name="chunk">The chunk of the entry's slot.</param>
    /// <param name="place">Its shard and slot.</param>
    /// <param name="charge">Its bytes.</param>
    /// <param name="table">The limits.</param>
    /// <param name="pastClaim">For the thread in the gate.</param>
    /// <param name="pays">Whether who joins is to pay for the record.</param>
    /// <param name="beginsEpoch">Whether the recency clock is to begin an epoch, for the tenant's entries turn over.</param>
    /// <exception cref="OutOfMemoryException">There is no memory for its place; nothing was changed.</exception>
    public Joining TryJoin(SlotChunk chunk, long place, long charge, TenantLimitTable table, bool pastClaim, out bool pays, out bool beginsEpoch)
    {
        using (_lock.EnterSurely())
        {
            pays = false;
            beginsEpoch = false;
            RoomAmount needed = new(1, charge);
            Follow(table);
            if (!MissingOf(needed, pastClaim).IsNone)
            {
                return Joining.Short;
            }

            _members.EnsureRoom();
            chunk.TenantIndex(ShardDirectory.SlotOf(place)) = _members.Add(place);
            _used += needed;
            _holders--;
            Tally.Changes.Count(Change.Set);
            pays = !_isPaid;
            Volatile.Write(ref _isPaid, true);
            if (_limit != Unlimited && ++_joinedSinceEpoch >= RecencyClock.InsertionsPerEpoch(_members.Count))
            {
                _joinedSinceEpoch = 0;
                beginsEpoch = true;
            }

            return Joining.Joined;
        }
    }

    /// <summary>
    /// Takes what an entry needs beyond the one of its key that it replaces, and lets go. Where it needs less, the
    /// difference is given back by <see cref="Give"/>, after the other was unlinked.
    /// </summary>
    public Joining TryReplace(long difference, TenantLimitTable table, bool pastClaim)
    {
        using (_lock.EnterSurely())
        {
            Follow(table);
            if (!MissingOf(new(0, difference), pastClaim).IsNone)
            {
                return Joining.Short;
            }

            _used += new RoomAmount(0, Math.Max(0, difference));
            _holders--;
            Tally.Changes.Count(Change.Set);
            return Joining.Joined;
        }
    }

    public void Give(long bytes)
    {
        using (_lock.EnterSurely())
        {
            _used -= new RoomAmount(0, bytes);
        }
    }

    /// <summary>Lets an entry go, before its slot is freed.</summary>
    /// <returns>Whether the record is retired now: then take it out of the directory and give its charge back.</returns>
    public bool Leave(SlotChunk chunk, int slot, long charge, Change change)
    {
        using (_lock.EnterSurely())
        {
            int index = chunk.TenantIndex(slot);
            long moved = _members.RemoveAt(index);
            if (moved >= 0)
            {
                _shards.TryGetChunk(moved)!.TenantIndex(ShardDirectory.SlotOf(moved)) = index;
            }

            // A ranking of many more members than are left is memory that nobody was charged for.
            if (_queue.Length > _members.Count + VictimRanking.VictimsPerVisit)
            {
                _queue = [];
            }

            _used -= new RoomAmount(1, charge);
            Tally.Changes.Count(change);
            return RetireWhereIdle();
        }
    }

    /// <summary>Notes that an entry goes on in another slot. The list stays as it is, but for the place.</summary>
    public void Move(SlotChunk from, int fromSlot, SlotChunk to, int toSlot, long toPlace)
    {
        using (_lock.EnterSurely())
        {
            int index = from.TenantIndex(fromSlot);
            to.TenantIndex(toSlot) = index;
            _members[index] = toPlace;
            _moves++;
        }
    }

    /// <summary>
    /// Keeps others from the tenant's room; none gives it up. For the thread in the gate, which holds the record.
    /// </summary>
    public void Claim(RoomAmount amount)
    {
        using (_lock.EnterSurely())
        {
            _claimed = amount;
        }
    }

    /// <summary>
    /// Copies members, going down from <paramref name="below"/>. Who walks down and removes misses nobody: what moves in
    /// the list is the last, which he has seen, or which joined after he began; and where <see cref="Moves"/> are not
    /// <paramref name="moves"/> any more once he looked at what was copied, he is to copy it again.
    /// </summary>
    /// <returns>How many were copied, and from where to go on.</returns>
    public int CopyMembers(Span<long> places, ref int below, out int moves)
    {
        using (_lock.EnterSurely())
        {
            moves = _moves;
            below = Math.Min(below, _members.Count);
            int copied = 0;
            while (copied < places.Length && below > 0)
            {
                places[copied++] = _members[--below];
            }

            return copied;
        }
    }

    /// <summary>A member by its index, for the thread in the gate; negative where there are no more.</summary>
    public long MemberAt(int index)
    {
        using (_lock.EnterSurely())
        {
            return index < _members.Count ? _members[index] : -1;
        }
    }

    public bool TryTakeVictim(out TenantVictim victim)
    {
        using (_lock.EnterSurely())
        {
            if (_nextVictim < _queue.Length)
            {
                victim = _queue[_nextVictim++];
                return true;
            }

            victim = default;
            return false;
        }
    }

    public void Enqueue(TenantVictim[] victims)
    {
        using (_lock.EnterSurely())
        {
            _queue = victims;
            _nextVictim = 0;
        }
    }

    private RoomAmount MissingOf(RoomAmount needed, bool pastClaim)
    {
        RoomAmount claimed = pastClaim ? RoomAmount.None : _claimed;
        return new RoomAmount(
            MissingOf(needed.Entries, _limit.Entries - _used.Entries, claimed.Entries),
            MissingOf(needed.Bytes, _limit.Bytes - _used.Bytes, claimed.Bytes));
    }

    /// <summary>For a claim's sake a Set misses at most what it needs, but all of what the tenant is over its limit by.</summary>
    private static long MissingOf(long needed, long free, long claimed) =>
        Math.Max(needed <= 0 ? 0 : Math.Clamp(needed - free + claimed, 0, needed), Math.Max(0, needed - free));

    private RoomAmount LimitIn(TenantLimitTable table)
    {
        (long maxEntries, long maxBytes) = table.For(Id);
        return new RoomAmount(maxEntries, maxBytes);
    }

    private void Follow(TenantLimitTable table)
    {
        if (table.Edition > _table.Edition)
        {
            _limit = LimitIn(table);
            _table = table;
        }
    }

    private bool RetireWhereIdle()
    {
        if (_isRetired || _members.Count > 0 || _holders > 0)
        {
            return false;
        }

        _isRetired = true;
        return true;
    }
}
