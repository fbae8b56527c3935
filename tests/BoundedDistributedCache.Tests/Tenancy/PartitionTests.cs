using System.Buffers;
using BoundedCache.Storage;
using BoundedCache.Tests.Support;
using Microsoft.Extensions.Time.Testing;

namespace BoundedCache.Tests.Tenancy;

public sealed class PartitionTests
{
    [Fact]
    public void TheSameKeyIsAnotherEntryInEachPartition()
    {
        using BoundedDistributedCache cache = TestCache.Make();
        BoundedCachePartition acme = cache.ForTenant("acme");
        BoundedCachePartition umbrella = cache.ForTenant("umbrella");

        cache.Set("key", [0], TestCache.NoExpiry);
        acme.Set("key", [1], TestCache.NoExpiry);
        umbrella.Set("key", [2], TestCache.NoExpiry);
        acme.Remove("key");

        Assert.Equal([0], cache.Get("key"));
        Assert.Null(acme.Get("key"));
        Assert.Equal([2], umbrella.Get("key"));
        Assert.Equal(2, Integrity.Check(cache).Count);
    }

    [Theory]
    [InlineData(100, 10)]
    [InlineData(10, 100)]
    [InlineData(10, 10)]
    public void AnOverwriteTakesTheRoomOfTheNewValue(int before, int after)
    {
        using BoundedDistributedCache cache = TestCache.Make();
        BoundedCachePartition acme = cache.ForTenant("acme");

        acme.Set("key", new byte[before], TestCache.NoExpiry);
        acme.Set("key", new byte[after], TestCache.NoExpiry);
        cache.ForTenant("once").Set("key", new byte[after], TestCache.NoExpiry);

        Assert.Equal(cache.ForTenant("once").SizeBytes, acme.SizeBytes);
        Assert.Equal(2, acme.GetStatistics().Sets);
        Integrity.Check(cache);
    }

    // Where they are was copied before; the first of them is waited for.
    [Fact]
    public void EntriesThatASweepMovesMeanwhileAreRemovedAllTheSame()
    {
        using BoundedDistributedCache cache = TestCache.Make(400);
        BoundedCachePartition acme = cache.ForTenant("acme");
        for (int i = 0; i < 300; i++)
        {
            cache.Set((i % SlotChunk.Length == 0 ? "stays" : "goes") + i);
        }

        for (int i = 0; i < 20; i++)
        {
            acme.Set("key" + i, [1], TestCache.NoExpiry);
        }

        cache.RemoveByPattern("goes*");
        Shard shard = Assert.Single(Integrity.Shards(cache));
        Thread removal = new(acme.Clear);
        lock (shard.Lock)
        {
            removal.Start();
            Assert.True(SpinWait.SpinUntil(() => removal.ThreadState.HasFlag(ThreadState.WaitSleepJoin), TimeSpan.FromSeconds(30)), "Nobody waits.");
            Assert.True(shard.TryCompact());
        }

        removal.Join();
        Assert.Equal(0, acme.Count);
        Assert.Equal(5, Integrity.Check(cache).Count);
    }

    [Fact]
    public void EntriesThatASweepMovedAreStillTheTenants()
    {
        using BoundedDistributedCache cache = TestCache.Make(300);
        BoundedCachePartition acme = cache.ForTenant("acme");
        for (int i = 0; i < 300; i++)
        {
            acme.Set("key" + i, [1], TestCache.NoExpiry);
        }

        for (int i = 0; i < 300; i++)
        {
            if (i % 4 != 0)
            {
                acme.Remove("key" + i);
            }
        }

        cache.RemoveExpired();

        Assert.Equal(3, Assert.Single(Integrity.Shards(cache)).Chunks.Count(chunk => chunk is not null));
        Assert.Equal(75, Integrity.Check(cache).Count);
        acme.Clear();
        Assert.Equal(0, cache.Count);
        Integrity.Check(cache);
    }

    [Fact]
    public async Task EveryMemberReachesThisPartitionAndNoOther()
    {
        var cancelled = TestContext.Current.CancellationToken;
        using BoundedDistributedCache cache = TestCache.Make();
        BoundedCachePartition acme = cache.ForTenant("acme");
        var written = new ArrayBufferWriter<byte>();
        foreach (string key in new[] { "a", "b", "c", "d" })
            cache.Set(key, [0], TestCache.NoExpiry);

        acme.Set("a", new ReadOnlySequence<byte>([1]), TestCache.NoExpiry);
        await acme.SetAsync("b", [2], TestCache.NoExpiry, cancelled);
        await acme.SetAsync("c", new ReadOnlySequence<byte>([3]), TestCache.NoExpiry, cancelled);

        Assert.True(acme.TryGet("a", written));
        Assert.True(await acme.TryGetAsync("b", written, cancelled));
        Assert.False(acme.TryGet("d", written));
        Assert.False(await acme.TryGetAsync("d", written, cancelled));
        Assert.Equal([1, 2], written.WrittenSpan.ToArray());
        Assert.Equal([3], await acme.GetAsync("c", cancelled));
        await acme.RemoveAsync("c", cancelled);
        Assert.Null(await acme.GetAsync("c", cancelled));
        Assert.Equal([0], cache.Get("c"));
        Assert.Equal(2, acme.Count);
        Assert.Equal(6, Integrity.Check(cache).Count);
    }

