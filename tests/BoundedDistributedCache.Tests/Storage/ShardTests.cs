using System.Numerics;
using BoundedCache.Expiration;
using BoundedCache.Storage;
using BoundedCache.Tests.Support;
using CsCheck;

namespace BoundedCache.Tests.Storage;

public sealed class ShardTests
{
    private static readonly Now s_start = new(TimeSpan.TicksPerDay, TimeSpan.TicksPerDay);

    private readonly RecencyClock _clock = new(isExact: false);
    private readonly Room _room = new(10_000, 10_000_000);
    private readonly Shard _shard;

    public ShardTests() => _shard = Make(_clock);

    // Finding and linking

    [Fact]
    public void FindsWhatIsLinked()
    {
        var entry = Insert("a");

        Assert.Same(entry, _shard.Find("a", entry.Hash));
        Assert.Null(_shard.Find("b", entry.Hash));
        Assert.Equal(1, _shard.Count);
    }

    [Fact]
    public void AMissWaitsForNoWriter()
    {
        var entry = Insert("a");
        var reader = new Thread(() => entry = _shard.Find("b", entry.Hash));

        lock (_shard.Lock)
        {
            reader.Start();
            Assert.True(reader.Join(TimeSpan.FromSeconds(30)), "It waits.");
        }

        Assert.Null(entry);
    }

    [Fact]
    public void AnOverwriteTakesOverTheSlotWithAStampAndADueTimeOfItsOwn()
    {
        var old = Insert("a", sliding: TimeSpan.FromHours(1));
        _clock.AdvanceBeat(0, now: 0);
        var entry = Overwrite(old);

        Assert.Same(entry, _shard.Find("a", entry.Hash));
        Assert.Equal(1, _shard.Count);
        Assert.Equal(old.Slot, entry.Slot);
        Assert.Same(entry, SlotOf(entry).Entry);
        Assert.Equal(_clock.Tick, SlotOf(entry).Stamp);
        Assert.Equal(_clock.Epoch, entry.Epoch);
        Assert.Equal(SlotChunk.NeverDue, _shard.TryGetChunk(entry.Slot)!.DueOf(entry.Slot));
    }

    [Fact]
    public void AValueThatIsWrittenIntoAPlainEntryIsAUseOfIt()
    {
        var entry = Insert("a");
        _clock.AdvanceBeat(0, now: 0);
        var tick = _clock.Tick;
        var longer = new Entry("a", entry.Hash, new byte[100]);

        _shard.Overwrite(entry, longer.Value, longer.Charge);

        Assert.Equal(tick, _clock.Tick);
        Assert.Same(longer.Value, _shard.Find("a", entry.Hash)!.Value);
        Assert.Equal(longer.Charge, entry.Charge);
        Assert.Equal(_clock.Tick, SlotOf(entry).Stamp);
        Assert.Equal(_clock.Epoch, entry.Epoch);
        Assert.Equal(2, _shard.Changes()[Change.Set]);
    }

    [Fact]
    public void WhereOrderIsExactSuchAUseTakesAValueOfItsOwn()
    {
        var clock = new RecencyClock(isExact: true);
        var shard = Make(clock);
        var a = Insert(shard, "a");
        var b = Insert(shard, "b");
        var tick = clock.Tick;

        shard.Overwrite(a, [1], a.Charge);

        Assert.Equal(tick + 1, clock.Tick);
        Assert.Equal(clock.Tick, shard.Chunks[0]![a.Slot].Stamp);
        Assert.Same(b, Peek(shard, keep: null));
    }

    [Fact]
    public void WhatIsRemovedIsGoneAndTellsWhatItFrees()
    {
        var entry = Insert("a");

        Assert.Equal(new RoomAmount(1, entry.Charge), _shard.Remove(entry));

        Assert.Null(_shard.Find("a", entry.Hash));
        Assert.Equal(0, _shard.Count);
        Assert.Null(SlotOf(entry).Entry);
    }

    [Fact]
    public void OfABatchOnlyThoseAreRemovedThatAreStillThere()
    {
        var removed = Insert("removed");
        var overwritten = Insert("overwritten");
        var there = Insert("there");
        _shard.Remove(removed);
        var latest = Overwrite(overwritten);

        var freed = _shard.Remove([removed, null, overwritten, there], out var count);

        Assert.Equal(1, count);
        Assert.Equal(RoomAmount.Of(there), freed);
        Assert.Same(latest, _shard.Find("overwritten", latest.Hash));
    }

