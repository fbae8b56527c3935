using BoundedCache.Expiration;
using BoundedCache.Storage;
using BoundedCache.Tests.Support;

namespace BoundedCache.Tests.Storage;

public sealed class SlotChunkTests
{
    private readonly SlotChunk _chunk = new();

    [Fact]
    public void HandsOutTheLowestFreeSlot()
    {
        Assert.Equal(Enumerable.Range(0, SlotChunk.Length), Enumerable.Range(0, SlotChunk.Length).Select(_ => _chunk.Take()));
        Assert.True(_chunk.IsFull);

        _chunk.Free(40);
        _chunk.Free(63);
        _chunk.Free(7);

        Assert.Equal([7, 40, 63], [_chunk.Take(), _chunk.Take(), _chunk.Take()]);
    }

    [Fact]
    public void IsEmptyAgainWhenEverySlotWasFreed()
    {
        Assert.True(_chunk.IsEmpty);
        _chunk.Take();
        Assert.False(_chunk.IsEmpty);
        _chunk.Free(0);
        Assert.True(_chunk.IsEmpty);
        Assert.Equal(0ul, _chunk.Occupied);
    }

    [Fact]
    public void ASlotIsFoundByItsNumberInTheTable()
    {
        _chunk[5].Stamp = 9;

        Assert.Equal(9, _chunk[(3 * SlotChunk.Length) + 5].Stamp);
    }

    [Fact]
    public void AFreedSlotKeepsNothingAliveAndIsNeverDue()
    {
        var slot = _chunk.Take();
        _chunk[slot].Entry = Expiring();
        _chunk.Prepare(Expiring());
        _chunk.SetDue(slot, 5);

        _chunk.Free(slot);

        Assert.Null(_chunk[slot].Entry);
        Assert.Equal(SlotChunk.NeverDue, _chunk.DueOf(slot));
    }

    [Fact]
    public void TheBoundFallsWithADueTimeAndRisesOnlyWhenItIsTightened()
    {
        Assert.Equal(SlotChunk.NeverDue, _chunk.DueBound);
        _chunk.Prepare(Expiring());
        _chunk.SetDue(_chunk.Take(), 7);
        _chunk.SetDue(_chunk.Take(), 5);
        _chunk.SetDue(_chunk.Take(), 6);
        Assert.Equal(5, _chunk.DueBound);

        _chunk.Free(1);
        Assert.Equal(5, _chunk.DueBound);

        _chunk.TightenDueBound();
        Assert.Equal(6, _chunk.DueBound);

        _chunk.SetDue(2, 8);
        _chunk.TightenDueBound();
        Assert.Equal(7, _chunk.DueBound);
    }

    [Fact]
    public void TighteningOverlooksSlotsThatAreFree()
    {
        _chunk.Prepare(Expiring());
        _chunk.SetDue(_chunk.Take(), 5);
        _chunk.Free(0);

        _chunk.TightenDueBound();

        Assert.Equal(SlotChunk.NeverDue, _chunk.DueBound);
    }

    [Fact]
    public void OnlyAnEntryThatExpiresMakesDueTimes()
    {
        Entry never = new("key", 1, []);
        Assert.Equal(0, Allocated.ByObject(() => { _chunk.Prepare(never); _chunk.SetDue(3, SlotChunk.NeverDue); return _chunk; }));
        Assert.Equal(SlotChunk.NeverDue, _chunk.DueOf(3));

        _chunk.Prepare(Expiring());
        Assert.All(Enumerable.Range(0, SlotChunk.Length), slot => Assert.Equal(SlotChunk.NeverDue, _chunk.DueOf(slot)));
    }

    private static ExpiringEntry Expiring() => new("key", 1, [], new Deadlines(5, Deadlines.None), default);
}
