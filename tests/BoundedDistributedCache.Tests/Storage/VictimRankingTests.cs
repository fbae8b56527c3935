using BoundedCache.Storage;
using BoundedCache.Tests.Support;
using CsCheck;

namespace BoundedCache.Tests.Storage;

public sealed class VictimRankingTests
{
    private readonly SlotTable _slots = new();
    private readonly VictimRanking _ranking = new();

    [Fact]
    public void BeginsWithoutAVictim()
    {
        Fill(3, 1, 2);

        Assert.Empty(Drain());
    }

    [Fact]
    public void RanksTheOlderHalfInOrderOfAge() =>
        Gen.Long[1, 40].Array[1, 200].Sample(stamps =>
        {
            var slots = new SlotTable();
            var ranking = new VictimRanking();
            Fill(slots, stamps);
            ranking.EnsureCapacity(stamps.Length);
            ranking.Rank(slots, stamps.Length, tick: 40, ticksPerAge: 1);

            var expected = stamps.Select((stamp, slot) => (stamp, slot)).Order()
                .Take(Math.Max(stamps.Length / 2, Math.Min(stamps.Length, VictimRanking.VictimsPerVisit))).ToArray();
            return Drain(slots, ranking).SequenceEqual(expected) && ranking.NextStamp == expected[^1].stamp;
        });

    [Fact]
    public void RanksTheOlderHalfOfManyInOrderOfAge() =>
        Gen.Long[100, 400].Array[257, 1_000].Sample(stamps =>
        {
            var slots = new SlotTable();
            var ranking = new VictimRanking();
            Fill(slots, stamps);
            ranking.EnsureCapacity(stamps.Length);
            ranking.Rank(slots, stamps.Length, tick: 400, ticksPerAge: 1);

            var expected = stamps.Select((stamp, slot) => (stamp, slot)).Order().Take(stamps.Length / 2).ToArray();
            return Drain(slots, ranking).SequenceEqual(expected) && ranking.NextStamp == expected[^1].stamp;
        });

    [Fact]
    public void StampsAreToldAsTheyAreHoweverFarTheClockIs()
    {
        const long Tick = 1L << 50;
        Fill(Enumerable.Range(0, 16).Select(i => Tick - 16 + i));
        _ranking.EnsureCapacity(16);
        _ranking.Rank(_slots, 16, Tick, ticksPerAge: 1);

        Assert.Equal(Tick - 16, _ranking.NextStamp);
        Assert.True(_ranking.TryPeek(_slots, keep: null, evenIfUsedSince: false, out _, out var stamp));
        Assert.Equal(Tick - 16, stamp);
    }

    [Fact]
    public void OfManyWhatIsVeryOldGoesBeforeWhatIsNew()
    {
        const long Tick = 1L << 40;
        Fill(Enumerable.Range(0, 600).Select(i => i < 100 ? i : Tick - 600 + i));
        _ranking.EnsureCapacity(600);
        _ranking.Rank(_slots, 600, Tick, ticksPerAge: 1);

        Assert.Equal(Enumerable.Range(0, 300), Drain().Select(victim => victim.Slot));
    }

    [LongFact]
    public void WhatReadersStampBetweenTheScansLeavesNoGap()
    {
        Fill(Enumerable.Range(0, 2_000).Select(i => 1_000L + (i / 10)));
        _ranking.EnsureCapacity(2_000);
        for (var round = 0; round < 100; round++)
        {
            Concurrently.During(
                () =>
                {
                    for (var slot = round % 3; slot < 2_000; slot += 3)
                        Volatile.Write(ref _slots[slot].Stamp, 1_200 + round);
                },
                () =>
                {
                    _ranking.Rank(_slots, 2_000, tick: 1_300, ticksPerAge: 1);
                    var victims = Drain();
                    Assert.Equal(victims.Count, victims.Select(victim => victim.Slot).Distinct().Count());
                    Assert.Equal(victims.Select(victim => victim.Stamp).Order(), victims.Select(victim => victim.Stamp));
                    Assert.Equal(0, victims.Count(victim => victim.Stamp < 1_000));
                });
            for (var slot = 0; slot < 2_000; slot++)
                _slots[slot].Stamp = 1_000 + (slot / 10);
        }
    }

    [Theory]
    [InlineData(20)]
    [InlineData(256)]
    public void FewAreToldApartHoweverFarApartTheyAre(int count)
    {
        Fill(Enumerable.Range(1, count).Select(i => 1_000_000L - (1_000 * i)));
        _ranking.EnsureCapacity(count);
        _ranking.Rank(_slots, count, tick: 1_000_000, ticksPerAge: 1);

        Assert.Equal(Enumerable.Range(0, count).Reverse().Take(count / 2), Drain().Select(victim => victim.Slot));
    }

