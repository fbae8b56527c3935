using BoundedCache.Tests.Support;
using Microsoft.Extensions.Logging.Testing;
using Microsoft.Extensions.Time.Testing;

namespace BoundedCache.Tests;

public sealed class StatisticsTests
{
    [Fact]
    public void ANewCacheHasDoneNothing()
    {
        using BoundedDistributedCache cache = TestCache.Make();

        CacheStatistics statistics = cache.GetStatistics();

        Assert.Equal(0, statistics.TotalRequests);
        Assert.Equal(0, statistics.HitRatio);
        Assert.Equal(0, statistics.Evictions);
        Assert.Null(statistics.LastSweep);
    }

    [Fact]
    public async Task EveryWayToReadIsAHitOrAMiss()
    {
        using BoundedDistributedCache cache = TestCache.Make();
        System.Buffers.ArrayBufferWriter<byte> writer = new();
        cache.Set("key");
        foreach (string key in new[] { "key", "other" })
        {
            cache.Get(key);
            await cache.GetAsync(key, TestContext.Current.CancellationToken);
            cache.TryGet(key, writer);
            await cache.TryGetAsync(key, writer, TestContext.Current.CancellationToken);
        }

        CacheStatistics statistics = cache.GetStatistics();

        Assert.Equal(4, statistics.Hits);
        Assert.Equal(4, statistics.Misses);
        Assert.Equal(8, statistics.TotalRequests);
        Assert.Equal(0.5, statistics.HitRatio);
    }

    [Fact]
    public void RefreshIsNeitherHitNorMiss()
    {
        using BoundedDistributedCache cache = TestCache.Make();
        cache.Set("key");

        cache.Refresh("key");
        cache.Refresh("other");

        Assert.Equal(0, cache.GetStatistics().TotalRequests);
    }

    [Fact]
    public void AnExpiredEntryIsAMiss()
    {
        FakeTimeProvider clock = new();
        using BoundedDistributedCache cache = TestCache.Make(clock: clock);
        cache.Set("key", [1], TestCache.Relative(TimeSpan.FromSeconds(1)));

        clock.Advance(TimeSpan.FromSeconds(1));
        cache.Get("key");

        Assert.Equal((0, 1), (cache.GetStatistics().Hits, cache.GetStatistics().Misses));
    }

    [Theory]
    [InlineData(EvictionPolicy.Lru)]
    [InlineData(EvictionPolicy.ScanResistant)]
    public void AnOverwriteIsOneSetAndTakesTheRoomOfTheNewValue(EvictionPolicy policy)
    {
        using BoundedDistributedCache cache = TestCache.Make(configure: options => options.EvictionPolicy = policy);
        using BoundedDistributedCache once = TestCache.Make(configure: options => options.EvictionPolicy = policy);
        once.Set("key", new byte[500], TestCache.NoExpiry);

        foreach (int length in (int[])[100, 1_000, 1_000, 500])
            cache.Set("key", new byte[length], TestCache.NoExpiry);

        Assert.Equal(4, cache.GetStatistics().Sets);
        Assert.Equal(once.SizeBytes, cache.SizeBytes);
        Integrity.Check(cache);
    }

    [Fact]
    public void RemovalsAreEntriesThatWereTakenOut()
    {
        using BoundedDistributedCache cache = TestCache.Make();
        foreach (string key in new[] { "a1", "a2", "b1", "c1" })
        {
            cache.Set(key);
        }

        cache.Remove("c1");
        cache.Remove("never there");
        cache.RemoveByPattern("a*");
        cache.Clear();

        Assert.Equal(4, cache.GetStatistics().Sets);
        Assert.Equal(4, cache.GetStatistics().Removals);
        Assert.Equal(0, cache.GetStatistics().Evictions);
    }

