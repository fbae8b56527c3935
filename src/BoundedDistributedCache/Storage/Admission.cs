using BoundedCache.Expiration;

namespace BoundedCache.Storage;

/// <summary>What an admission did that there is something to tell about.</summary>
internal struct AdmissionReport
{
    /// <summary>The limit for which a live entry was evicted, if one was.</summary>
    public EvictionReason Evicted;
}

/// <summary>
/// How a new entry comes to its room. The limits hold at every instant, since room is taken before the entry is linked;
/// and the new entry is always admitted, since what is least recently used makes way.
/// </summary>
/// <remarks>
/// <para>
/// Under its shard's lock a Set takes what is missing from the budgets, then from its own shard's victims, whose room
/// passes to it directly. Where its own shard has nothing old enough, it leaves the lock and evicts elsewhere, giving
/// that room to the budgets, and begins again, twice at most. So nobody waits for room while holding any, and room in
/// hand never outlives a lock.
/// </para>
/// <para>
/// What is left goes through the gate, one thread at a time. Its claim keeps everybody else from the budgets, so what
/// shards hold can only shrink; who took before the claim was seen holds a shard's lock and is met there. So the gate's
/// holder gets everything in the end, and two values of more than half the cache both get through.
/// </para>
/// <para>
/// Lock order: the gate, then one shard's lock. The entry of the key that is being set is never a victim, for it may
/// not be missing to readers before its successor is there. What can fail (a slot, the ranking's buffer) is asked for
/// before the first victim goes.
/// </para>
/// </remarks>
internal sealed class Admission(ShardDirectory shards, RecencyClock clock, Room room)
{
    private const int TriesBeforeGate = 2;
    private const int VisitsElsewhere = 8;
    private const int AverageChargesForGate = 16;

    private readonly Lock _gate = new();

    /// <summary>Links the entry, which must fit the limits by itself.</summary>
    public void Admit(Shard shard, Entry entry, Now now, ref AdmissionReport report)
    {
        for (int tries = 0; ; tries++)
        {
            RoomAmount missing;
            long ownOldest;
            lock (shard.Lock)
            {
                if (TryAdmit(shard, entry, now, inGate: false, ref report, out missing, out ownOldest))
                {
                    return;
                }
            }

            if (tries == TriesBeforeGate || IsWorthTheGate(missing))
            {
                AdmitThroughGate(shard, entry, now, ref report);
                return;
            }

            EvictElsewhere(shard, ownOldest, missing, now, ref report);
        }
    }

    private static EvictionReason ReasonOf(RoomAmount missing) =>
        missing.Entries > 0 ? EvictionReason.Entries : EvictionReason.Bytes;

    private bool IsWorthTheGate(RoomAmount missing) =>
        missing.Bytes > AverageChargesForGate * (room.Bytes.Used / Math.Max(1, room.Entries.Used));

    /// <summary>
    /// Takes room and links, all under the shard's lock, or leaves everything but victims as it was and says what was
    /// short, and the stamp of the shard's own oldest, which was too young to go.
    /// </summary>
    private bool TryAdmit(
        Shard shard,
        Entry entry,
        Now now,
        bool inGate,
        ref AdmissionReport report,
        out RoomAmount missing,
        out long ownOldest)
    {
        shard.GrowIndex();
        Entry? replaced = shard.Locate(entry.Key, entry.Hash, out int chainLength);
        RoomAmount needed = RoomAmount.Of(entry) - (replaced is null ? RoomAmount.None : RoomAmount.Of(replaced));
        RoomAmount inHand = RoomAmount.None;
        ownOldest = Shard.NoVictim;
        if (replaced is null)
        {
            shard.EnsureSlot();
        }

        try
        {
            if (replaced is null && shard.IsCrowded(chainLength))
            {
                inHand += EvictCrowding(shard, entry.Hash, chainLength, ref report);
            }

            missing = room.Missing(needed - inHand, inGate);
            if (!inGate && !missing.IsNone)
            {
                inHand += EvictOwn(shard, replaced, needed - inHand, now, ref report, out ownOldest);
            }

            RoomAmount change = needed - inHand;
            if (!room.TryTake(change.Excess, inGate))
            {
                missing = room.Missing(change, inGate);
                return false;
            }

            inHand = (RoomAmount.None - change).Excess;
            bool neededVictim = !missing.IsNone || report.Evicted != EvictionReason.None;
            shard.Link(entry, replaced, now, countsForRecency: replaced is null || neededVictim);
            return true;
        }
        finally
        {
            room.Give(inHand);
        }
    }

    private static RoomAmount EvictCrowding(Shard shard, int hash, int chainLength, ref AdmissionReport report)
    {
        shard.EnsureRanking();
        report.Evicted = EvictionReason.Entries;
        if (chainLength >= EntryIndex.LongestChain)
        {
            // A table that shrank has joined chains: from one that is too long, two go for each that comes.
            RoomAmount freed = shard.EvictFromChain(hash, EvictionReason.Entries);
            return chainLength > EntryIndex.LongestChain ? freed + shard.EvictFromChain(hash, EvictionReason.Entries) : freed;
        }

        bool mayRank = true;
        shard.TryPeekVictim(keep: null, ref mayRank, out Entry victim, out _);
        return shard.EvictPeeked(victim, EvictionReason.Entries);
    }

