using System.Buffers;
using BoundedCache.Storage;
using BoundedCache.Tests.Support;

namespace BoundedCache.Tests.Hostile;

/// <summary>Values of a hundred megabytes, in caches that have room for them and in such that have not.</summary>
[Collection(nameof(RunsAlone))]
public sealed class LargeValueTests
{
    private const int Length = 100_000_000;

    private static readonly byte[] s_value = new byte[Length];

    [Fact]
    public void ACacheThatHasRoomForThemKeepsTheLatest()
    {
        using BoundedDistributedCache cache = TestCache.Make(maxBytes: (long)(2.5 * Length));

        for (int i = 0; i < 5; i++)
        {
            cache.Set($"key{i}", s_value, TestCache.NoExpiry);
            Assert.InRange(cache.SizeBytes, Length, (long)(2.5 * Length));
        }

        // Which other one is left hangs on the shards that keys fall into.
        Assert.Equal(2, Integrity.Check(cache).Count);
        Assert.Same(s_value, cache.Get("key4"));
    }

    [Fact]
    public void SmallEntriesMakeWayForOneAndItForThem()
    {
        using BoundedDistributedCache cache = TestCache.Make(100_000, Length + 1_000_000);
        for (int i = 0; i < 100_000; i++)
        {
            cache.Set("small" + i, new byte[900], TestCache.NoExpiry);
        }

        cache.Set("large", s_value, TestCache.NoExpiry);

        Assert.Same(s_value, cache.Get("large"));
        Assert.InRange(cache.SizeBytes, Length, Length + 1_000_000);
        Assert.InRange(Integrity.Shards(cache).Max(shard => shard.MostDone(Work.Victim)), 1, VictimRanking.VictimsPerVisit);
        Integrity.Check(cache);

        for (int i = 0; i < 100_000; i++)
        {
            cache.Set("small" + i, new byte[900], TestCache.NoExpiry);
        }

        Assert.Null(cache.Get("large"));
        Integrity.Check(cache);
    }

    [Theory]
    [InlineData(null)]
    [InlineData("acme")]
    public void ACacheThatHasNoRoomRefusesOneBeforeACopyIsMade(string? tenantId)
    {
        using BoundedDistributedCache cache = TestCache.Make(maxBytes: Length, configure: options => options.IsolateValues = true);
        Microsoft.Extensions.Caching.Distributed.IBufferDistributedCache partition = tenantId is null ? cache : cache.ForTenant(tenantId);
        partition.Set("key", [1], TestCache.NoExpiry);
        partition.Set("other", [1], TestCache.NoExpiry);
        ReadOnlySequence<byte> sequence = new(s_value);
        long before = GC.GetAllocatedBytesForCurrentThread();

        partition.Set("key", sequence, TestCache.NoExpiry);
        partition.Set("key", s_value, TestCache.NoExpiry);

        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 10_000);
        Assert.Null(partition.Get("key"));
        Assert.NotNull(partition.Get("other"));
        Assert.Equal(2, cache.GetStatistics().Rejections);
        Assert.Single(Integrity.Check(cache));
    }

    [Fact]
    public void ASequenceIsCopiedOnce()
    {
        using BoundedDistributedCache cache = TestCache.Make();
        ReadOnlySequence<byte> sequence = new(s_value);
        long before = GC.GetAllocatedBytesForCurrentThread();

        cache.Set("key", sequence, TestCache.NoExpiry);

        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, Length, Length + 100_000);
        Assert.Equal(Length, cache.Get("key")!.Length);
    }
}
