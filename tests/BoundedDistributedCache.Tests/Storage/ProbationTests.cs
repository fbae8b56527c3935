using System.Reflection;
using BoundedCache.Storage;
using BoundedCache.Tests.Support;

namespace BoundedCache.Tests.Storage;

public sealed class ProbationTests
{
    private readonly ProbationTotal _total = new();
    private readonly SlotTable _slots = new();
    private readonly Probation _probation;
    private HeldWork _work;
    private long _tick;

    private const int Entries = 32;
    private const int Held = 3_200;

    public ProbationTests() => _probation = new Probation(_total);

    [Fact]
    public void MarksTheStampOfAnInsertion()
    {
        Entry entry = Insert("key");

        Assert.True(Slot.IsMarked(_slots[entry.Slot].Stamp));
        Assert.Equal(1, _slots[entry.Slot].LastUse);
    }

    [Fact]
    public void GivesThemUpInTheOrderOfTheirInsertion()
    {
        Entry[] entries = [.. Enumerable.Range(0, 100).Select(i => Insert($"key{i}"))];

        Assert.All(entries, entry => Assert.Same(entry, Take()));
        Assert.Null(_probation.Peek(_slots, keep: null, ref _work, out long stamp));
        Assert.Equal(Shard.NoVictim, stamp);
        Assert.Equal(Shard.NoVictim, _probation.Bound);
    }

    [Fact]
    public void PassesOverWhatWasUsedLeftOrBelongsToAnother()
    {
        Entry used = Insert("used");
        Entry gone = Insert("gone");
        Entry next = Insert("next");
        Use(used);
        _slots.Free(gone.Slot);
        Entry inItsSlot = Insert("in its slot");
        Assert.Equal(gone.Slot, inItsSlot.Slot);

        Assert.Same(next, Take());
        Assert.Same(inItsSlot, Take());
        Assert.Equal(0, _probation.Length);
    }

    [Fact]
    public void WhatComesAndLeavesWithinATickLeavesNothingBehind()
    {
        _tick = 7;
        for (int i = 0; i < 100; i++)
        {
            _slots.Free(InsertInTick("token" + i).Slot);
        }

        Entry stays = InsertInTick("stays");

        Assert.Equal(1, _probation.Length);
        Assert.Same(stays, Take());
    }

    [Fact]
    public void WhatTakesAnothersPlaceWithinATickTakesItsPlaceInTheQueueToo()
    {
        _tick = 7;
        Entry gone = InsertInTick("gone");
        Entry second = InsertInTick("second");
        _slots.Free(gone.Slot);
        Entry inItsPlace = InsertInTick("in its place");

        Assert.Equal(2, _probation.Length);
        Assert.Same(inItsPlace, Take());
        Assert.Same(second, Take());
    }

    [Fact]
    public void WhatWasTakenFromTheQueueWithinItsTickIsQueuedAnew()
    {
        _tick = 7;
        Entry first = InsertInTick("first");
        Entry[] others = [.. Enumerable.Range(0, 7).Select(i => InsertInTick($"other{i}"))];
        Assert.Same(first, Take());
        _slots.Free(first.Slot);
        Entry second = InsertInTick("second");
        Assert.Equal(first.Slot, second.Slot);

        Assert.Equal(8, _probation.Length);
        Assert.All([.. others, second], entry => Assert.Same(entry, Take()));
    }

    [Fact]
    public void TheEntryThatIsToStayIsNoVictimAndStaysInTheQueue()
    {
        Entry own = Insert("own");
        Entry other = Insert("other");

        Assert.Same(other, _probation.Peek(_slots, own, ref _work, out _));
        _probation.Take();
        Use(Insert("used"));
        Assert.Null(_probation.Peek(_slots, own, ref _work, out _));
        Assert.Equal(Shard.NoVictim, _probation.Bound);
        Assert.Same(own, _probation.Peek(_slots, keep: null, ref _work, out _));
    }

    [Fact]
    public void PassesOverABoundedNumberInOneHoldAndGoesOnInTheNext()
    {
        Entry[] used = [.. Enumerable.Range(0, 100).Select(i => Insert($"used{i}"))];
        Entry oldest = Insert("oldest");
        Array.ForEach(used, Use);

        Assert.Null(_probation.Peek(_slots, keep: null, ref _work, out long stamp));
        Assert.Null(_probation.Peek(_slots, keep: null, ref _work, out _));

        Assert.Equal((Shard.NoVictim, 1), (stamp, _probation.Bound));
        Assert.Equal(101 - Shard.LongestBatch, _probation.Length);
        _work.Begin();
        Assert.Same(oldest, _probation.Peek(_slots, keep: null, ref _work, out _));
    }