    [Fact]
    public void CountsWhatHappened()
    {
        var a = Insert("a");
        var b = Insert("b");
        var c = Insert("c", sliding: TimeSpan.FromSeconds(1));
        Overwrite(a);
        _shard.Remove(b);
        _shard.ReclaimExpired(After(1), keep: null, int.MaxValue);
        Evict(Change.EvictionForBytes);

        ChangeTally changes = _shard.Changes();
        Assert.Equal(
            (4, 1, 0, 1, 0, 1),
            (changes[Change.Set], changes[Change.Removal], changes[Change.EvictionForEntries], changes[Change.EvictionForBytes], changes[Change.EvictionForTenantLimit], changes[Change.EvictionExpired]));
    }

    [Fact]
    public void IsCrowdedByALongChainOrFourTimesItsNumber()
    {
        Assert.False(_shard.IsCrowded(EntryIndex.LongestChain - 1));
        Assert.True(_shard.IsCrowded(EntryIndex.LongestChain));

        InsertMany(2_000);
        Assert.True(_shard.IsCrowded(0));
    }

    [Fact]
    public void TrimmedAfterMostIsGoneItKeepsTheRest()
    {
        var entries = InsertMany(1_000);
        Evict();
        foreach (var entry in entries.Skip(10))
            _shard.Remove(entry);

        _shard.Trim();

        Assert.All(entries.Skip(1).Take(9), entry => Assert.Same(entry, _shard.Find(entry.Key, entry.Hash)));
        Assert.Single(_shard.Chunks);
        Assert.Same(entries[1], Evict());
    }

    [Fact]
    public void TrimmingAnEmptyShardAllocatesNothing()
    {
        foreach (var entry in InsertMany(1_000))
            _shard.Remove(entry);

        Assert.Equal(0, Allocated.By(_shard.Trim));
    }

    // Of work under a lock each place counts its own. It is told apart by who takes the lock, which nobody does here.
    [Fact]
    public void CountsEachRebuildOfItsIndex()
    {
        var entries = InsertMany(10);
        var before = _shard.MostDone(Work.Rebuild);
        var buckets = Integrity.Buckets(_shard);

        entries = [.. entries, .. Enumerable.Range(0, 990).Select(i => Insert($"more {i}"))];
        var doublings = BitOperations.Log2((uint)(Integrity.Buckets(_shard) / buckets));
        Assert.InRange(doublings, 1, 10);
        Assert.Equal(before + doublings, _shard.MostDone(Work.Rebuild));

        foreach (var entry in entries)
            _shard.Remove(entry);
        _shard.Trim();
        Assert.Equal(before + doublings + 1, _shard.MostDone(Work.Rebuild));
        _shard.Trim();
        Assert.Equal(before + doublings + 1, _shard.MostDone(Work.Rebuild));
    }

    [Fact]
    public void CountsEachWalkThroughWhatIsOnProbation()
    {
        var clock = new RecencyClock(isExact: true);
        var tenants = new ShardDirectory(2_000, clock, _room).Tenants;
        var shard = new Shard(0, new ShardContext(clock, _room, tenants, MaxShardEntries: 2_000, new ProbationTotal()));
        shard.Trim();
        Assert.Equal(1, shard.MostDone(Work.Weeding));

        for (var i = 0; i < 200; i++)
            Insert(shard, $"{i}");
        var whileItGrew = shard.MostDone(Work.Weeding);
        Assert.InRange(whileItGrew, 2, 50);

        shard.ChooseClass(out var onProbation);
        Assert.True(onProbation);
        Assert.Equal(whileItGrew + 1, shard.MostDone(Work.Weeding));
    }

    [Fact]
    public void CountsEachEntryThatIsLookedAtCloselyAndEachRanking()
    {
        _shard.Remove(InsertMany(3), out _);
        Assert.Equal(3, _shard.MostDone(Work.Entry));

        Insert("expires", sliding: TimeSpan.FromSeconds(1));
        Insert("lives", sliding: TimeSpan.FromHours(1));
        Insert("expires too", sliding: TimeSpan.FromSeconds(1));
        _shard.ReclaimExpired(After(1), keep: null, int.MaxValue);
        Assert.Equal(3 + 2, _shard.MostDone(Work.Entry));

        Peek();
        Assert.Equal(1, _shard.MostDone(Work.Ranking));
    }