    [Fact]
    public void OfManyWhatReadersStampAfterTheClockWasReadIsNewest()
    {
        Fill(Enumerable.Range(0, 300).Select(i => i < 150 ? 1_010L : 999L));
        _ranking.EnsureCapacity(300);
        _ranking.Rank(_slots, 300, tick: 1_000, ticksPerAge: 1);

        Assert.Equal(Enumerable.Range(150, 150), Drain().Select(victim => victim.Slot));
    }

    // The oldest are in the last chunk, so there is the time of a whole scan between two looks at them.
    [Fact]
    public void WhereReadersStampedEveryCandidateBetweenTheScansAnyEntryIsTheVictim()
    {
        const int Count = 400;
        const int FirstOccupied = SlotChunk.Length + 1;
        Fill(Enumerable.Range(0, FirstOccupied + Count).Select(_ => 500L));
        for (var slot = 0; slot < FirstOccupied; slot++)
            _slots.Free(slot);

        var deadline = Deadline.Token;
        var spins = 1;
        Concurrently.During(
            () =>
            {
                for (var seen = 0; seen < 10;)
                {
                    deadline.ThrowIfCancellationRequested();
                    _ranking.Rank(_slots, Count, tick: 1_000, ticksPerAge: 1);
                    Assert.True(_ranking.TryPeek(_slots, keep: null, evenIfUsedSince: true, out var slot, out _));
                    _ranking.Take();
                    var isOnly = !_ranking.TryPeek(_slots, keep: null, evenIfUsedSince: true, out _, out _);
                    seen += isOnly && slot == FirstOccupied ? 1 : 0;
                }
            },
            () =>
            {
                StampOldest(1);
                StampOldest(1_000);
            });

        void StampOldest(long stamp)
        {
            spins = (spins * 5 % 997) + 1;
            for (var i = 1; i <= VictimRanking.VictimsPerVisit; i++)
                Volatile.Write(ref _slots[FirstOccupied + Count - i].Stamp, stamp);
            Thread.SpinWait(spins);
        }
    }

    [Fact]
    public void WhereTheClockIsFastTicksOfOneAgeAreNotToldApart()
    {
        Fill(Enumerable.Range(0, 1_000).Select(i => 1_000_000L + (64 * (999 - i))));
        _ranking.EnsureCapacity(1_000);
        _ranking.Rank(_slots, 1_000, tick: 1_064_000, ticksPerAge: 250);

        var victims = Drain();
        Assert.Equal(500, victims.Count);
        Assert.Equal(victims.Select(victim => victim.Stamp / 128).Order(), victims.Select(victim => victim.Stamp / 128));
        Assert.All(victims, victim => Assert.InRange(victim.Slot, 498, 999));
    }

    [Fact]
    public void WithoutMemoryForHalfOfThemItRanksTheOldestThatItCan()
    {
        Fill([.. Enumerable.Range(1, 600)]);
        _ranking.Rank(_slots, 600, tick: 600, ticksPerAge: 1);

        Assert.Equal(Enumerable.Range(0, VictimRanking.VictimsPerVisit), Drain().Select(victim => victim.Slot));
    }

    [Fact]
    public void PassesOverWhatWasUsedSince()
    {
        Rank(5, 6, 7);
        _slots[0].Stamp = 8;

        Assert.Equal([(6, 1), (7, 2)], Drain());
    }

    [Fact]
    public void PassesOverWhatIsGoneAndWhoeverHasItsSlotNow()
    {
        Rank(5, 6, 7);
        _slots.Free(0);
        _slots.Free(1);
        Fill(8);

        Assert.Equal([(7, 2)], Drain());
    }

    [Fact]
    public void PassesOverWhatIsInADroppedChunk()
    {
        Rank([.. Enumerable.Range(1, 3 * SlotChunk.Length)]);
        for (var slot = 0; slot < 3 * SlotChunk.Length; slot++)
        {
            if (slot != 7)
                _slots.Free(slot);
        }

        Assert.Equal([(8, 7)], Drain());
    }

    [Fact]
    public void PassesOverTheEntryThatIsToBeKept()
    {
        Rank(5, 6);
        var keep = _slots[0].Entry;

        Assert.True(_ranking.TryPeek(_slots, keep, evenIfUsedSince: true, out var slot, out var stamp));
        Assert.Equal((6, 1), (stamp, slot));
    }