    [Fact]
    public void ThePublishedBoundIsNeverYoungerThanTheOldest()
    {
        Entry first = Insert("first");
        Insert("second");
        Assert.Equal(1, _probation.Bound);

        Use(first);
        _probation.Peek(_slots, keep: null, ref _work, out _);

        Assert.Equal(2, _probation.Bound);
    }

    public static TheoryData<string> WaysToDrain => ["taken", "weeded", "weeded a few at a time", "trimmed"];

    [Theory]
    [MemberData(nameof(WaysToDrain))]
    public void AQueueThatRanEmptyPublishesNoneUntilTheNextInsertion(string way)
    {
        Entry[] entries = [.. Enumerable.Range(0, 90).Select(i => Insert($"key{i}"))];
        if (way == "taken")
        {
            Assert.All(entries, entry => Assert.Same(entry, Take()));
        }
        else
        {
            Assert.All(entries, Use);
        }

        switch (way)
        {
            case "weeded":
                _probation.Weed(_slots);
                break;
            case "weeded a few at a time":
                for (int i = 0; i < 45; i++)
                {
                    _probation.WeedSome(_slots, Held);
                }

                break;
            case "trimmed":
                _probation.Trim(_slots, 90);
                break;
        }

        Assert.Equal(0, _probation.Length);
        Assert.Equal(Shard.NoVictim, _probation.Bound);
        Insert("next");
        Assert.Equal(_tick, _probation.Bound);
    }

    [Fact]
    public void WeedingDropsWhatIsOnProbationNoMoreAndKeepsTheOrder()
    {
        Entry[] entries = [.. Enumerable.Range(0, 90).Select(i => Insert($"key{i}"))];
        foreach (Entry entry in entries.Where((_, i) => i % 3 != 0))
        {
            Use(entry);
        }

        _probation.Weed(_slots);

        Assert.Equal(30, _probation.Length);
        Assert.All(entries.Where((_, i) => i % 3 == 0), entry => Assert.Same(entry, Take()));
    }

    [Fact]
    public void AFewAreWeededAtATimeUntilAllThatAreOnProbationNoMoreAreDropped()
    {
        Entry[] entries = [.. Enumerable.Range(0, 90).Select(i => Insert($"key{i}"))];
        foreach (Entry entry in entries.Where((_, i) => i % 3 != 0))
        {
            Use(entry);
        }

        _probation.WeedSome(_slots, Held);
        Assert.Equal(89, _probation.Length);
        for (int i = 1; i < 45; i++)
        {
            _probation.WeedSome(_slots, Held);
        }

        Assert.Equal(30, _probation.Length);
        Use(entries[30]);
        Assert.All(entries.Where((_, i) => i % 3 == 0 && i != 30), entry => Assert.Same(entry, Take()));
        Assert.Null(Take());
        Assert.Equal(0, _probation.Length);
    }

