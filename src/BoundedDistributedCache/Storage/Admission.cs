using System.Runtime.CompilerServices;
using BoundedCache.Expiration;

namespace BoundedCache.Storage;

/// <summary>What an admission did that there is something to tell about.</summary>
internal struct AdmissionReport
{
    /// <summary>The limit for which a live entry was evicted, if one was.</summary>
    public Change? Evicted;

    /// <summary>The entry by itself is more than its tenant may hold, and was not stored.</summary>
    public bool IsRefused;

    public void Tell(Change eviction)
    {
        if (eviction != Change.EvictionExpired)
        {
            Evicted = eviction;
        }
    }
}

/// <summary>
/// How a new entry comes to its room. The limits hold at every instant, since room is taken before the entry is linked;
/// and the new entry is always admitted, since what is least recently used makes way.
/// </summary>
/// <remarks>
/// <para>
/// Under its shard's lock a Set takes what is missing from the budgets, then from its own shard's victims, whose room
/// passes to it directly. Where its own shard has nothing old enough, or its tenant's limit is what is short, it leaves
/// the lock and evicts elsewhere (the tenant's own least recently used), giving that room to the budgets, and begins
/// again, twice at most. So nobody waits for room while holding any, and room in hand never outlives a lock. What a
/// tenant holds beyond limits that were lowered goes with what is missing, holding nothing.
/// </para>
/// <para>
/// What is left goes through the gate, one thread at a time. Its claims, on the cache and on the tenant, keep everybody
/// else from the budgets, so what shards hold can only shrink; who took before a claim was seen holds a shard's lock and
/// is met there. So the gate's holder gets everything in the end, and two values of more than half the cache both get
/// through. Limits of a tenant are read anew in each round: a value that no longer fits is refused, not waited for.
/// </para>
/// <para>
/// Lock order: the gate, one shard's lock, one tenant's lock. The entry of the key that is being set is never a victim,
/// for it may not be missing to readers before its successor is there. What can fail (a slot, a place in the tenant's
/// list) is asked for before the first victim goes.
/// </para>
/// </remarks>
internal sealed class Admission(ShardDirectory shards, RecencyClock clock, Room room)
{
    private const int TriesBeforeGate = 2;
    private const int VisitsElsewhere = 8;
    private const int AverageChargesForGate = 16;

    // Stands for victims of either class, too.
    private const long AnyStamp = long.MaxValue;

    // Where there is no bound to go by.
    private const long AnyStampOfItsClass = AnyStamp - 1;

    private readonly TenantDirectory _tenants = shards.Tenants;
    private readonly TenantRanking _ranking = new(shards, clock);
    private readonly Lock _gate = new();

    private enum Outcome
    {
        Admitted,

        /// <summary>The cache's room is short.</summary>
        CacheShort,

        /// <summary>The tenant's limit leaves no room.</summary>
        TenantShort,
    }

    /// <summary>
    /// Gives a key's entry another value, where that is all there is to do: the entry is plain, as the new one would be, and
    /// the room for it is there without a victim.
    /// </summary>
    public bool TryOverwrite(Shard shard, string key, int hash, byte[] value, long charge)
    {
        if (shard.Seek(key, hash) is not { IsPlain: true } entry)
        {
            return false;
        }

        using (shard.Enter())
        {
            if (!shard.Holds(entry))
            {
                return false;
            }

            long more = charge - entry.Charge;
            if (more > 0 && !room.TryTake(new RoomAmount(0, more), pastClaim: false))
            {
                return false;
            }

            shard.Overwrite(entry, value, charge);
            if (more < 0)
            {
                room.Give(new RoomAmount(0, -more));
            }

            return true;
        }
    }

    /// <summary>Links the entry, which must fit the cache by itself.</summary>
    public void Admit(Shard shard, Entry entry, string? tenantId, Now now, ref AdmissionReport report)
    {
        shard.AskForGhosts(entry.Hash);
        Newcomer newcomer = new(shard, entry, tenantId is null ? null : _tenants.Hold(tenantId), now);
        bool isAdmitted = false;
        try
        {
            isAdmitted = TryAdmitWithoutGate(newcomer, ref report)
                || (!report.IsRefused && TryAdmitThroughGate(newcomer, ref report));
        }
        finally
        {
            if (!isAdmitted && newcomer.Tenant is { } tenant)
            {
                _tenants.LetGo(tenant);
            }
        }
    }

