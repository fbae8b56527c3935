using BoundedCache.Storage;
using BoundedCache.Tests.Support;
using Microsoft.Extensions.Time.Testing;

namespace BoundedCache.Tests;

/// <summary>
/// What is done under a shard's lock is bounded, however large the cache: told by what the shards count themselves.
/// </summary>
public sealed class BoundedWorkTests
{
    private readonly FakeTimeProvider _clock = new();

    [Fact]
    public void AHoldOfALockTakesAVisitsVictimsAndRanksOnceAtMost()
    {
        using BoundedDistributedCache cache = TestCache.Make(20_000, 4_000_000, clock: _clock);
        Random random = new(1);
        for (int i = 0; i < 60_000; i++)
        {
            // Now and then one that takes the room of many.
            cache.Set("key" + i, new byte[random.Next(100) == 0 ? 20_000 : 20], TestCache.NoExpiry);
            cache.Get("key" + random.Next(i + 1));
        }

        AssertMost(cache, Work.Victim, VictimRanking.VictimsPerVisit);
        AssertMost(cache, Work.Ranking, 1);
        Integrity.Check(cache);
    }

    [Theory]
    [InlineData(400)]
    [InlineData(20_000)]
    public void WhereOrderIsNotExactAHoldOfALockWeedsProbationOnceAtMost(int maxEntries)
    {
        using BoundedDistributedCache cache = MakeScanResistant(maxEntries);
        Random random = new(1);
        for (int i = 0; i < 3 * maxEntries; i++)
        {
            cache.Set("key" + i, [1], TestCache.NoExpiry);
            cache.Get("key" + random.Next(i + 1));
        }

        cache.RemoveExpired();

        AssertMost(cache, Work.Weeding, 1);
        AssertMost(cache, Work.Victim, VictimRanking.VictimsPerVisit);
    }

    /// <summary>Most of what is queued was used before the first victim is looked for.</summary>
    [Fact]
    public void AHoldOfALockPassesOverAChunkOfWhatWasOnProbationAtMost()
    {
        using BoundedDistributedCache cache = MakeScanResistant(20_000);
        Fill(cache, 20_000, TestCache.NoExpiry);
        for (int i = 0; i < 15_000; i++)
        {
            cache.Get("key" + i);
        }

        for (int i = 0; i < 10_000; i++)
        {
            cache.Set("new" + i, [1], TestCache.NoExpiry);
        }

        AssertMost(cache, Work.PassedOver, Shard.LongestBatch);
        AssertMost(cache, Work.Growth, 3);
        Integrity.Check(cache);
    }

    /// <summary>All that are queued then, so that the class of each victim is judged to the entry.</summary>
    [Fact]
    public void WhereOrderIsExactAWriterWeedsProbationOnceForAVictim()
    {
        using BoundedDistributedCache cache = MakeScanResistant(100);

        Fill(cache, 200, TestCache.NoExpiry);

        AssertMost(cache, Work.Victim, 1);
        AssertMost(cache, Work.Weeding, 1);
    }

    /// <summary>In a cache of one shard what has expired goes all at once, so that order stays exact.</summary>
    [Theory]
    [InlineData(200)]
    [InlineData(511)]
    public void InACacheOfOneShardAWriterReclaimsAllThatHasExpired(int maxEntries)
    {
        using BoundedDistributedCache cache = TestCache.Make(maxEntries, clock: _clock);
        Fill(cache, maxEntries, TestCache.Sliding(TimeSpan.FromMinutes(1)));

        _clock.Advance(TimeSpan.FromMinutes(1));
        cache.Set("new", [1], TestCache.NoExpiry);

        Assert.Equal(1, cache.Count);
        AssertMost(cache, Work.Entry, maxEntries);
    }

