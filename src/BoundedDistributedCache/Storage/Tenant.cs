namespace BoundedCache.Storage;

/// <summary>What became of an entry's wish to belong to a tenant.</summary>
internal enum Joining
{
    Joined,

    /// <summary>The tenant's limit leaves no room for it.</summary>
    Short,

    /// <summary>The record is retired: take it out of the directory and look again.</summary>
    Retired,
}

/// <summary>
/// The record of a tenant: what it holds and may hold, and where its entries are.
/// </summary>
/// <remarks>
/// <para>
/// It exists while it has members or a claim, or while somebody is about to join. Everything in it is guarded by
/// <c>_lock</c>, which is taken under a shard's lock and never the other way round; but for the id, the tally's
/// hits and misses, and <see cref="IsPaid"/>, which anybody may read.
/// </para>
/// <para>
/// Whoever brings it to nothing retires it, under its lock; from then on nobody joins. A retired record may still stand
/// in the directory: whoever meets it there takes that very record out before he looks again, so there are never two
/// records of one tenant that can be joined.
/// </para>
/// <para>
/// The record itself is charged to the cache, by the first who joins it; whoever retires it gives that back. An entry's
/// slot knows its index in the list of members. It leaves that list before its slot is freed, so a place in the list
/// leads to its slot without the shard's lock.
/// </para>
/// </remarks>
internal sealed class Tenant
{
    private readonly Lock _lock = new();
    private readonly ShardDirectory _shards;
    private TenantMembers _members = new();
    private RoomAmount _used;
    private RoomAmount _claimed;
    private TenantLimitTable _table;
    private RoomAmount _limit;
    private bool _isPaid;
    private bool _isRetired;
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
            using (Enter())
            {
                return _used;
            }
        }
    }

    /// <summary>What the tenant is over its limits by; they may have been lowered.</summary>
    public RoomAmount Excess(TenantLimitTable table)
    {
        using (Enter())
        {
            Follow(table);
            return (_used - _limit).Excess();
        }
    }

    /// <summary>How much of what is needed the tenant's limits leave no room for.</summary>
    public RoomAmount Missing(RoomAmount needed, TenantLimitTable table, bool pastClaim)
    {
        using (Enter())
        {
            Follow(table);
            return MissingOf(needed, pastClaim);
        }
    }

    /// <summary>Takes the tenant's room for a new entry, and notes where it is.</summary>
    /// <exception cref="OutOfMemoryException">There is no memory for its place; nothing was changed.</exception>
    public Joining TryJoin(SlotChunk chunk, long place, long charge, bool pastClaim, out bool pays)
    {
        using (Enter())
        {
            pays = false;
            RoomAmount needed = new(1, charge);
            if (_isRetired)
            {
                return Joining.Retired;
            }

            if (!MissingOf(needed, pastClaim).IsNone)
            {
                return Joining.Short;
            }

            _members.EnsureRoom();
            chunk.TenantIndex(ShardDirectory.SlotOf(place)) = _members.Add(place);
            _used += needed;
            Tally.Changes.Count(Change.Set);
            pays = !_isPaid;
            Volatile.Write(ref _isPaid, true);
            return Joining.Joined;
        }
    }

    /// <summary>Takes or gives the difference where an entry takes the place of another of its key.</summary>
    public Joining TryReplace(long difference, bool pastClaim)
    {
        using (Enter())
        {
            RoomAmount needed = new(0, difference);
            if (!MissingOf(needed, pastClaim).IsNone)
            {
                return Joining.Short;
            }

            _used += needed;
            Tally.Changes.Count(Change.Set);
            return Joining.Joined;
        }
    }

    /// <summary>Lets an entry go, before its slot is freed.</summary>
    /// <returns>Whether the record is retired now: then take it out of the directory and give its charge back.</returns>
    public bool Leave(SlotChunk chunk, int slot, long charge, Change change)
    {
        using (Enter())
        {
            int index = chunk.TenantIndex(slot);
            long moved = _members.RemoveAt(index);
            if (moved >= 0)
            {
                _shards.TryGetChunk(moved)!.TenantIndex(ShardDirectory.SlotOf(moved)) = index;
            }

            _used -= new RoomAmount(1, charge);
            Tally.Changes.Count(change);
            return RetireWhereIdle();
        }
    }

    /// <summary>Keeps others from the tenant's room. Only for the thread in the gate.</summary>
    /// <returns>False where the record is retired.</returns>
    public bool TryClaim(RoomAmount amount)
    {
        using (Enter())
        {
            if (_isRetired)
            {
                return false;
            }

            _claimed = amount;
            return true;
        }
    }

    /// <inheritdoc cref="Leave"/>
    public bool Unclaim()
    {
        using (Enter())
        {
            _claimed = RoomAmount.None;
            return RetireWhereIdle();
        }
    }

    /// <inheritdoc cref="Leave"/>
    public bool TryRetire()
    {
        using (Enter())
        {
            return RetireWhereIdle();
        }
    }

    public bool IsRetired
    {
        get
        {
            using (Enter())
            {
                return _isRetired;
            }
        }
    }

    /// <summary>
    /// Copies members, going down from <paramref name="below"/>. Who walks down and removes misses nobody: what moves is
    /// the last, which he has seen, or which joined after he began.
    /// </summary>
    /// <returns>How many were copied, and from where to go on.</returns>
    public int CopyMembers(Span<long> places, ref int below)
    {
        using (Enter())
        {
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
        using (Enter())
        {
            return index < _members.Count ? _members[index] : -1;
        }
    }

    public bool TryTakeVictim(out TenantVictim victim)
    {
        using (Enter())
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
        using (Enter())
        {
            _queue = victims;
            _nextVictim = 0;
        }
    }

    /// <summary>
    /// Takes the lock, come what may: it is taken in the middle of changes that must not end halfway. An interrupt that
    /// arrives meanwhile waits for the thread's next wait.
    /// </summary>
    private Lock.Scope Enter()
    {
        bool isInterrupted = false;
        try
        {
            while (true)
            {
                try
                {
                    return _lock.EnterScope();
                }
                catch (ThreadInterruptedException)
                {
                    isInterrupted = true;
                }
            }
        }
        finally
        {
            if (isInterrupted)
            {
                Thread.CurrentThread.Interrupt();
            }
        }
    }

    private RoomAmount MissingOf(RoomAmount needed, bool pastClaim)
    {
        RoomAmount free = _limit - _used - (pastClaim ? RoomAmount.None : _claimed);
        return new RoomAmount(MissingOf(needed.Entries, free.Entries), MissingOf(needed.Bytes, free.Bytes));
    }

    private static long MissingOf(long needed, long free) => needed <= 0 ? 0 : Math.Clamp(needed - free, 0, needed);

    private RoomAmount LimitIn(TenantLimitTable table)
    {
        (long maxEntries, long maxBytes) = table.For(Id);
        return new RoomAmount(maxEntries, maxBytes);
    }

    private void Follow(TenantLimitTable table)
    {
        if (!ReferenceEquals(_table, table))
        {
            _limit = LimitIn(table);
            _table = table;
        }
    }

    private bool RetireWhereIdle()
    {
        if (_isRetired || _members.Count > 0 || _claimed != RoomAmount.None)
        {
            return false;
        }

        _isRetired = true;
        return true;
    }
}