    [Fact]
    public void CountsWhatItMovesAndTheWalkThatFollows()
    {
        var tenants = new ShardDirectory(2_000, _clock, _room).Tenants;
        var shard = new Shard(0, new ShardContext(_clock, _room, tenants, MaxShardEntries: 2_000, new ProbationTotal()));
        Entry[] entries = [.. Enumerable.Range(0, 4 * SlotChunk.Length).Select(i => Insert(shard, $"{i}"))];
        foreach (var entry in entries.Where((_, i) => i % 4 != 0))
            shard.Remove(entry);
        var walks = shard.MostDone(Work.Weeding);

        Assert.True(shard.TryCompact());

        Assert.Equal(SlotChunk.Length / 4, shard.MostDone(Work.Entry));
        Assert.Equal(walks + 1, shard.MostDone(Work.Weeding));
    }

    [Fact]
    public void WhatIsLeftInManyChunksIsMovedTogetherAsItIs()
    {
        Entry[] entries = InsertMany(10 * SlotChunk.Length, ticks: true);
        Entry last = Insert("last", sliding: TimeSpan.FromHours(1));
        Entry[] left = [.. entries.Where((_, i) => i % 4 == 0), last];
        long[] stamps = [.. left.Select(entry => SlotOf(entry).Stamp)];
        foreach (Entry entry in entries.Where((_, i) => i % 4 != 0))
        {
            _shard.Remove(entry);
        }

        _shard.Trim();
        while (_shard.TryCompact())
        {
        }

        // A hundred and sixty-one are left: so many chunks, and two for the free slots that nobody moves for.
        Assert.Equal(4, _shard.Chunks.Count(chunk => chunk is not null));
        Assert.Equal(stamps, left.Select(entry => SlotOf(entry).Stamp));
        Assert.All(left, entry => Assert.Same(entry, SlotOf(entry).Entry));
        Assert.All(left, entry => Assert.Same(entry, _shard.Find(entry.Key, entry.Hash)));
        Assert.Equal(After(3_600).Monotonic, _shard.TryGetChunk(last.Slot)!.DueOf(last.Slot));
        Assert.Equal(left[..10], Enumerable.Range(0, 10).Select(_ => Evict()));
    }

    [Fact]
    public void VictimsAreRankedAnewWhereEntriesMoved()
    {
        Entry[] entries = InsertMany(10 * SlotChunk.Length);
        foreach (Entry entry in entries.Where((_, i) => i % 4 != 0))
        {
            _shard.Remove(entry);
        }

        // The oldest are in the highest chunk, which moves.
        Entry[] left = [.. entries.Where((_, i) => i % 4 == 0)];
        left = [.. left[^16..], .. left[..^16]];
        foreach (Entry entry in left)
        {
            _clock.AdvanceBeat(0, now: 0);
            _shard.Stamp(entry, _clock.Epoch);
        }

        Entry[] evicted = [.. Enumerable.Range(0, 10).Select(_ => Evict())];
        while (_shard.TryCompact())
        {
        }

        Assert.Equal(left, [.. evicted, .. left[10..].Select(_ => Evict())]);
    }

    [Fact]
    public void WhereFewSlotsAreFreeNothingMoves()
    {
        Entry[] entries = InsertMany(20 * SlotChunk.Length);
        foreach (Entry entry in entries.Where((_, i) => i % 10 == 0))
        {
            _shard.Remove(entry);
        }

        int[] slots = [.. entries.Select(entry => entry.Slot)];

        Assert.False(_shard.TryCompact());
        Assert.Equal(slots, entries.Select(entry => entry.Slot));
    }

    [Fact]
    public void WhereOrderIsExactNothingMoves()
    {
        Shard shard = Make(new RecencyClock(isExact: true));
        Entry[] entries = [.. Enumerable.Range(0, 256).Select(i => Insert(shard, "key" + i))];
        foreach (Entry entry in entries[..^1].Where((_, i) => i % 64 != 0))
        {
            shard.Remove(entry);
        }

        Assert.False(shard.TryCompact());
        Assert.Equal(255, entries[^1].Slot);
    }