    [Fact]
    public void AHoldOfALockRebuildsTheIndexOnceAtMost()
    {
        using BoundedDistributedCache cache = TestCache.Make(50_000, clock: _clock);
        Fill(cache, 50_000, TestCache.NoExpiry);
        cache.RemoveByPattern("key??*");
        cache.RemoveExpired();
        Fill(cache, 50_000, TestCache.NoExpiry);

        AssertMost(cache, Work.Rebuild, 1);
    }

    [Fact]
    public void ASweepLooksCloselyAtABatchPerHold()
    {
        using BoundedDistributedCache cache = TestCache.Make(50_000, clock: _clock);
        Fill(cache, 50_000, TestCache.Sliding(TimeSpan.FromMinutes(1)));

        _clock.Advance(TimeSpan.FromMinutes(1));
        cache.RemoveExpired();

        AssertMost(cache, Work.Entry, Shard.LongestBatch);
    }

    [Fact]
    public void ASweepMovesABatchPerHold()
    {
        using BoundedDistributedCache cache = TestCache.Make(50_000, clock: _clock);
        Fill(cache, 50_000, TestCache.NoExpiry);
        for (int i = 0; i < 50_000; i++)
        {
            if (i % 3 != 0)
            {
                cache.Remove("key" + i);
            }
        }

        cache.RemoveExpired();

        AssertMost(cache, Work.Entry, Shard.LongestBatch);
        Integrity.Check(cache);
    }

    [Fact]
    public void AWriterInSearchOfWhatHasExpiredLooksCloselyAtABatchPerHold()
    {
        using BoundedDistributedCache cache = TestCache.Make(50_000, clock: _clock);
        Fill(cache, 50_000, TestCache.Sliding(TimeSpan.FromMinutes(1)));

        _clock.Advance(TimeSpan.FromMinutes(1));
        cache.Set("new", [1], TestCache.NoExpiry);

        AssertMost(cache, Work.Entry, Shard.LongestBatch);
    }

    [Theory]
    [InlineData(null)]
    [InlineData("*")]
    public void ARemovalOfManyRemovesABatchPerHold(string? pattern)
    {
        using BoundedDistributedCache cache = TestCache.Make(50_000, clock: _clock);
        Fill(cache, 50_000, TestCache.NoExpiry);

        if (pattern is null)
        {
            cache.Clear();
        }
        else
        {
            cache.RemoveByPattern(pattern);
        }

        AssertMost(cache, Work.Entry, Shard.LongestBatch);
    }

    [Fact]
    public void ALimitOfATenantThatIsLoweredFarIsReachedOneVictimPerHold()
    {
        using BoundedDistributedCache cache = TestCache.Make(20_000, clock: _clock, configure: options => options.MaxEntriesPerTenant = 10_000);
        BoundedCachePartition acme = cache.ForTenant("acme");
        for (int i = 0; i < 10_000; i++)
        {
            acme.Set("key" + i, [1], TestCache.NoExpiry);
        }

        cache.FollowTenantLimits(new BoundedDistributedCacheOptions { MaxEntriesPerTenant = 100 });
        acme.Set("new", [1], TestCache.NoExpiry);

        Assert.Equal(100, acme.Count);
        AssertMost(cache, Work.Victim, 1);
    }

    /// <summary>That it was done at all, and never more of it at once.</summary>
    private static void AssertMost(BoundedDistributedCache cache, Work work, int atMost) =>
        Assert.InRange(Integrity.Shards(cache).Max(shard => shard.MostDone(work)), 1, atMost);

    private BoundedDistributedCache MakeScanResistant(int maxEntries) =>
        TestCache.Make(maxEntries, clock: _clock, configure: options => options.EvictionPolicy = EvictionPolicy.ScanResistant);

    private static void Fill(BoundedDistributedCache cache, int count, Microsoft.Extensions.Caching.Distributed.DistributedCacheEntryOptions options)
    {
        for (int i = 0; i < count; i++)
        {
            cache.Set("key" + i, [1], options);
        }
    }
}