    /// <summary>Evicts a few of a tenant's own, where its limits were lowered below what it holds.</summary>
    /// <returns>Whether it is worth another call.</returns>
    public bool EvictExcess(Tenant tenant, Now now)
    {
        RoomAmount excess = tenant.Excess(_tenants.Limits);
        AdmissionReport report = default;
        return !excess.IsNone && EvictMembers(tenant, keep: null, ref excess, now, ref report);
    }

    private bool TryAdmitWithoutGate(in Newcomer newcomer, ref AdmissionReport report)
    {
        for (int tries = 0; ; tries++)
        {
            if (IsTooLarge(newcomer))
            {
                report.IsRefused = true;
                return false;
            }

            RoomAmount missing;
            long ownOldest;
            Outcome outcome;
            using (newcomer.Shard.Enter())
            {
                outcome = TryAdmit(newcomer, inGate: false, ref report, out missing, out ownOldest);
            }

            if (outcome == Outcome.Admitted)
            {
                return true;
            }

            if (tries == TriesBeforeGate || (outcome == Outcome.CacheShort && IsWorthTheGate(missing)))
            {
                return false;
            }

            if (outcome == Outcome.TenantShort)
            {
                while (EvictMembers(newcomer.Tenant!, newcomer.Entry, ref missing, newcomer.Now, ref report) && !missing.IsNone)
                {
                }
            }
            else
            {
                EvictElsewhere(newcomer.Shard, ownOldest, missing, newcomer.Now, ref report);
            }
        }
    }

    private bool IsTooLarge(in Newcomer newcomer) =>
        newcomer.Tenant is { } tenant && newcomer.Entry.Charge > _tenants.Limits.For(tenant.Id).MaxBytes;

    private bool IsWorthTheGate(RoomAmount missing) =>
        missing.Bytes > AverageChargesForGate * (room.Bytes.Used / Math.Max(1, room.Entries.Used));