    [Fact]
    public void WhereTwiceTheShareIsQueuedLooksNowAndThenUntilItFindsWhatIsOnProbationNoMore()
    {
        Entry[] entries = [.. Enumerable.Range(0, 50).Select(i => Insert($"key{i}"))];
        WeedSome(times: 1, held: 100);
        Array.ForEach(entries, Use);

        WeedSome(times: 7, held: 100);
        Assert.Equal(50, _probation.Length);
        WeedSome(times: 1, held: 100);
        Assert.Equal(48, _probation.Length);
        WeedSome(times: 2, held: 100);
        Assert.Equal(44, _probation.Length);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void WhereLessIsQueuedLooksEachTimeWhetherToldOrNot(bool isTold)
    {
        Entry[] entries = [.. Enumerable.Range(0, 50).Select(i => Insert($"key{i}"))];
        if (isTold)
        {
            _probation.Tell();
        }

        WeedSome(times: 1, held: 200);
        Array.ForEach(entries, Use);

        WeedSome(times: 1, held: 200);

        Assert.Equal(48, _probation.Length);
    }

    [Fact]
    public void WeedingAFewGoesOnWhereItWasThoughTheOldestAreTaken()
    {
        Entry[] entries = [.. Enumerable.Range(0, 10).Select(i => Insert($"key{i}"))];
        WeedSome(times: 1, Held);
        Take();
        Array.ForEach(entries[2..4], Use);

        WeedSome(times: 1, Held);

        Assert.Equal(7, _probation.Length);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void WeedingAFewAgreesWithAPlainListWhateverComes(int seed)
    {
        Random random = new(seed);
        List<Entry> reference = [];
        for (int i = 0; i < 5_000; i++)
        {
            switch (random.Next(6))
            {
                case 0 or 1 when reference.Count < 300:
                    reference.Add(Insert($"key{i}"));
                    break;
                case 2 when reference.Count > 0:
                    Entry? oldest = Take();
                    Assert.Same(reference[0], oldest);
                    reference.RemoveAt(0);
                    _slots.Free(oldest!.Slot);
                    break;
                case 3 when reference.Count > 0:
                    int used = random.Next(reference.Count);
                    Use(reference[used]);
                    reference.RemoveAt(used);
                    break;
                default:
                    _probation.WeedSome(_slots, Held);
                    break;
            }

            Assert.InRange(_probation.Length, reference.Count, int.MaxValue);
        }

        for (int i = 0; i < 5_000; i++)
        {
            _probation.WeedSome(_slots, Held);
        }

        Assert.Equal(reference.Count, _probation.Length);
        Assert.All(reference, entry => Assert.Same(entry, Take()));
    }

    [Fact]
    public void TheCacheIsToldOfWhatChanged()
    {
        Insert("a");
        Insert("b");
        Assert.Equal(0, _total.Count);
        _probation.Tell();
        Assert.Equal(2, _total.Count);

        Take();
        Take();
        Insert("c");
        _probation.Tell();
        Assert.Equal(1, _total.Count);
    }

    [Theory]
    [InlineData(19, false)]
    [InlineData(20, true)]
    public void MoreThanFiveIn32AndFourIsOverItsShareWhetherToldOrNot(int onProbation, bool isOver)
    {
        _total.Add(5);
        for (int i = 5; i < onProbation; i++)
        {
            Insert($"key{i}");
        }

        Assert.Equal(isOver, _probation.IsOverShare(held: 100));
        _probation.Tell();
        Assert.Equal(isOver, _probation.IsOverShare(held: 100));
    }

    [Fact]
    public void WhatComesBackSoonIsNotOnProbationAgain()
    {
        _probation.EnsureGhosts(Entries, ref _work);
        Go(Insert("key"), wasOnProbation: true);

        Assert.False(Slot.IsMarked(_slots[Insert("key").Slot].Stamp));
        Assert.Equal(0, _probation.Length);
    }

    [Fact]
    public void WhatComesBackAfterItWasUsedIsOnProbationAgain()
    {
        _probation.EnsureGhosts(Entries, ref _work);
        Go(Insert("key"), wasOnProbation: false);

        Assert.True(Slot.IsMarked(_slots[Insert("key").Slot].Stamp));
    }

    [Theory]
    [InlineData(true, 1, 1)]
    [InlineData(true, 2, 1)]
    [InlineData(true, 3, 0)]
    [InlineData(false, 1, -1)]
    [InlineData(false, 2, -1)]
    [InlineData(false, 3, 0)]
    public void WhatComesBackAtOnceMovesTheShareByAQuarterOfAnEntry(bool fromProbation, int agoInWindowOfTwo, int move)
    {
        _probation.EnsureGhosts(Entries, ref _work);
        int before = Share;
        Go(Insert("key"), fromProbation);
        for (int i = 1; i < agoInWindowOfTwo; i++)
        {
            Go(Insert($"later{i}"), fromProbation);
        }

        Insert("key");

        Assert.Equal(before + (move * ((1 << 30) / 4 / Held)), Share);
    }

    [Fact]
    public void TheShareStaysBetweenASixteenthAndAll()
    {
        for (int i = 0; i < 400; i++)
        {
            _total.Narrow(100);
        }

        Assert.Equal((false, true), (_total.IsOverShare(10, 100), _total.IsOverShare(11, 100)));
        for (int i = 0; i < 1_000; i++)
        {
            _total.Widen(100);
        }

        Assert.False(_total.IsOverShare(104, 100));
        for (int i = 0; i < 100; i++)
        {
            _total.Narrow(int.MaxValue);
            _total.Narrow(0);
        }

        Assert.True(_total.IsOverShare(11, 100));
        Assert.False(_total.IsOverShare(int.MaxValue / 16, int.MaxValue));
        Assert.True(_total.IsOverShare(int.MaxValue, int.MaxValue));
    }

    [Fact]
    public void TellsWhatWillBeLookedAtAfterOthers()
    {
        Entry first = Insert("first");
        Entry second = Insert("second");

        Assert.Same(first, _probation.Upcoming(_slots, others: 0));
        Assert.Same(second, _probation.Upcoming(_slots, others: 1));
        Assert.Null(_probation.Upcoming(_slots, others: 2));
    }

    [Fact]
    public void CountsTheGrowthOfEitherRingOfHashes()
    {
        _probation.EnsureGhosts(Entries, ref _work);
        Assert.Equal(2, _work.Done(Work.Growth));

        _work.Begin();
        _probation.EnsureGhosts(Entries, ref _work);
        Assert.Equal(0, _work.Done(Work.Growth));
    }

    [Fact]
    public void TrimmingKeepsTheHashesThatAreRememberedBesideSoManyEntries()
    {
        _probation.EnsureGhosts(Entries, ref _work);
        Go(Insert("used"), wasOnProbation: false);
        int before = Share;

        _probation.Trim(_slots, Entries);

        Insert("used");
        Assert.True(Share < before);
    }

    [Fact]
    public void TrimmingWhereNothingIsLeftGivesEitherRingOfHashesBack()
    {
        _probation.EnsureGhosts(5_000, ref _work);

        _probation.Trim(_slots, 0);

        _work.Begin();
        _probation.EnsureGhosts(Entries, ref _work);
        Assert.Equal(2, _work.Done(Work.Growth));
    }

    [Fact]
    public void WeedingGivesAQueueBackThatIsMoreThanFourTimesTooLong()
    {
        Entry[] entries = [.. Enumerable.Range(0, 300).Select(i => Insert($"key{i}"))];
        Array.ForEach(entries[..150], Use);
        Assert.Equal(0, AllocatedByWeeding());

        Array.ForEach(entries[150..250], Use);
        Assert.Equal(Allocated.ByObject(() => new ulong[2 * 50]), AllocatedByWeeding());
        Assert.All(entries[250..], entry => Assert.Same(entry, Take()));
    }

    [Fact]
    public void WeedingLeavesTheShortestQueueAsItIs()
    {
        Use(Insert("used"));
        Insert("key");

        Assert.Equal(0, AllocatedByWeeding());
    }

    [Fact]
    public void WhereWeedingMakesRoomTheQueueDoesNotGrow()
    {
        Entry[] entries = [.. Enumerable.Range(0, 8).Select(i => Insert($"key{i}"))];
        Array.ForEach(entries[..3], Use);

        Assert.Equal(0, Allocated.By(() => _probation.EnsureRoom(_slots, ref _work)));

        Assert.Equal((5, 0, 1), (_probation.Length, _work.Most(Work.Growth), _work.Most(Work.Weeding)));
    }

    [Fact]
    public void WhereItMakesTooLittleTheQueueGrowsByHalf()
    {
        Entry[] entries = [.. Enumerable.Range(0, 8).Select(i => Insert($"key{i}"))];
        Array.ForEach(entries[..2], Use);

        long before = GC.GetAllocatedBytesForCurrentThread();
        _probation.EnsureRoom(_slots, ref _work);
        long allocated = GC.GetAllocatedBytesForCurrentThread() - before;

        Assert.Equal(Allocated.ByObject(() => new ulong[6 + 3]), allocated);
        Assert.All(Enumerable.Range(0, 3), i => Assert.True(Slot.IsMarked(_slots[Insert($"more{i}").Slot].Stamp)));

        Assert.Equal((9, 1), (_probation.Length, _work.Most(Work.Growth)));
    }

    [Fact]
    public void WithoutRoomInTheQueueNothingIsMarked()
    {
        for (int i = 0; i < 8; i++)
        {
            Insert($"key{i}");
        }

        Entry entry = Insert("one more", ensureRoom: false);

        Assert.False(Slot.IsMarked(_slots[entry.Slot].Stamp));
        Assert.Equal(8, _probation.Length);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    public void FollowsWhatMovesToOtherSlotsAndNothingElse(int chunk)
    {
        Entry[] entries = [.. Enumerable.Range(0, 3 * SlotChunk.Length).Select(i => Insert($"key{i}"))];
        Array.ForEach(entries[..2], Use);
        _probation.WeedSome(_slots, Held);
        Entry[] gone = [entries[SlotChunk.Length - 1], entries[SlotChunk.Length + 1]];
        Array.ForEach(gone, entry => _slots.Free(entry.Slot));
        int[] moved = [.. Enumerable.Repeat(-1, SlotChunk.Length)];
        foreach (Entry entry in entries.Except(gone).Where(entry => entry.Slot / SlotChunk.Length == chunk).Reverse())
        {
            moved[entry.Slot % SlotChunk.Length] = Copy(entry);
        }

        foreach (Entry entry in entries.Except(gone).Where(entry => entry.Slot / SlotChunk.Length == chunk))
        {
            int from = entry.Slot;
            entry.Slot = moved[from % SlotChunk.Length];
            _slots.Free(from);
        }

        _probation.Follow(chunk, moved);

        Assert.All(entries[2..].Except(gone), entry => Assert.Same(entry, Take()));
        Assert.Null(Take());
        Assert.Equal(0, _probation.Length);
    }

    [Fact]
    public void GivesItsMemoryBackWhenNothingIsLeft()
    {
        Entry[] entries = [.. Enumerable.Range(0, 5_000).Select(i => Insert($"key{i}"))];
        _probation.EnsureGhosts(5_000, ref _work);
        _probation.Tell();
        Assert.All(entries, entry => _slots.Free(entry.Slot));

        Assert.InRange(Allocated.By(() => _probation.Trim(_slots, 0)), 0, 1_000);

        Assert.Equal(0, _probation.Length);
        Assert.Equal(0, _total.Count);
    }

    private Entry Insert(string key, bool ensureRoom = true)
    {
        _tick++;
        return InsertInTick(key, ensureRoom);
    }

    private Entry InsertInTick(string key, bool ensureRoom = true)
    {
        Entry entry = new(key, key.GetHashCode(StringComparison.Ordinal), []);
        _slots.EnsureFree(entry);
        if (ensureRoom)
        {
            _probation.EnsureRoom(_slots, ref _work);
        }

        entry.Slot = _slots.Take(entry);
        ref Slot slot = ref _slots[entry.Slot];
        slot.Stamp = _probation.Begin(entry, _tick, slot.Stamp, Entries, Held);
        slot.Entry = entry;
        return entry;
    }

    private int Share
    {
        get
        {
            const BindingFlags Fields = BindingFlags.Instance | BindingFlags.Public | BindingFlags.NonPublic;
            object lines = typeof(ProbationTotal).GetField("_lines", Fields)!.GetValue(_total)!;
            return (int)lines.GetType().GetField("Share", Fields)!.GetValue(lines)!;
        }
    }

    private void Go(Entry entry, bool wasOnProbation)
    {
        _probation.Remember(entry, wasOnProbation, Entries);
        _slots.Free(entry.Slot);
        _probation.Weed(_slots);
    }

    private long AllocatedByWeeding()
    {
        long before = GC.GetAllocatedBytesForCurrentThread();
        _probation.Weed(_slots);
        return GC.GetAllocatedBytesForCurrentThread() - before;
    }

    private void WeedSome(int times, long held)
    {
        for (int i = 0; i < times; i++)
        {
            _probation.WeedSome(_slots, held);
        }
    }

    /// <summary>Has the entry in one slot more, and tells which.</summary>
    private int Copy(Entry entry)
    {
        _slots.EnsureFree(entry);
        int slot = _slots.Take(entry);
        _slots[slot] = _slots[entry.Slot];
        return slot;
    }

    private void Use(Entry entry) => _slots[entry.Slot].Stamp = ++_tick;

    private Entry? Take()
    {
        Entry? entry;
        do
        {
            _work.Begin();
            entry = _probation.Peek(_slots, keep: null, ref _work, out _);
        }
        while (entry is null && _probation.Length > 0);

        if (entry is not null)
        {
            _probation.Take();
        }

        return entry;
    }
}