    // Recency

    [Fact]
    public void AUseStampsTheSlotWithTheTickAndTheEntryWithTheEpoch()
    {
        var entry = Insert("a");
        _clock.AdvanceBeat(0, now: 0);

        _shard.Stamp(entry, _clock.Epoch);

        Assert.Equal(2, SlotOf(entry).Stamp);
        Assert.Equal(_clock.Epoch, entry.Epoch);
    }

    [Fact]
    public void AUseOfWhatIsGoneDisturbsNothing()
    {
        var entries = InsertMany(3 * SlotChunk.Length);
        foreach (var entry in entries)
            _shard.Remove(entry);
        _shard.Trim();

        _shard.Stamp(entries[^1], 7);
        _shard.StampExactly(entries[^1]);

        Assert.Equal(0, _shard.Count);
        Assert.Equal([null], _shard.Chunks);
    }

    [Fact]
    public void ExactOrderSparesTheLatestEntryAValue()
    {
        var clock = new RecencyClock(isExact: true);
        var shard = Make(clock);
        var a = Insert(shard, "a");
        var b = Insert(shard, "b");
        var tick = clock.Tick;

        shard.StampExactly(b);
        Assert.Equal(tick, clock.Tick);

        shard.StampExactly(a);
        Assert.Equal(tick + 1, clock.Tick);
        Assert.Equal(clock.Tick, shard.Chunks[0]![a.Slot].Stamp);
    }

    [Fact]
    public void ExactOrderStampsNoOthersSlot()
    {
        var shard = Make(new RecencyClock(isExact: true));
        var gone = Insert(shard, "gone");
        shard.Remove(gone);
        var other = Insert(shard, "other");
        Insert(shard, "latest");
        var stamp = shard.Chunks[0]![other.Slot].Stamp;

        shard.StampExactly(gone);

        Assert.Equal(gone.Slot, other.Slot);
        Assert.Equal(stamp, shard.Chunks[0]![other.Slot].Stamp);
    }

    [Fact]
    public void InsertionsThatCountMakeTicks()
    {
        _room.TryTake(new RoomAmount(2_560, 0), pastClaim: false);

        for (var i = 0; i < 300; i++)
        {
            Insert($"{i}", countsForRecency: true);
        }

        var tick = _clock.Tick;
        Insert("does not count");

        Assert.InRange(tick, 1 + 27, 1 + 33);
        Assert.Equal(tick, _clock.Tick);
    }

    // So that uses are told apart at the pace of a tenant that is small beside the cache.
    [Theory]
    [InlineData(false, 10, 3)]
    [InlineData(false, TenantLimitTable.None, 0)]
    [InlineData(true, 10, 0)]
    public void ATenantThatHasALimitMakesTicksOfItsOwn(bool isExact, long maxEntries, int ticks)
    {
        var clock = new RecencyClock(isExact);
        var tenants = new ShardDirectory(2_000, clock, _room).Tenants;
        tenants.Publish(new TenantLimitTable(maxEntries, TenantLimitTable.None, new Dictionary<string, (long, long)>()));
        var shard = new Shard(0, new ShardContext(clock, _room, tenants, MaxShardEntries: 2_000));
        var tick = clock.Tick;

        for (var i = 0; i < 3; i++)
        {
            var entry = new TenantEntry($"{i}", i, []);
            shard.EnsureSlot(entry);
            Assert.Equal(Joining.Joined, shard.TryJoin(entry, tenants.Hold("acme"), pastClaim: false, out _));
        }

        Assert.Equal(ticks, clock.Tick - tick);
    }

    // Victims

    [Fact]
    public void PublishesTheStampOfItsFirstEntryAndNothingWhenEmpty()
    {
        Assert.Equal(Shard.NoVictim, _shard.Bound);
        _clock.AdvanceBeat(0, now: 0);
        var first = Insert("first");
        _clock.AdvanceBeat(0, now: 0);
        var second = Insert("second");
        Assert.Equal(2, _shard.Bound);

        _shard.Remove(first);
        _shard.Remove(second);
        Assert.Equal(Shard.NoVictim, _shard.Bound);

        Insert("third");
        Assert.Equal(3, _shard.Bound);
        Evict();
        Assert.Equal(Shard.NoVictim, _shard.Bound);
    }