    /// <summary>
    /// Takes room and links, all under the shard's lock, or leaves everything but victims as it was and says what was
    /// short, and the stamp of the shard's own oldest, which was too young to go.
    /// </summary>
    private Outcome TryAdmit(in Newcomer newcomer, bool inGate, ref AdmissionReport report, out RoomAmount missing, out long ownOldest)
    {
        (Shard shard, Entry entry, Tenant? tenant, Now now) = newcomer;
        shard.GrowIndex();
        Entry? replaced = shard.Locate(tenant?.Id, entry.Key, entry.Hash, out int chainLength);
        if (replaced is null || replaced.Charge != entry.Charge || tenant is not null || report.Evicted is not null)
        {
            return TryAdmitWithRoom(newcomer, replaced, chainLength, inGate, ref report, out missing, out ownOldest);
        }

        // What needs the room of what it replaces, no more and no less, has it.
        missing = RoomAmount.None;
        ownOldest = Shard.NoVictim;
        shard.EnsureSlotOf(replaced, entry);
        shard.TryReplace(entry, replaced, pastClaim: false);
        shard.Link(entry, replaced, now, countsForRecency: false);
        return Outcome.Admitted;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private Outcome TryAdmitWithRoom(
        in Newcomer newcomer,
        Entry? replaced,
        int chainLength,
        bool inGate,
        ref AdmissionReport report,
        out RoomAmount missing,
        out long ownOldest)
    {
        (Shard shard, Entry entry, Tenant? tenant, Now now) = newcomer;
        ownOldest = Shard.NoVictim;
        RoomAmount forEntry = replaced is null ? RoomAmount.Of(entry) : new(0, entry.Charge - replaced.Charge);
        RoomAmount forRecord = tenant is null || tenant.IsPaid ? RoomAmount.None : new(0, tenant.RecordCharge);
        RoomAmount needed = forEntry + forRecord;
        bool isCrowded = replaced is null && shard.IsCrowded(chainLength);
        missing = room.Missing(needed, inGate);
        bool needsVictim = isCrowded || !missing.IsNone;
        if (needsVictim && tenant is not null && tenant.Missing(forEntry, _tenants.Limits, inGate) is { IsNone: false } missingOfTenant)
        {
            missing = missingOfTenant;
            return Outcome.TenantShort;
        }

        if (replaced is null)
        {
            shard.EnsureSlot(entry);
        }
        else
        {
            shard.EnsureSlotOf(replaced, entry);
        }

        RoomAmount inHand = RoomAmount.None;
        int victims = VictimRanking.VictimsPerVisit;
        bool mayRank = true;
        try
        {
            if (isCrowded)
            {
                EvictCrowding(shard, entry.Hash, chainLength, now, ref victims, ref mayRank, ref inHand);
            }

            if (needsVictim && !inGate)
            {
                ownOldest = EvictOwn(shard, replaced, needed, now, victims, mayRank, ref inHand, ref report);
            }

            RoomAmount fromBudgets = (needed - inHand).Excess();
            if (!room.TryTake(fromBudgets, inGate))
            {
                missing = room.Missing(needed - inHand, inGate);
                return Outcome.CacheShort;
            }

            inHand += fromBudgets;
            bool pays = false;
            Joining joining = replaced is null
                ? shard.TryJoin(entry, tenant, inGate, out pays)
                : shard.TryReplace(entry, replaced, inGate);
            if (joining != Joining.Joined)
            {
                missing = tenant!.Missing(forEntry, _tenants.Limits, inGate);
                return Outcome.TenantShort;
            }

            // What was taken for a record that another entry paid for meanwhile goes back.
            inHand -= pays ? needed : forEntry;
            shard.Link(entry, replaced, now, countsForRecency: replaced is null || needsVictim || report.Evicted is not null);
            return Outcome.Admitted;
        }
        finally
        {
            shard.TellProbation();
            room.Give(inHand);
        }
    }

    /// <summary>
    /// The oldest of all goes, whatever class is next. Not told as a limit that was hit: keys that crowd one place are no sign
    /// of a cache too small.
    /// </summary>
    private static void EvictCrowding(Shard shard, int hash, int chainLength, Now now, ref int victims, ref bool mayRank, ref RoomAmount inHand)
    {
        if (chainLength < EntryIndex.LongestChain)
        {
            shard.EnsureRanking();
            Change reason = Change.EvictionForEntries;
            shard.TryPeekVictim(keep: null, ref mayRank, out Entry victim, out _);
            inHand += shard.EvictPeeked(victim, onProbation: false, now, ref reason);
            victims--;
            return;
        }

        // A table that shrank has joined chains: from one that is too long, two go for each that comes.
        for (int excess = Math.Min(2, chainLength - EntryIndex.LongestChain + 1); excess > 0; excess--)
        {
            inHand += shard.EvictFromChain(hash, now);
            victims--;
        }
    }

    /// <summary>Evicts in the shard whose lock is held, as long as its oldest are old enough beside other shards'.</summary>
    /// <returns>The stamp of the shard's oldest, where it was too young.</returns>
    private long EvictOwn(
        Shard shard,
        Entry? keep,
        RoomAmount needed,
        Now now,
        int victims,
        bool mayRank,
        ref RoomAmount inHand,
        ref AdmissionReport report)
    {
        if (room.Missing(needed - inHand, pastClaim: false).IsNone)
        {
            return Shard.NoVictim;
        }

        shard.EnsureRanking();
        ReclaimExpired(shard, keep, now, ref inHand);
        for (; victims > 0; victims--)
        {
            RoomAmount missing = room.Missing(needed - inHand, pastClaim: false);
            if (missing.IsNone)
            {
                break;
            }

            shard.ChooseClass(out bool onProbation);
            if (!TryPeekVictim(shard, onProbation, keep, ref mayRank, out Entry victim, out long stamp))
            {
                break;
            }

            if (!IsOldEnough(shard, stamp, onProbation))
            {
                return stamp;
            }

            EvictPeeked(shard, victim, onProbation && stamp != Shard.NoVictim, missing, now, ref inHand, ref report);
        }

        return Shard.NoVictim;
    }

    private static bool TryPeekVictim(Shard shard, bool onProbation, Entry? keep, ref bool mayRank, out Entry victim, out long stamp) =>
        onProbation
            ? shard.TryPeekVictimOnProbation(keep, ref mayRank, out victim, out stamp)
            : shard.TryPeekVictim(keep, ref mayRank, out victim, out stamp);

    private static void EvictPeeked(
        Shard shard,
        Entry victim,
        bool onProbation,
        RoomAmount missing,
        Now now,
        ref RoomAmount inHand,
        ref AdmissionReport report)
    {
        Change reason = missing.Entries > 0 ? Change.EvictionForEntries : Change.EvictionForBytes;
        inHand += shard.EvictPeeked(victim, onProbation, now, ref reason);
        report.Tell(reason);
    }

    /// <summary>Evicts a visit's victims in other shards, the oldest first, and gives the room to the budgets.</summary>
    private void EvictElsewhere(Shard own, long ownOldest, RoomAmount missing, Now now, ref AdmissionReport report)
    {
        int victims = VictimRanking.VictimsPerVisit;
        for (int visit = 1; visit <= VisitsElsewhere && victims > 0 && !missing.IsNone; visit++)
        {
            ColdestShard coldest = FindColdest(except: own, out bool onProbation);
            if (coldest.Shard is not { } shard)
            {
                return;
            }

            // A bound is a hint: what stood behind it may have been used since. The last visit takes what there is.
            long youngest = visit == VisitsElsewhere
                ? AnyStamp
                : Math.Min(ownOldest - 1, AnEpochAfter(coldest.NextBound));
            using (shard.Enter())
            {
                missing -= EvictFor(shard, onProbation, keep: null, missing, youngest, now, ref victims, ref report);
            }
        }
    }

    /// <summary>
    /// Evicts a visit's victims among a tenant's own, each under its own shard's lock, and gives the room to the budgets.
    /// Holds nothing else.
    /// </summary>
    /// <returns>Whether one went.</returns>
    private bool EvictMembers(Tenant tenant, Entry? keep, ref RoomAmount missing, Now now, ref AdmissionReport report)
    {
        bool mayRank = true;
        int victims = 0;
        while (victims < VictimRanking.VictimsPerVisit
            && !missing.IsNone
            && _ranking.TryTakeVictim(tenant, now, ref mayRank, out TenantVictim victim))
        {
            RoomAmount freed = EvictMember(tenant, victim, keep, now, ref report);
            victims += freed.IsNone ? 0 : 1;
            missing -= freed;
        }

        return victims > 0;
    }

    private RoomAmount EvictMember(Tenant tenant, TenantVictim victim, Entry? keep, Now now, ref AdmissionReport report)
    {
        Shard shard = shards.ShardAt(victim.Place);
        using (shard.Enter())
        {
            if (shard.EntryOf(tenant, ShardDirectory.SlotOf(victim.Place), out long stamp) is not { } entry
                || (keep is not null && entry.Hash == keep.Hash && entry.Key == keep.Key))
            {
                return RoomAmount.None;
            }

            bool hasExpired = entry.AsExpiring?.TryExpire(now) == true;
            if (!hasExpired && victim.Stamp != TenantVictim.Oldest && victim.Stamp != stamp)
            {
                return RoomAmount.None;
            }

            Change reason = Change.EvictionForTenantLimit;
            RoomAmount freed = shard.Evict(entry, now, ref reason);
            room.Give(freed);
            report.Tell(reason);
            return freed;
        }
    }

    private bool TryAdmitThroughGate(in Newcomer newcomer, ref AdmissionReport report)
    {
        (Shard shard, Entry entry, Tenant? tenant, Now now) = newcomer;
        lock (_gate)
        {
            try
            {
                tenant?.Claim(RoomAmount.Of(entry));
                room.Claim(RoomAmount.Of(entry) + new RoomAmount(0, tenant?.RecordCharge ?? 0));
                SpinWait spin = default;
                while (!IsTooLarge(newcomer))
                {
                    RoomAmount missing;
                    Outcome outcome;
                    using (shard.Enter())
                    {
                        outcome = TryAdmit(newcomer, inGate: true, ref report, out missing, out _);
                    }

                    switch (outcome)
                    {
                        case Outcome.Admitted:
                            return true;
                        case Outcome.TenantShort:
                            EvictMembersInOrder(tenant!, entry, missing, now, ref report);
                            break;
                        default:
                            EvictFromAll(shard, entry, tenant?.Id, missing, now, ref report);
                            break;
                    }

                    spin.SpinOnce();
                }

                report.IsRefused = true;
                return false;
            }
            finally
            {
                room.Claim(RoomAmount.None);
                tenant?.Claim(RoomAmount.None);
            }
        }
    }

    /// <summary>
    /// One round of the gate for a tenant's limit: its queue as it stands, and then its members in the order of the list,
    /// for there is no ranking in the gate.
    /// </summary>
    private void EvictMembersInOrder(Tenant tenant, Entry keep, RoomAmount missing, Now now, ref AdmissionReport report)
    {
        bool mayRank = false;
        while (!missing.IsNone && _ranking.TryTakeVictim(tenant, now, ref mayRank, out TenantVictim victim))
        {
            missing -= EvictMember(tenant, victim, keep, now, ref report);
        }

        int index = 0;
        while (!missing.IsNone && tenant.MemberAt(index) is >= 0 and long place)
        {
            RoomAmount freed = EvictMember(tenant, new TenantVictim(place, TenantVictim.Oldest), keep, now, ref report);
            missing -= freed;

            // The key's own entry stays, and another may have gone meanwhile; what went was replaced by the last.
            index += freed.IsNone ? 1 : 0;
        }
    }

    /// <summary>One round of the gate: visits shards, the oldest victims first, until what is missing is there.</summary>
    private void EvictFromAll(
        Shard own,
        Entry entry,
        string? tenantId,
        RoomAmount missing,
        Now now,
        ref AdmissionReport report)
    {
        Shard? spent = null;
        int inVain = 0;
        while (!missing.IsNone)
        {
            ColdestShard coldest = FindColdest(except: spent, out bool onProbation);
            if (coldest.Shard is not { } shard)
            {
                return;
            }

            long youngest = inVain < VisitsElsewhere ? Math.Min(AnyStampOfItsClass, AnEpochAfter(coldest.NextBound)) : AnyStamp;
            RoomAmount freed;
            using (shard.Enter())
            {
                Entry? keep = ReferenceEquals(shard, own) ? own.Locate(tenantId, entry.Key, entry.Hash, out _) : null;
                int victims = VictimRanking.VictimsPerVisit;
                freed = EvictFor(shard, onProbation, keep, missing, youngest, now, ref victims, ref report);
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
    /// Evicts so many victims at most in a shard whose lock is held, and gives their room to the budgets before it is left.
    /// Ends where the class of victims changes, unless any stamp is old enough.
    /// </summary>
    private RoomAmount EvictFor(
        Shard shard,
        bool onProbation,
        Entry? keep,
        RoomAmount missing,
        long youngest,
        Now now,
        ref int victims,
        ref AdmissionReport report)
    {
        RoomAmount freed = RoomAmount.None;
        try
        {
            shard.EnsureRanking();
            ReclaimExpired(shard, keep, now, ref freed);
            for (bool mayRank = true; victims > 0 && !(missing - freed).IsNone; victims--)
            {
                shard.ChooseClass(out bool isNextOnProbation);
                if (isNextOnProbation != onProbation && youngest != AnyStamp)
                {
                    break;
                }

                onProbation = isNextOnProbation;
                if (!TryPeekVictim(shard, onProbation, keep, ref mayRank, out Entry victim, out long stamp) || stamp > youngest)
                {
                    break;
                }

                EvictPeeked(shard, victim, onProbation && stamp != Shard.NoVictim, missing - freed, now, ref freed, ref report);
            }

            return freed;
        }
        finally
        {
            shard.TellProbation();
            room.Give(freed);
        }
    }

    private void ReclaimExpired(Shard shard, Entry? keep, Now now, ref RoomAmount freed)
    {
        if (shard.MayHaveExpired(now))
        {
            shard.ReclaimExpired(now, keep, shards.Length == 1 ? int.MaxValue : Shard.LongestBatch, ref freed);
        }
    }

    /// <summary>
    /// An own victim goes unless it is more than an epoch younger than the oldest that other shards publish. The
    /// answer holds for a beat, but for one who has no victim of the class.
    /// </summary>
    private bool IsOldEnough(Shard shard, long stamp, bool onProbation)
    {
        if (shards.Length == 1)
        {
            return true;
        }

        long beat = clock.Beat;
        if (stamp != Shard.NoVictim && shard.WasOldEnough(beat, onProbation) is { } known)
        {
            return known;
        }

        bool isOldEnough = stamp <= AnEpochAfter(shards.FindColdest(except: shard, onProbation).Bound);
        shard.RememberOldEnough(beat, onProbation, isOldEnough);
        return isOldEnough;
    }

    /// <summary>The shard with the oldest victim of the class that is next, or of any where no shard knows one of that.</summary>
    private ColdestShard FindColdest(Shard? except, out bool onProbation)
    {
        onProbation = shards.Probation is { } probation && probation.IsOverShare(probation.Count, room.Entries.Used);
        ColdestShard coldest = onProbation ? shards.FindColdest(except, onProbation) : ColdestShard.None;
        onProbation &= coldest.Shard is not null;
        return onProbation ? coldest : shards.FindColdest(except);
    }

    private long AnEpochAfter(long stamp) =>
        stamp == Shard.NoVictim ? stamp : stamp + clock.EpochSpan;

    /// <summary>An entry that is to be linked in a shard; its tenant's record is held.</summary>
    private readonly record struct Newcomer(Shard Shard, Entry Entry, Tenant? Tenant, Now Now);
}
