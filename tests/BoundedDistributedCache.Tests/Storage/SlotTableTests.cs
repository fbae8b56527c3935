using BoundedCache.Storage;
using BoundedCache.Tests.Support;
using CsCheck;

namespace BoundedCache.Tests.Storage;

public sealed class SlotTableTests
{
    private static readonly Entry s_entry = new("key", 1, []);

    private readonly SlotTable _table = new();

    [Fact]
    public void BeginsWithoutAChunk()
    {
        Assert.Equal([null], _table.Chunks);
        Assert.Null(_table.TryGetChunk(0));
    }

    [Fact]
    public void MakesAChunkOnlyWhenAllAreFull()
    {
        Take(SlotChunk.Length);
        Assert.Single(MadeChunks());

        _table.EnsureFree(s_entry);
        _table.EnsureFree(s_entry);

        Assert.Equal([0, 1], MadeChunks());
    }

    [Fact]
    public void HandsOutTheLowestFreeSlot()
    {
        Assert.Equal(Enumerable.Range(0, 1_000), Take(1_000));
        _table.Free(900);
        _table.Free(130);
        _table.Free(131);

        Assert.Equal([130, 131, 900, 1_000], Take(4));
    }

    [Theory]
    [InlineData(3, 64, true)]
    [InlineData(3, 65, false)]
    [InlineData(32, 32 * 56, true)]
    [InlineData(32, (32 * 56) + 1, false)]
    public void TheHighestChunkIsToSpareWhereTwoChunksAndAnEighthOfAllAreFree(int chunks, int count, bool isSpare)
    {
        Take(chunks * SlotChunk.Length);

        Assert.Equal(isSpare, _table.TryFindSpareChunk(count, out int index));
        Assert.Equal(chunks - 1, index);
    }

    [Fact]
    public void TheDirectoryGrowsWithoutMovingASlot()
    {
        Take(SlotChunk.Length);
        var before = _table.Chunks;
        ref var slot = ref _table[17];

        Take(100 * SlotChunk.Length);
        slot.Stamp = 9;

        Assert.Equal(9, _table[17].Stamp);
        Assert.Same(before[0], _table.Chunks[0]);
        Assert.Same(before[0], _table.TryGetChunk(17));
    }

    [Fact]
    public void ASlotBeyondTheDirectoryHasNoChunk()
    {
        Take(1);

        Assert.Null(_table.TryGetChunk(SlotChunk.Length));
        Assert.Null(_table.TryGetChunk(int.MaxValue));
    }

    [Fact]
    public void AnEmptyChunkIsKeptAsASpare()
    {
        Take(SlotChunk.Length + 1);
        var spare = _table.ChunkOf(SlotChunk.Length);

        _table.Free(SlotChunk.Length);
        Assert.Equal(SlotChunk.Length, Take(1).Single());

        Assert.Same(spare, _table.ChunkOf(SlotChunk.Length));
    }

    [Theory]
    [InlineData(1, 2)]
    [InlineData(2, 1)]
    public void OfTwoEmptyChunksTheUpperIsDropped(int first, int second)
    {
        Take(3 * SlotChunk.Length);

        Empty(first);
        Empty(second);

        Assert.Equal([0, 1], MadeChunks());
        Assert.Null(_table.TryGetChunk(2 * SlotChunk.Length));
    }

    [Fact]
    public void ADroppedChunksPlaceIsTheFirstToBeUsedAgain()
    {
        Take(5 * SlotChunk.Length);
        Empty(1);
        Empty(2);
        _table.Trim();
        Assert.Equal([0, 3, 4], MadeChunks());

        Assert.Equal(Enumerable.Range(SlotChunk.Length, 2 * SlotChunk.Length), Take(2 * SlotChunk.Length));
    }

    [Fact]
    public void TrimmingDropsTheSpareAndTheDirectorysEmptyPart()
    {
        Take(100 * SlotChunk.Length);
        for (var chunk = 99; chunk > 0; chunk--)
            Empty(chunk);

        _table.Trim();

        Assert.Equal([0], MadeChunks());
        Assert.Single(_table.Chunks);
        Assert.Equal(Enumerable.Range(SlotChunk.Length, SlotChunk.Length), Take(SlotChunk.Length));
    }