    [Fact]
    public void NoVictimIsOlderThanThePublishedBound()
    {
        InsertMany(100, ticks: true);
        var random = new Random(1);
        for (var i = 0; i < 1_000; i++)
        {
            Insert($"new {i}");
            _clock.AdvanceBeat(100, now: 0);
            _shard.Stamp(SlotEntries().ElementAt(random.Next(100)), _clock.Epoch);
            var bound = _shard.Bound;
            var victim = Peek();
            Assert.InRange(bound, 0, SlotOf(victim).Stamp);
            _shard.EvictPeeked(victim, Change.EvictionForEntries);
        }
    }

    [Fact]
    public void TheBoundIsTheStampOfTheNextVictimAsSoonAsThatIsKnown()
    {
        var entries = InsertMany(4, ticks: true);
        _clock.AdvanceBeat(0, now: 0);
        _shard.Stamp(entries[0], _clock.Epoch);

        var first = Peek();
        Assert.Same(entries[1], first);
        Assert.Equal(SlotOf(entries[1]).Stamp, _shard.Bound);

        _shard.EvictPeeked(first, Change.EvictionForEntries);
        Assert.Equal(SlotOf(entries[2]).Stamp, _shard.Bound);
    }

    [Fact]
    public void LookingForAVictimRanksOnceAtMost()
    {
        InsertMany(4);
        _shard.EnsureRanking();

        var mayRank = false;
        Assert.False(_shard.TryPeekVictim(keep: null, ref mayRank, out _, out _));

        mayRank = true;
        Assert.True(_shard.TryPeekVictim(keep: null, ref mayRank, out _, out _));
        Assert.False(mayRank);
    }

    [Fact]
    public void TheEntryToKeepIsNoVictimEvenAsTheLastOne()
    {
        var a = Insert("a");
        _clock.AdvanceBeat(0, now: 0);
        var b = Insert("b");

        Assert.Same(b, Peek(keep: a));
        _shard.EvictPeeked(b, Change.EvictionForEntries);

        var mayRank = true;
        Assert.False(_shard.TryPeekVictim(a, ref mayRank, out _, out _));
    }

    [Fact]
    public void WhatTakesAVictimsSlotWithinItsTickIsNotTheNextVictim()
    {
        var entries = InsertMany(4);
        var first = Evict();

        var inItsSlot = Insert("in its slot");

        Assert.Equal(first.Slot, inItsSlot.Slot);
        Assert.Equal(entries[1..], Enumerable.Range(0, 3).Select(_ => Evict()));
    }

    [Fact]
    public void AVictimOnProbationIsNotCountedAsOneAnyMore()
    {
        var total = new ProbationTotal();
        var tenants = new ShardDirectory(2_000, _clock, _room).Tenants;
        var shard = new Shard(0, new ShardContext(_clock, _room, tenants, MaxShardEntries: 2_000, total));
        Insert(shard, "a");
        Insert(shard, "b");
        shard.TellProbation();
        Assert.Equal(2, total.Count);

        var mayRank = false;
        Assert.True(shard.TryPeekVictimOnProbation(keep: null, ref mayRank, out var victim, out _));
        var reason = Change.EvictionForEntries;
        shard.EvictPeeked(victim, onProbation: true, default, ref reason);

        shard.TellProbation();
        Assert.Equal(1, total.Count);
    }

    [Fact]
    public void AVictimOnProbationLeavesTheRankingAsItIs()
    {
        var clock = new RecencyClock(isExact: true);
        var tenants = new ShardDirectory(2_000, clock, _room).Tenants;
        var shard = new Shard(0, new ShardContext(clock, _room, tenants, MaxShardEntries: 2_000, new ProbationTotal()));
        var oldest = Insert(shard, "oldest");
        Insert(shard, "another");
        shard.StampExactly(oldest);
        shard.Remove(shard.Find("another", HashOf("another"))!);
        var onProbation = Insert(shard, "on probation");
        Assert.Same(oldest, Peek(shard, keep: null));

        var mayRank = false;
        Assert.True(shard.TryPeekVictimOnProbation(keep: null, ref mayRank, out var victim, out _));
        Assert.Same(onProbation, victim);
        var reason = Change.EvictionForEntries;
        shard.EvictPeeked(victim, onProbation: true, default, ref reason);

        Assert.True(shard.TryPeekVictim(keep: null, ref mayRank, out victim, out _));
        Assert.Same(oldest, victim);
    }