    /// <summary>Evicts in the shard whose lock is held, as long as its oldest are old enough beside other shards'.</summary>
    private RoomAmount EvictOwn(
        Shard shard,
        Entry? keep,
        RoomAmount needed,
        Now now,
        ref AdmissionReport report,
        out long ownOldest)
    {
        shard.EnsureRanking();
        RoomAmount inHand = ReclaimExpired(shard, keep, now);
        bool mayRank = true;
        for (int victims = 0; victims < VictimRanking.VictimsPerVisit; victims++)
        {
            RoomAmount missing = room.Missing(needed - inHand, pastClaim: false);
            if (missing.IsNone)
            {
                break;
            }

            if (!shard.TryPeekVictim(keep, ref mayRank, out Entry victim, out long stamp))
            {
                break;
            }

            if (!IsOldEnough(shard, stamp))
            {
                ownOldest = stamp;
                return inHand;
            }

            report.Evicted = ReasonOf(missing);
            inHand += shard.EvictPeeked(victim, report.Evicted);
        }

        ownOldest = Shard.NoVictim;
        return inHand;
    }

    /// <summary>Evicts in other shards, the oldest first, and gives the room to the budgets.</summary>
    private void EvictElsewhere(Shard own, long ownOldest, RoomAmount missing, Now now, ref AdmissionReport report)
    {
        for (int visit = 1; visit <= VisitsElsewhere && !missing.IsNone; visit++)
        {
            ColdestShard coldest = shards.FindColdest(except: own);
            if (coldest.Shard is not { } shard)
            {
                return;
            }

            // A bound is a hint: what stood behind it may have been used since. The last visit takes what there is.
            long youngest = visit == VisitsElsewhere
                ? long.MaxValue
                : Math.Min(ownOldest - 1, AnEpochAfter(coldest.NextBound));
            lock (shard.Lock)
            {
                missing -= EvictFor(shard, keep: null, missing, youngest, now, ref report);
            }
        }
    }

    private void AdmitThroughGate(Shard own, Entry entry, Now now, ref AdmissionReport report)
    {
        lock (_gate)
        {
            room.Claim(RoomAmount.Of(entry));
            try
            {
                SpinWait spin = default;
                while (true)
                {
                    RoomAmount missing;
                    lock (own.Lock)
                    {
                        if (TryAdmit(own, entry, now, inGate: true, ref report, out missing, out _))
                        {
                            return;
                        }
                    }

                    EvictFromAll(own, entry, missing, now, ref report);
                    spin.SpinOnce();
                }
            }
            finally
            {
                room.Claim(RoomAmount.None);
            }
        }
    }

    /// <summary>One round of the gate: visits shards, the oldest victims first, until what is missing is there.</summary>
    private void EvictFromAll(Shard own, Entry entry, RoomAmount missing, Now now, ref AdmissionReport report)
    {
        Shard? spent = null;
        int inVain = 0;
        while (!missing.IsNone)
        {
            ColdestShard coldest = shards.FindColdest(except: spent);
            if (coldest.Shard is not { } shard)
            {
                return;
            }

            long youngest = inVain < VisitsElsewhere ? AnEpochAfter(coldest.NextBound) : long.MaxValue;
            RoomAmount freed;
            lock (shard.Lock)
            {
                Entry? keep = ReferenceEquals(shard, own) ? own.Locate(entry.Key, entry.Hash, out _) : null;
                freed = EvictFor(shard, keep, missing, youngest, now, ref report);
                if (freed.IsNone && keep is not null && shard.Count == 1)
                {
                    // Only the key's own entry is left in it: the one shard that can stay cold and yield nothing.
                    spent = shard;
                }
            }

            inVain = freed.IsNone ? inVain + 1 : 0;
            missing -= freed;
        }
    }

    /// <summary>
    /// Evicts up to a visit's victims in a shard whose lock is held, and gives their room to the budgets before it is
    /// left.
    /// </summary>
    private RoomAmount EvictFor(
        Shard shard,
        Entry? keep,
        RoomAmount missing,
        long youngest,
        Now now,
        ref AdmissionReport report)
    {
        shard.EnsureRanking();
        RoomAmount freed = RoomAmount.None;
        try
        {
            freed = ReclaimExpired(shard, keep, now);
            bool mayRank = true;
            for (int victims = 0; victims < VictimRanking.VictimsPerVisit && !(missing - freed).IsNone; victims++)
            {
                if (!shard.TryPeekVictim(keep, ref mayRank, out Entry victim, out long stamp) || stamp > youngest)
                {
                    break;
                }

                report.Evicted = ReasonOf(missing - freed);
                freed += shard.EvictPeeked(victim, report.Evicted);
            }

            return freed;
        }
        finally
        {
            room.Give(freed);
        }
    }

    private RoomAmount ReclaimExpired(Shard shard, Entry? keep, Now now) => shard.MayHaveExpired(now)
        ? shard.ReclaimExpired(now, keep, shards.Length == 1 ? int.MaxValue : Shard.LongestBatch)
        : RoomAmount.None;

    /// <summary>
    /// An own victim goes unless it is more than an epoch younger than the oldest that other shards publish. The
    /// answer holds for a tick.
    /// </summary>
    private bool IsOldEnough(Shard shard, long stamp)
    {
        if (shards.Length == 1)
        {
            return true;
        }

        long tick = clock.Tick;
        if (shard.WasOldEnough(tick) is { } known)
        {
            return known;
        }

        bool isOldEnough = stamp <= AnEpochAfter(shards.FindColdest(except: shard).Bound);
        shard.RememberOldEnough(tick, isOldEnough);
        return isOldEnough;
    }

    private long AnEpochAfter(long stamp) =>
        stamp == Shard.NoVictim ? stamp : stamp + RecencyClock.TicksPerEpoch(room.Entries.Used);
}