    [Fact]
    public void EvictionsAreToldByReason()
    {
        FakeTimeProvider clock = new();
        using BoundedDistributedCache cache = TestCache.Make(3, 100_000, clock);
        cache.Set("expires", [1], TestCache.Relative(TimeSpan.FromSeconds(1)));
        clock.Advance(TimeSpan.FromSeconds(1));
        cache.RemoveExpired();
        for (int i = 0; i < 4; i++)
        {
            cache.Set("key" + i);
        }

        cache.Set("key3", new byte[99_800], TestCache.NoExpiry);

        CacheStatistics statistics = cache.GetStatistics();
        Assert.Equal(1, statistics.EvictionsExpired);
        Assert.Equal(1, statistics.EvictionsForEntries);
        Assert.Equal(2, statistics.EvictionsForBytes);
        Assert.Equal(4, statistics.Evictions);
    }

    [Fact]
    public void AnEvictionForATenantsLimitIsTheTenantsAndTheCaches()
    {
        using BoundedDistributedCache cache = TestCache.Make(configure: options => options.MaxEntriesPerTenant = 1);
        cache.ForTenant("acme").Set("key1", [1], TestCache.NoExpiry);
        cache.ForTenant("acme").Set("key2", [1], TestCache.NoExpiry);

        foreach (CacheStatistics statistics in new[] { cache.GetStatistics(), cache.ForTenant("acme").GetStatistics() })
        {
            Assert.Equal((1, 1), (statistics.EvictionsForTenantLimit, statistics.Evictions));
        }
    }

    [Fact]
    public void AValueTooLargeForATenantIsItsRejectionAndTheCaches()
    {
        using BoundedDistributedCache cache = TestCache.Make(configure: options => options.MaxBytesPerTenant = 1_000);
        cache.ForTenant("acme").Set("small", [1], TestCache.NoExpiry);
        cache.ForTenant("umbrella").Set("small", [1], TestCache.NoExpiry);

        cache.ForTenant("acme").Set("large", new byte[2_000], TestCache.NoExpiry);

        Assert.Equal(1, cache.GetStatistics().Rejections);
        Assert.Equal(1, cache.ForTenant("acme").GetStatistics().Rejections);
        Assert.Equal(0, cache.ForTenant("umbrella").GetStatistics().Rejections);
    }

    [Fact]
    public void TheLastSweepIsNumberedTimedAndCounted()
    {
        FakeTimeProvider clock = new();
        using BoundedDistributedCache cache = TestCache.Make(clock: clock);
        cache.RemoveExpired();
        cache.Set("key", [1], TestCache.Sliding(TimeSpan.FromSeconds(5)));
        clock.Advance(TimeSpan.FromSeconds(5));

        Assert.Equal(1, cache.RemoveExpired());

        SweepStatistics sweep = cache.GetStatistics().LastSweep!;
        Assert.Equal(2, sweep.Number);
        Assert.Equal(1, sweep.Removed);
        Assert.Equal(clock.GetUtcNow(), sweep.StartedAt);
        Assert.Equal(TimeSpan.Zero, sweep.Duration);
    }

    [Fact]
    public void OfTwoSweepsThatEndAtOnceTheLastHasTheHigherNumber()
    {
        ReenteringClock clock = new();
        using BoundedDistributedCache cache = TestCache.Make(clock: clock);
        clock.BeforeTheSecondTimestamp = () =>
        {
            Thread other = new(() => cache.RemoveExpired());
            other.Start();
            other.Join();
        };

        cache.RemoveExpired();

        Assert.Equal(2, cache.GetStatistics().LastSweep!.Number);
    }

    [Fact]
    public void AVictimThatHadExpiredIsNoLiveEviction()
    {
        FakeTimeProvider clock = new();
        FakeLogger<BoundedDistributedCache> logger = new();
        using BoundedDistributedCache cache = TestCache.Make(int.MaxValue, 1_000_000, clock, logger);
        for (int i = 0; i < 2_000; i++)
        {
            cache.Set("key" + i, new byte[100], TestCache.Relative(TimeSpan.FromSeconds(1)));
        }

        clock.Advance(TimeSpan.FromSeconds(1));
        cache.Set("big", new byte[900_000], TestCache.NoExpiry);

        CacheStatistics statistics = cache.GetStatistics();
        Assert.Equal(statistics.EvictionsExpired, statistics.Evictions);
        Assert.NotEqual(0, statistics.Evictions);
        Assert.Empty(logger.Collector.GetSnapshot());
    }