    [Fact]
    public async Task ARefreshKeepsTheEntryOfThisPartitionAlone()
    {
        var clock = new FakeTimeProvider();
        using BoundedDistributedCache cache = TestCache.Make(clock: clock);
        var sliding = TestCache.Sliding(TimeSpan.FromMinutes(2));
        BoundedCachePartition acme = cache.ForTenant("acme");
        foreach (string key in new[] { "a", "b" })
        {
            cache.Set(key, [0], sliding);
            acme.Set(key, [1], sliding);
        }

        clock.Advance(TimeSpan.FromMinutes(1.5));
        acme.Refresh("a");
        await acme.RefreshAsync("b", TestContext.Current.CancellationToken);
        clock.Advance(TimeSpan.FromMinutes(1));

        Assert.All(new[] { "a", "b" }, key => Assert.Equal([1], acme.Get(key)));
        Assert.All(new[] { "a", "b" }, key => Assert.Null(cache.Get(key)));
    }

    [Fact]
    public void ItCountsItsOwnAlone()
    {
        using BoundedDistributedCache cache = TestCache.Make();
        BoundedCachePartition acme = cache.ForTenant("acme");
        BoundedCachePartition umbrella = cache.ForTenant("umbrella");
        acme.Set("a", new byte[100], TestCache.NoExpiry);
        acme.Set("b", new byte[100], TestCache.NoExpiry);
        umbrella.Set("a", new byte[100], TestCache.NoExpiry);
        acme.Get("a");
        acme.Get("missing");
        umbrella.Get("a");
        acme.Remove("b");

        CacheStatistics statistics = acme.GetStatistics();

        Assert.Equal((1, 1, 2, 1), (statistics.Hits, statistics.Misses, statistics.Sets, statistics.Removals));
        Assert.Equal(1, acme.Count);
        Assert.Equal(umbrella.SizeBytes, acme.SizeBytes);
        Assert.Equal((2, 1), (cache.GetStatistics().Hits, cache.GetStatistics().Misses));
    }

    [Fact]
    public void ATenantWithoutEntriesHasCountedNothingUnlessTheOptionsNameIt()
    {
        using BoundedDistributedCache cache = TestCache.Make(configure: options => options.Tenants["named"] = new TenantLimits());
        foreach (string tenant in new[] { "named", "passing" })
        {
            BoundedCachePartition partition = cache.ForTenant(tenant);
            partition.Set("key", [1], TestCache.NoExpiry);
            partition.Get("key");
            partition.Clear();
        }

        Assert.Equal(1, cache.ForTenant("named").GetStatistics().Hits);
        Assert.Equal(1, cache.ForTenant("named").GetStatistics().Removals);
        Assert.Equal(0, cache.ForTenant("passing").GetStatistics().Hits);
        Assert.Equal(0, cache.Count);
        Assert.Equal(0, cache.SizeBytes);
    }

    [Fact]
    public void ClearAndPatternsRemoveItsOwnAlone()
    {
        using BoundedDistributedCache cache = TestCache.Make();
        BoundedCachePartition acme = cache.ForTenant("acme");
        BoundedCachePartition umbrella = cache.ForTenant("umbrella");
        for (int i = 0; i < 500; i++)
        {
            cache.Set("key" + i);
            acme.Set("key" + i, [1], TestCache.NoExpiry);
            umbrella.Set("key" + i, [1], TestCache.NoExpiry);
        }

        Assert.Throws<ArgumentNullException>("pattern", () => acme.RemoveByPattern(null!));
        Assert.Equal(111, acme.RemoveByPattern("key1*"));
        umbrella.Clear();

        Assert.Equal(389, acme.Count);
        Assert.Equal(0, umbrella.Count);
        Assert.Equal(889, cache.Count);
        Integrity.Check(cache);
    }

    [Fact]
    public void AReadMakesNoRecord()
    {
        using BoundedDistributedCache cache = TestCache.Make();

        cache.ForTenant("acme").Get("key");
        cache.ForTenant("acme").Refresh("key");
        cache.ForTenant("acme").Remove("key");

        Assert.Equal(0, cache.Storage.Tenants.Count);
    }

    [Theory]
    [InlineData("")]
    [InlineData("a\u0001b")]
    public void AnIdThatIsNoneIsRefusedWithoutBeingRepeated(string tenantId)
    {
        using BoundedDistributedCache cache = TestCache.Make();

        ArgumentException exception = Assert.Throws<ArgumentException>(nameof(tenantId), () => cache.ForTenant(tenantId));

        Assert.True(tenantId.Length == 0 || !exception.Message.Contains(tenantId, StringComparison.Ordinal));
        Assert.Throws<ArgumentNullException>(nameof(tenantId), () => cache.ForTenant(null!));
        Assert.Throws<ArgumentException>(nameof(tenantId), () => cache.ForTenant(new string('a', 257)));
        Assert.Throws<ArgumentException>(nameof(tenantId), () => cache.ForTenant("half a pair \ud800"));
        Assert.NotNull(cache.ForTenant(new string('a', 256)));
    }
}