    [Theory]
    [InlineData(2, 2)]
    [InlineData(3, 8)]
    public void ADirectoryIsTrimmedToAQuarterOrLess(int chunks, int length)
    {
        Take(8 * SlotChunk.Length);
        for (var chunk = 7; chunk >= chunks; chunk--)
            Empty(chunk);

        _table.Trim();

        Assert.Equal(length, _table.Chunks.Length);
    }

    [Fact]
    public void TrimmingAnEmptyTableTakesItBackToItsBeginning()
    {
        foreach (var slot in Take(100 * SlotChunk.Length))
            _table.Free(slot);

        _table.Trim();

        Assert.Equal([null], _table.Chunks);
        Assert.Equal([0], Take(1));
    }

    [Fact]
    public void TrimmingWhatIsTrimAllocatesNothing()
    {
        Assert.Equal(0, Allocated.By(new SlotTable().Trim));

        Take(3 * SlotChunk.Length);
        Assert.Equal(0, Allocated.By(_table.Trim));
    }

    [Fact]
    public void AChunkThatOpenedSinceAndCanNotHaveTheEntryIsPassedOver()
    {
        Take(SlotChunk.Length);
        TenantEntry ofTenant = new("key", 1, []);
        _table.EnsureFree(ofTenant);

        _table.Free(5);

        Assert.Equal(SlotChunk.Length, _table.Take(ofTenant));
        Assert.Equal(5, _table.Take(s_entry));
    }

    [Fact]
    public void TheChunkThatWasMadeReadyForAnEntryIsNotDroppedBeforeItIsTaken()
    {
        Take(SlotChunk.Length);
        TenantEntry ofTenant = new("key", 1, []);
        _table.EnsureFree(ofTenant);

        for (var slot = 0; slot < SlotChunk.Length; slot++)
            _table.Free(slot);

        Assert.Equal(SlotChunk.Length, _table.Take(ofTenant));
    }

    [Fact]
    public void ASlotIsNeverHandedOutTwice() =>
        Gen.Select(Gen.Int[0, 400], Gen.Int[0, 9]).List[0, 30].Sample(steps =>
        {
            var table = new SlotTable();
            var taken = new SortedSet<int>();
            foreach (var (number, step) in steps)
            {
                switch (step)
                {
                    case < 5:
                        for (var i = 0; i < number; i++)
                        {
                            table.EnsureFree(s_entry);
                            var lowest = Array.FindIndex(table.Chunks, chunk => chunk is { IsFull: false });
                            var slot = table.Take(s_entry);
                            if (!taken.Add(slot) || slot / SlotChunk.Length != lowest)
                                return false;
                        }

                        break;
                    case < 9:
                        foreach (var slot in taken.Where(slot => (slot ^ number) % 4 < step - 4).ToArray())
                        {
                            table.Free(slot);
                            taken.Remove(slot);
                        }

                        break;
                    default:
                        table.Trim();
                        break;
                }

                var occupied = table.Chunks.SelectMany((chunk, c) =>
                    Enumerable.Range(0, SlotChunk.Length).Where(i => ((chunk?.Occupied ?? 0) >> i & 1) != 0).Select(i => (c * SlotChunk.Length) + i));
                if (!taken.SequenceEqual(occupied) || table.Chunks.Count(chunk => chunk is { IsEmpty: true }) > 1)
                    return false;
            }

            return true;
        });

    private int[] Take(int count)
    {
        var slots = new int[count];
        for (var i = 0; i < count; i++)
        {
            _table.EnsureFree(s_entry);
            slots[i] = _table.Take(s_entry);
        }

        return slots;
    }

    private void Empty(int chunk)
    {
        for (var i = 0; i < SlotChunk.Length; i++)
            _table.Free((chunk * SlotChunk.Length) + i);
    }

    private IEnumerable<int> MadeChunks() => Enumerable.Range(0, _table.Chunks.Length).Where(i => _table.Chunks[i] is not null);
}
