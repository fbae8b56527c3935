using System.Buffers;
using BoundedCache.Tests.Support;

namespace BoundedCache.Tests;

/// <summary>Reads that hit allocate what their signature demands, and nothing else; an overwrite that changes only the value, nothing.</summary>
public sealed class AllocationTests
{
    private const int Calls = 1_000;
    private const int TaskSize = 72;

    public static TheoryData<string, bool, int> Kinds => new()
    {
        { "never expires", false, 10_000 },
        { "slides", true, 10_000 },
        { "exact order", false, 100 },
        { "exact order, slides", true, 100 },
    };

    [Theory]
    [MemberData(nameof(Kinds))]
    public void GetOfAHitAllocatesNothing(string kind, bool slides, int maxEntries)
    {
        using BoundedDistributedCache cache = Filled(kind, slides, maxEntries);
        Assert.Equal(0, AllocatedBy(() => cache.Get("key5")));
    }

    [Theory]
    [InlineData(10_000)]
    [InlineData(100)]
    public void AnotherValueOfAKeyThatNeverExpiresAllocatesNothing(int maxEntries)
    {
        using BoundedDistributedCache cache = Filled("never expires", slides: false, maxEntries);
        byte[][] values = [new byte[100], new byte[3]];
        int next = 0;
        Assert.Equal(0, AllocatedBy(() => cache.Set("key5", values[next++ & 1], TestCache.NoExpiry)));
        Integrity.Check(cache);
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public void TryGetOfAHitAllocatesNothing(string kind, bool slides, int maxEntries)
    {
        using BoundedDistributedCache cache = Filled(kind, slides, maxEntries);
        ArrayBufferWriter<byte> writer = new(64);
        Assert.Equal(0, AllocatedBy(() =>
        {
            writer.ResetWrittenCount();
            cache.TryGet("key5", writer);
        }));
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public void TryGetAsyncOfAHitAllocatesNothing(string kind, bool slides, int maxEntries)
    {
        using BoundedDistributedCache cache = Filled(kind, slides, maxEntries);
        ArrayBufferWriter<byte> writer = new(64);
        Assert.Equal(0, AllocatedBy(() =>
        {
            writer.ResetWrittenCount();
            Assert.True(cache.TryGetAsync("key5", writer).Result);
        }));
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public void RefreshAllocatesNothing(string kind, bool slides, int maxEntries)
    {
        using BoundedDistributedCache cache = Filled(kind, slides, maxEntries);
        Assert.Equal(0, AllocatedBy(() => cache.Refresh("key5")));
        Assert.Equal(0, AllocatedBy(() => cache.RefreshAsync("key5").Wait()));
        Assert.Equal(0, AllocatedBy(() => cache.Refresh("a new session")));
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public void GetAsyncAllocatesItsTaskOnAHitAndNothingOnAMiss(string kind, bool slides, int maxEntries)
    {
        using BoundedDistributedCache cache = Filled(kind, slides, maxEntries);
        Assert.Equal(TaskSize * Calls, AllocatedBy(() => cache.GetAsync("key5")));
        Assert.Equal(0, AllocatedBy(() => cache.GetAsync("missing")));
    }

    [Fact]
    public void ASweepAllocatesNoMoreHoweverManyEntriesItLooksAt()
    {
        using BoundedDistributedCache few = Filled("slides", slides: true, 10);
        using BoundedDistributedCache many = Filled("slides", slides: true, 50_000);

        // What the first sweep of a process makes for all, and the first ones of a cache for itself, is there already.
        AllocatedBy(() => few.RemoveExpired());
        AllocatedBy(() => many.RemoveExpired());

        Assert.Equal(AllocatedBy(() => few.RemoveExpired()), AllocatedBy(() => many.RemoveExpired()));
    }

    private static BoundedDistributedCache Filled(string kind, bool slides, int maxEntries)
    {
        Assert.NotEmpty(kind);
        BoundedDistributedCache cache = TestCache.Make(maxEntries);
        for (int i = 0; i < Math.Min(maxEntries, 50_000); i++)
        {
            cache.Set("key" + i, new byte[32], slides ? TestCache.Sliding(TimeSpan.FromHours(1)) : TestCache.NoExpiry);
        }

        return cache;
    }

    /// <summary>The least of a few series, for a collection in between may be booked on this thread.</summary>
    private static long AllocatedBy(Action call)
    {
        long least = long.MaxValue;
        for (int series = 0; series < 4; series++)
        {
            long before = GC.GetAllocatedBytesForCurrentThread();
            for (int i = 0; i < Calls; i++)
            {
                call();
            }

            least = Math.Min(least, GC.GetAllocatedBytesForCurrentThread() - before);
        }

        return least;
    }
}