    [Fact]
    public void CountsAreExactOnceManyThreadsAreDone()
    {
        const int Threads = 8;
        const int Rounds = 5_000;
        using BoundedDistributedCache cache = TestCache.Make(100_000);
        List<Thread> threads = [.. Enumerable.Range(0, Threads).Select(t => new Thread(() =>
        {
            for (int i = 0; i < Rounds; i++)
            {
                cache.Set($"key{t}.{i}");
                cache.Get($"key{t}.{i}");
                cache.Get("missing");
                cache.Remove($"key{t}.{i}");
            }
        }))];

        threads.ForEach(thread => thread.Start());
        threads.ForEach(thread => thread.Join());

        CacheStatistics statistics = cache.GetStatistics();
        Assert.Equal(Threads * Rounds, statistics.Hits);
        Assert.Equal(Threads * Rounds, statistics.Misses);
        Assert.Equal(Threads * Rounds, statistics.Sets);
        Assert.Equal(Threads * Rounds, statistics.Removals);
        Assert.Equal((0, 0L), (statistics.Entries, statistics.Bytes));
        Integrity.Check(cache);
    }

    [Fact]
    public void LimitsAreThoseOfTheCacheAndOfATenantTheOnesThatHoldForIt()
    {
        using BoundedDistributedCache cache = TestCache.Make(100, 5_000, configure: options =>
        {
            options.MaxEntriesPerTenant = 10;
            options.MaxBytesPerTenant = 50_000;
        });

        CacheStatistics ofCache = cache.GetStatistics();
        CacheStatistics ofTenant = cache.ForTenant("acme").GetStatistics();

        Assert.Equal((100, 5_000L), (ofCache.MaxEntries, ofCache.MaxBytes));
        Assert.Equal((10, 5_000L), (ofTenant.MaxEntries, ofTenant.MaxBytes));
    }

    [Fact]
    public void TheLastEvictedAgeIsHowLongAnUntouchedEntrySurvives()
    {
        FakeTimeProvider clock = new();
        using BoundedDistributedCache cache = TestCache.Make(1_000, clock: clock);
        for (int i = 0; i < 3_000; i++)
        {
            cache.Set("key" + i);
            clock.Advance(TimeSpan.FromSeconds(1));
        }

        CacheStatistics statistics = cache.GetStatistics();
        Assert.InRange(statistics.LastEvictedAge!.Value.TotalSeconds, 850, 1_050);
        Assert.False(statistics.LastEvictedAgeIsAtLeast);
    }

    [Fact]
    public void AnEntryInUseDoesNotCountForTheAge()
    {
        FakeTimeProvider clock = new();
        using BoundedDistributedCache cache = TestCache.Make(1_000, clock: clock);
        for (int i = 0; i < 3_000; i++)
        {
            cache.Set("key" + i);
            cache.Get("key0");
            clock.Advance(TimeSpan.FromSeconds(1));
        }

        Assert.NotNull(cache.Get("key0"));
        Assert.InRange(cache.GetStatistics().LastEvictedAge!.Value.TotalSeconds, 850, 1_050);
    }

    [Fact]
    public void NoAgeIsToldBeforeALiveEntryIsEvicted()
    {
        FakeTimeProvider clock = new();
        using BoundedDistributedCache cache = TestCache.Make(1_000, clock: clock);
        for (int i = 0; i < 1_000; i++)
        {
            cache.Set("key" + i, [1], TestCache.Relative(TimeSpan.FromSeconds(1)));
        }

        clock.Advance(TimeSpan.FromSeconds(1));
        cache.Set("key");

        Assert.NotEqual(0, cache.GetStatistics().Evictions);
        Assert.Null(cache.GetStatistics().LastEvictedAge);
        Assert.Null(cache.SinceLastEviction());
    }