    [Fact]
    public void InExactOrderTheVictimIsAlwaysTheLeastRecentlyUsed() =>
        Gen.Select(Gen.Int[0, 4], Gen.Int[0, 999]).List[0, 400].Sample(steps =>
        {
            var shard = Make(new RecencyClock(isExact: true));
            var order = new List<Entry>();
            foreach (var (step, number) in steps)
            {
                var entry = order.Count == 0 ? null : order[number % order.Count];
                switch (step)
                {
                    case 0 or 1:
                        order.Add(Insert(shard, $"{number}:{shard.Changes()[Change.Set]}"));
                        break;
                    case 2 when entry is not null:
                        shard.StampExactly(entry);
                        order.Remove(entry);
                        order.Add(entry);
                        break;
                    case 3 when entry is not null:
                        order.Remove(entry);
                        order.Add(Overwrite(shard, entry));
                        break;
                    case 4 when entry is not null:
                        // As a Set does: it makes room, not from its own key's entry, and then overwrites that.
                        var keep = number % 3 == 0 ? entry : null;
                        var victim = order.Find(candidate => candidate != keep);
                        if (!ReferenceEquals(victim, Peek(shard, keep)))
                            return false;

                        if (victim is not null)
                        {
                            shard.EvictPeeked(victim, Change.EvictionForEntries);
                            order.Remove(victim);
                        }

                        if (keep is not null)
                        {
                            order.Remove(keep);
                            order.Add(Overwrite(shard, keep));
                        }

                        break;
                }
            }

            return shard.Count == order.Count;
        });

    [Fact]
    public void AChainLosesItsOldest()
    {
        var used = Insert("used", hash: 1);
        var oldest = Insert("oldest", hash: 1);
        Insert("elsewhere", hash: 2);
        _clock.AdvanceBeat(0, now: 0);
        Insert("young", hash: 1);
        _shard.Stamp(used, _clock.Epoch);

        Assert.Equal(RoomAmount.Of(oldest), _shard.EvictFromChain(1, default));

        Assert.Null(_shard.Find("oldest", 1));
        Assert.Equal(3, _shard.Count);
    }

