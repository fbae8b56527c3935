using BoundedCache.Storage;
using BoundedCache.Tests.Support;

namespace BoundedCache.Tests.Storage;

public sealed class ProbationTests
{
    private readonly ProbationTotal _total = new();
    private readonly SlotTable _slots = new();
    private readonly Probation _probation;
    private long _tick;

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
        Assert.Null(_probation.Peek(_slots, keep: null, out long stamp));
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
    public void TheEntryThatIsToStayIsNoVictimAndStaysInTheQueue()
    {
        Entry own = Insert("own");
        Entry other = Insert("other");

        Assert.Same(other, _probation.Peek(_slots, own, out _));
        Assert.True(_probation.TryTake(other));
        Assert.Null(_probation.Peek(_slots, own, out _));
        Assert.Same(own, _probation.Peek(_slots, keep: null, out _));
    }

    [Fact]
    public void TakesOnlyWhatComesFirst()
    {
        Insert("first");
        Entry second = Insert("second");

        Assert.False(_probation.TryTake(second));
        Assert.Equal(2, _probation.Length);
    }

    [Fact]
    public void ThePublishedBoundIsNeverYoungerThanTheOldest()
    {
        Entry first = Insert("first");
        Insert("second");
        Assert.Equal(1, _probation.Bound);

        Use(first);
        _probation.Peek(_slots, keep: null, out _);

        Assert.Equal(2, _probation.Bound);
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
    [InlineData(20, false)]
    [InlineData(21, true)]
    public void MoreThanASeventhAndSixIsOverItsShareWhetherToldOrNot(int onProbation, bool isOver)
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
        _probation.EnsureGhosts(10);
        Entry entry = Insert("key");
        _probation.Remember(entry, entries: 10);
        Take();
        _slots.Free(entry.Slot);

        Assert.False(Slot.IsMarked(_slots[Insert("key").Slot].Stamp));
        Assert.Equal(0, _probation.Length);
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

    [Fact]
    public void GivesItsMemoryBackWhenNothingIsLeft()
    {
        Entry[] entries = [.. Enumerable.Range(0, 5_000).Select(i => Insert($"key{i}"))];
        _probation.EnsureGhosts(5_000);
        _probation.Tell();
        Assert.All(entries, entry => _slots.Free(entry.Slot));

        Assert.InRange(Allocated.By(() => _probation.Trim(_slots, 0)), 0, 1_000);

        Assert.Equal(0, _probation.Length);
        Assert.Equal(0, _total.Count);
    }

    private Entry Insert(string key, bool ensureRoom = true)
    {
        Entry entry = new(key, key.GetHashCode(StringComparison.Ordinal), []);
        _slots.EnsureFree(entry);
        if (ensureRoom)
        {
            _probation.EnsureRoom(_slots);
        }

        entry.Slot = _slots.Take(entry);
        ref Slot slot = ref _slots[entry.Slot];
        slot.Stamp = _probation.Begin(entry, ++_tick, entries: 10);
        slot.Entry = entry;
        return entry;
    }

    private void Use(Entry entry) => _slots[entry.Slot].Stamp = ++_tick;

    private Entry? Take()
    {
        Entry? entry = _probation.Peek(_slots, keep: null, out _);
        Assert.True(entry is null || _probation.TryTake(entry));
        return entry;
    }
}