    [Fact]
    public void TheOldestOfAFreshRankingIsAVictimEvenIfUsedAtThatVeryMoment()
    {
        Rank(5, 6);
        _slots[0].Stamp = 7;

        Assert.True(_ranking.TryPeek(_slots, keep: null, evenIfUsedSince: true, out var slot, out var stamp));
        Assert.Equal((5, 0), (stamp, slot));
    }

    [Fact]
    public void LookingAtAVictimTakesNothing()
    {
        Rank(5, 6);

        _ranking.TryPeek(_slots, keep: null, evenIfUsedSince: false, out var first, out _);
        _ranking.TryPeek(_slots, keep: null, evenIfUsedSince: false, out var again, out _);

        Assert.Equal(first, again);
    }

    [Fact]
    public void NoVictimToComeIsOlderThanTheNextStamp()
    {
        Rank([.. Enumerable.Range(1, 40)]);

        Assert.Equal(1, _ranking.NextStamp);
        _ranking.Take();
        Assert.Equal(2, _ranking.NextStamp);
        Drain();
        Assert.Equal(20, _ranking.NextStamp);
    }

    [Fact]
    public void MoreCapacityLosesNothingOfTheQueue()
    {
        Rank(5, 6, 7);
        _ranking.Take();

        _ranking.EnsureCapacity(1_000);

        Assert.Equal([(6, 1), (7, 2)], Drain());
    }

    [Fact]
    public void TrimmingForgetsTheQueueButNotHowOldItsVictimsWere()
    {
        Rank([.. Enumerable.Range(1, 40)]);
        _ranking.Take();

        _ranking.Trim(count: 8);

        Assert.Equal(2, _ranking.NextStamp);
        Assert.Empty(Drain());
    }

    [Theory]
    [InlineData(112, false)]
    [InlineData(110, true)]
    public void TrimmingGivesABufferBackThatIsMoreThanFourTimesTooLong(int count, bool givesBack)
    {
        _ranking.EnsureCapacity(400);

        _ranking.Trim(count);

        var before = GC.GetAllocatedBytesForCurrentThread();
        _ranking.EnsureCapacity(count);
        Assert.Equal(givesBack, GC.GetAllocatedBytesForCurrentThread() > before);
    }

    [Fact]
    public void TrimmingLeavesABufferThatIsNeeded()
    {
        Rank([.. Enumerable.Range(1, 40)]);

        _ranking.Trim(count: 12);

        Assert.Equal(20, Drain().Count);
    }

    [Fact]
    public void RankingAllocatesNothingOnceThereIsRoomForIt()
    {
        Fill([.. Enumerable.Range(1, 500)]);
        _ranking.EnsureCapacity(500);

        Assert.Equal(0, Allocated.By(() => _ranking.Rank(_slots, 500, tick: 500, ticksPerAge: 1)));
    }

    // Stamps beyond what a rank holds count from a floor; what readers stamp while the ranking runs is beyond the tick.
    [Fact]
    public void RanksByAgeHoweverFarTheClockHasGot()
    {
        const long Tick = 1L << 50;
        Fill(1, Tick - 5, Tick + 7, Tick - 6);
        _ranking.EnsureCapacity(4);
        _ranking.Rank(_slots, 4, Tick, ticksPerAge: 1);

        Assert.Equal([0, 3, 1, 2], Drain().Select(victim => victim.Slot));
    }

    private void Rank(params int[] stamps)
    {
        Fill([.. stamps]);
        _ranking.EnsureCapacity(stamps.Length);
        _ranking.Rank(_slots, stamps.Length, stamps.Max(), ticksPerAge: 1);
    }

    private void Fill(params IEnumerable<long> stamps) => Fill(_slots, stamps);

    private void Fill(params int[] stamps) => Fill(_slots, stamps.Select(stamp => (long)stamp));

    private static void Fill(SlotTable slots, IEnumerable<long> stamps)
    {
        foreach (var stamp in stamps)
        {
            Entry entry = new("key", 1, []);
            slots.EnsureFree(entry);
            var slot = slots.Take(entry);
            slots[slot].Stamp = stamp;
            slots[slot].Entry = entry;
        }
    }

    private List<(long Stamp, int Slot)> Drain() => Drain(_slots, _ranking);

    private static List<(long Stamp, int Slot)> Drain(SlotTable slots, VictimRanking ranking)
    {
        var victims = new List<(long, int)>();
        while (ranking.TryPeek(slots, keep: null, evenIfUsedSince: false, out var slot, out var stamp))
        {
            victims.Add((stamp, slot));
            ranking.Take();
        }

        return victims;
    }
}