    [Fact]
    public void OfAChainsEntriesOfOneTickTheFirstGoes()
    {
        Insert("first", hash: 1);
        Insert("second", hash: 1);

        _shard.EvictFromChain(1, default);

        Assert.Null(_shard.Find("first", 1));
        Assert.NotNull(_shard.Find("second", 1));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void WhetherItsOldestIsOldEnoughIsRememberedForABeat(bool onProbation)
    {
        Assert.Null(_shard.WasOldEnough(0, onProbation));

        _shard.RememberOldEnough(1, onProbation, isOldEnough: true);
        Assert.True(_shard.WasOldEnough(1, onProbation));
        Assert.Null(_shard.WasOldEnough(2, onProbation));

        _shard.RememberOldEnough(2, onProbation, isOldEnough: false);
        Assert.False(_shard.WasOldEnough(2, onProbation));
        Assert.Null(_shard.WasOldEnough(1, onProbation));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void ThatIsRememberedOfEachClassHoweverTheyAlternate(bool onProbation)
    {
        _shard.RememberOldEnough(1, onProbation, isOldEnough: true);
        Assert.Null(_shard.WasOldEnough(1, !onProbation));

        _shard.RememberOldEnough(1, !onProbation, isOldEnough: false);
        Assert.True(_shard.WasOldEnough(1, onProbation));
        Assert.False(_shard.WasOldEnough(1, !onProbation));

        _shard.RememberOldEnough(2, !onProbation, isOldEnough: true);
        Assert.True(_shard.WasOldEnough(1, onProbation));
        Assert.Null(_shard.WasOldEnough(2, onProbation));
    }

    // Expiry

    [Fact]
    public void NothingMayHaveExpiredBeforeTheFirstIsDue()
    {
        Insert("never");
        Assert.False(_shard.MayHaveExpired(After(1_000_000)));

        Insert("late", sliding: TimeSpan.FromSeconds(100));
        Insert("early", sliding: TimeSpan.FromSeconds(10));
        Assert.False(_shard.MayHaveExpired(After(9)));
        Assert.True(_shard.MayHaveExpired(After(10)));
    }

    [Fact]
    public void ReclaimsExactlyWhatHasExpired()
    {
        var expired = Enumerable.Range(0, 100).Select(i => Insert($"expired {i}", sliding: TimeSpan.FromSeconds(10))).ToArray();
        var alive = Insert("alive", sliding: TimeSpan.FromSeconds(11));
        var used = (ExpiringEntry)Insert("used", sliding: TimeSpan.FromSeconds(10));
        var never = Insert("never");
        used.TryUse(After(5));

        var freed = _shard.ReclaimExpired(After(10), keep: null, int.MaxValue);

        Assert.Equal(expired.Aggregate(RoomAmount.None, (sum, entry) => sum + RoomAmount.Of(entry)), freed);
        Assert.Equal([alive, used, never], SlotEntries());
        Assert.Equal(100, _shard.Changes()[Change.EvictionExpired]);
    }

    [Fact]
    public void AfterReclaimingNothingMayHaveExpiredUntilTheNextIsDue()
    {
        Insert("expired", sliding: TimeSpan.FromSeconds(10));
        Insert("next", sliding: TimeSpan.FromSeconds(20));
        var used = (ExpiringEntry)Insert("used", sliding: TimeSpan.FromSeconds(10));
        used.TryUse(After(9));

        _shard.ReclaimExpired(After(10), keep: null, int.MaxValue);

        Assert.False(_shard.MayHaveExpired(After(18)));
        Assert.True(_shard.MayHaveExpired(After(19)));
    }

    [Fact]
    public void TheEntryToKeepIsNotReclaimed()
    {
        var keep = Insert("keep", sliding: TimeSpan.FromSeconds(10));
        Insert("other", sliding: TimeSpan.FromSeconds(10));

        Assert.Equal(1, _shard.ReclaimExpired(After(10), keep, int.MaxValue).Entries);

        Assert.Equal([keep], SlotEntries());
        Assert.True(_shard.MayHaveExpired(After(10)));
    }

    [Fact]
    public void LooksCloserAtSoManyAtMostAndAtTheRestTheNextTime()
    {
        for (var i = 0; i < 150; i++)
            Insert($"{i}", sliding: TimeSpan.FromSeconds(10));

        Assert.Equal([64, 64, 22, 0], Enumerable.Range(0, 4).Select(_ => (int)_shard.ReclaimExpired(After(10), keep: null, 64).Entries));
    }

    [Theory]
    [InlineData(8)]
    [InlineData(9)]
    public void LooksIntoSoManyChunksAtMostAndIntoTheRestTheNextTime(int chunks)
    {
        for (var i = 0; i < chunks * SlotChunk.Length; i++)
            Insert($"used {i}", sliding: TimeSpan.FromSeconds(10));
        Insert("expired", sliding: TimeSpan.FromSeconds(10));
        foreach (var used in SlotEntries().SkipLast(1))
            ((ExpiringEntry)used).TryUse(After(1));

        Assert.Equal(0, _shard.ReclaimExpired(After(10), keep: null, int.MaxValue).Entries);
        Assert.Equal(1, _shard.ReclaimExpired(After(10), keep: null, int.MaxValue).Entries);
    }

    [Fact]
    public void GoesOnInTheChunkInWhichItStopped()
    {
        var entries = Enumerable.Range(0, 10 * SlotChunk.Length).Select(i => Insert($"{i}", sliding: TimeSpan.FromSeconds(10))).ToArray();

        _shard.ReclaimExpired(After(10), keep: null, 10);
        _shard.ReclaimExpired(After(10), keep: null, 10);

        Assert.Equal(entries[20..], SlotEntries());
    }

    // A due time is coarser than a deadline: what is due at that moment may still be alive for a while.
    [Fact]
    public void WhatIsDueButAliveKeepsNobodyFromWhatHasExpired()
    {
        for (var i = 0; i < 200; i++)
            Insert($"alive {i}", sliding: TimeSpan.FromSeconds(10) + TimeSpan.FromTicks(1));
        Insert("expired", sliding: TimeSpan.FromSeconds(10));

        var freed = Enumerable.Range(0, 5).Sum(_ => _shard.ReclaimExpired(After(10), keep: null, 64).Entries);

        Assert.Equal(1, freed);
    }

    [Fact]
    public void ASweepOfAChunkReclaimsWhatHasExpiredInIt()
    {
        for (var i = 0; i < SlotChunk.Length + 10; i++)
            Insert($"{i}", sliding: TimeSpan.FromSeconds(10));

        Assert.Equal(0, _shard.SweepChunk(0, After(9), everyDeadline: false).Entries);
        Assert.Equal(10, _shard.SweepChunk(1, After(10), everyDeadline: false).Entries);
        Assert.Equal(SlotChunk.Length, _shard.SweepChunk(0, After(10), everyDeadline: false).Entries);
        Assert.Equal(0, _shard.SweepChunk(_shard.Chunks.Length, After(10), everyDeadline: false).Entries);
        Assert.Equal(0, _shard.SweepChunk(7, After(10), everyDeadline: false).Entries);
        Assert.Equal(0, _shard.Count);
    }

    [Fact]
    public void WhenUtcMovedASweepLooksAtDeadlinesThatAreNotDue()
    {
        var absolute = new ExpiringEntry("absolute", 1, [], new Deadlines(After(100).Utc, Deadlines.None), s_start);
        Link(_shard, absolute, replaced: null, countsForRecency: false);
        var moved = After(1) with { Utc = After(100).Utc };

        Assert.Equal(0, _shard.SweepChunk(0, moved, everyDeadline: false).Entries);
        Assert.Equal(1, _shard.SweepChunk(0, moved, everyDeadline: true).Entries);
    }

    private static Now After(double seconds)
    {
        var ticks = s_start.Monotonic + TimeSpan.FromSeconds(seconds).Ticks;
        return new Now(ticks, ticks);
    }

    private static Entry Insert(Shard shard, string key) => Link(shard, new Entry(key, HashOf(key), []), replaced: null, countsForRecency: false);

    private static Entry Overwrite(Shard shard, Entry old) => Link(shard, new Entry(old.Key, old.Hash, []), old, countsForRecency: false);

    private static Entry Link(Shard shard, Entry entry, Entry? replaced, bool countsForRecency)
    {
        shard.GrowIndex();
        shard.Put(entry, replaced, s_start, countsForRecency);
        return entry;
    }

    private static Entry? Peek(Shard shard, Entry? keep)
    {
        shard.EnsureRanking();
        var mayRank = true;
        return shard.TryPeekVictim(keep, ref mayRank, out var victim, out _) ? victim : null;
    }

    private static int HashOf(string key) => (int)new KeyHasher(1).Hash(key);

    private Shard Make(RecencyClock clock) => new(0, new ShardContext(clock, _room, new ShardDirectory(2_000, clock, _room).Tenants, MaxShardEntries: 2_000));

    private Entry Insert(string key, int? hash = null, TimeSpan? sliding = null, bool countsForRecency = false)
    {
        var chosen = hash ?? HashOf(key);
        return Link(
            _shard,
            sliding is { Ticks: var window } ? new ExpiringEntry(key, chosen, [], new Deadlines(Deadlines.None, window), s_start) : new Entry(key, chosen, []),
            replaced: null,
            countsForRecency);
    }

    private Entry[] InsertMany(int count, bool ticks = false) => [.. Enumerable.Range(0, count).Select(i =>
    {
        if (ticks)
            _clock.AdvanceBeat(0, now: 0);
        return Insert($"many {i}");
    })];

    private Entry Overwrite(Entry old) => Overwrite(_shard, old);

    private Entry Peek(Entry? keep = null) => Peek(_shard, keep)!;

    private Entry Evict(Change reason = Change.EvictionForEntries)
    {
        var victim = Peek();
        _shard.EvictPeeked(victim, reason);
        return victim;
    }

    private ref Slot SlotOf(Entry entry) => ref _shard.Chunks[entry.Slot >> SlotChunk.Shift]![entry.Slot];

    private IEnumerable<Entry> SlotEntries() =>
        from chunk in _shard.Chunks
        where chunk is not null
        from i in Enumerable.Range(0, SlotChunk.Length)
        let entry = chunk[i].Entry
        where entry is not null
        select entry;
}