    [Fact]
    public void WhereOrderIsExactNoAgeIsTold()
    {
        using BoundedDistributedCache cache = TestCache.Make(1);
        cache.Set("key1");
        cache.Set("key2");

        Assert.Null(cache.GetStatistics().LastEvictedAge);
    }

    [Fact]
    public void ATenantAtItsLimitTellsItsOwnAgeAndNotTheCaches()
    {
        FakeTimeProvider clock = new();
        using BoundedDistributedCache cache = TestCache.Make(1_000, clock: clock, configure: options => options.MaxEntriesPerTenant = 10);
        BoundedCachePartition tenant = cache.ForTenant("acme");
        for (int i = 0; i < 30; i++)
        {
            tenant.Set("key" + i, [1], TestCache.NoExpiry);
            clock.Advance(TimeSpan.FromSeconds(1));
        }

        Assert.InRange(tenant.GetStatistics().LastEvictedAge!.Value.TotalSeconds, 5, 15);
        Assert.Null(cache.GetStatistics().LastEvictedAge);
    }

    [Fact]
    public void AVictimForTheCachesLimitIsItsTenantsToo()
    {
        using BoundedDistributedCache cache = TestCache.Make(1_000);
        for (int i = 0; i < 1_500; i++)
        {
            cache.ForTenant("acme").Set("key" + i, [1], TestCache.NoExpiry);
        }

        Assert.NotNull(cache.ForTenant("acme").GetStatistics().LastEvictedAge);
    }

    [Fact]
    public void TheTimeSinceTheLastEvictionIsTold()
    {
        FakeTimeProvider clock = new();
        using BoundedDistributedCache cache = TestCache.Make(1_000, clock: clock);
        for (int i = 0; i < 1_001; i++)
        {
            cache.Set("key" + i);
        }

        clock.Advance(TimeSpan.FromSeconds(5));

        Assert.Equal(TimeSpan.FromSeconds(5), cache.SinceLastEviction());
    }

    [Fact]
    public void TheLastSixteenSweepsAreRememberedNewestFirst()
    {
        using BoundedDistributedCache cache = TestCache.Make();
        for (int i = 0; i < 20; i++)
        {
            cache.RemoveExpired();
        }

        Assert.Equal(Enumerable.Range(5, 16).Reverse().Select(number => (long)number), cache.RecentSweeps.Select(sweep => sweep.Number));
        Assert.Same(cache.GetStatistics().LastSweep, cache.RecentSweeps[0]);
    }

    [Fact]
    public void TheLargestTenantsAreThoseThatTakeMostBytes()
    {
        using BoundedDistributedCache cache = TestCache.Make();
        foreach ((string tenant, int length) in new[] { ("small", 10), ("big", 3_000), ("bigger", 4_000), ("middle", 500) })
        {
            cache.ForTenant(tenant).Set("key", new byte[length], TestCache.NoExpiry);
        }

        Assert.Equal(["bigger", "big"], cache.LargestTenants(2).Select(tenant => tenant.TenantId));
        Assert.Equal(["bigger", "big", "middle", "small"], cache.LargestTenants(9).Select(tenant => tenant.TenantId));
        Assert.All(cache.LargestTenants(9), tenant => Assert.Equal(1, tenant.Statistics.Entries));
        Assert.Empty(cache.LargestTenants(0));
    }

    private sealed class ReenteringClock : FakeTimeProvider
    {
        private int _timestamps;

        public Action? BeforeTheSecondTimestamp { get; set; }

        public override long GetTimestamp()
        {
            if (++_timestamps == 2)
            {
                BeforeTheSecondTimestamp!();
            }

            return base.GetTimestamp();
        }
    }
}
