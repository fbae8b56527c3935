using BoundedCache.Tests.Support;
using Microsoft.Extensions.Time.Testing;

namespace BoundedCache.Tests;

/// <summary>Removing many: by pattern, all, and what has expired, also while others work.</summary>
public sealed class RemovalTests
{
    [Fact]
    public void APatternRemovesWhatItMatchesAndSaysHowMany()
    {
        using BoundedDistributedCache cache = TestCache.Make();
        foreach (string key in new[] { "user:1:cart", "user:2:cart", "user:22:cart", "user:1:name", "USER:1:cart" })
        {
            cache.Set(key);
        }

        Assert.Equal(2, cache.RemoveByPattern("user:?:cart"));
        Assert.Equal(2, cache.RemoveByPattern("user:*"));
        Assert.Equal(0, cache.RemoveByPattern(""));
        Assert.Equal(["USER:1:cart"], Integrity.Check(cache));
    }

    [Fact]
    public void APatternRemovesFromAllTenantsToo()
    {
        using BoundedDistributedCache cache = TestCache.Make();
        foreach (string key in new[] { "product:1", "basket:1" })
        {
            cache.Set(key);
            cache.ForTenant("acme").Set(key, [1], TestCache.NoExpiry);
        }

        Assert.Equal(2, cache.RemoveByPattern("product:*"));

        Assert.Equal((2, 1), (cache.Count, cache.ForTenant("acme").Count));
        Assert.Null(cache.ForTenant("acme").Get("product:1"));
    }

    [Fact]
    public void WhatMatchesNothingTakesNoLock()
    {
        using BoundedDistributedCache cache = TestCache.Make(200);
        cache.Set("key");
        Thread removal = new(() => cache.RemoveByPattern("other*"));

        lock (Integrity.Shards(cache).Single().Lock)
        {
            removal.Start();
            Assert.True(removal.Join(TimeSpan.FromSeconds(30)), "It waits for a shard.");
        }

        Integrity.Check(cache);
    }

    [LongFact]
    public void APatternMatchesKeysThatWritersAddAndRemoveAllTheWhile()
    {
        using BoundedDistributedCache cache = TestCache.Make(100_000);
        using Crew crew = new(TimeSpan.FromSeconds(1));
        for (int i = 0; i < 500; i++)
        {
            cache.Set("stays" + i);
        }

        crew.Add(running =>
        {
            for (int i = 0; running(); i++)
            {
                cache.Set("other" + (i % 10_000));
                cache.Remove("other" + ((i + 5_000) % 10_000));
            }
        });
        crew.Add(running =>
        {
            for (int round = 0; running(); round++)
            {
                string prefix = "doomed" + round + ".";
                for (int i = 0; i < 200; i++)
                {
                    cache.Set(prefix + i);
                }

                Assert.Equal(200, cache.RemoveByPattern(prefix + "*"));
                Assert.All(Enumerable.Range(0, 200), i => Assert.Null(cache.Get(prefix + i)));
            }
        });

        crew.Run();

        Assert.All(Enumerable.Range(0, 500), i => Assert.NotNull(cache.Get("stays" + i)));
        Integrity.Check(cache);
    }

    [LongFact]
    public void ClearRemovesWhatWasThereWhileOthersGoOnSetting()
    {
        using BoundedDistributedCache cache = TestCache.Make(100_000);
        using Crew crew = new(TimeSpan.FromSeconds(1));
        crew.Add(running =>
        {
            for (int i = 0; running(); i++)
            {
                cache.Set("other" + (i % 20_000));
            }
        });
        crew.Add(running =>
        {
            while (running())
            {
                for (int i = 0; i < 200; i++)
                {
                    cache.Set("mine" + i);
                }

                cache.Clear();
                Assert.All(Enumerable.Range(0, 200), i => Assert.Null(cache.Get("mine" + i)));
            }
        });

        crew.Run();

        Integrity.Check(cache);
    }

    [Fact]
    public void RemoveExpiredDropsWhatHasExpiredAndNothingElse()
    {
        FakeTimeProvider clock = new();
        using BoundedDistributedCache cache = TestCache.Make(clock: clock);
        for (int i = 0; i < 300; i++)
        {
            cache.Set("absolute" + i, [1], TestCache.Relative(TimeSpan.FromSeconds(1 + (i % 3))));
            cache.Set("sliding" + i, [1], TestCache.Sliding(TimeSpan.FromSeconds(2)));
            cache.Set("never" + i);
        }

        clock.Advance(TimeSpan.FromSeconds(1));
        for (int i = 0; i < 100; i++)
        {
            cache.Get("sliding" + i);
        }

        Assert.Equal(100, cache.RemoveExpired());
        clock.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal(100 + 200, cache.RemoveExpired());
        Assert.Equal(0, cache.RemoveExpired());
        Assert.Equal(500, Integrity.Check(cache).Count);
        clock.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal(200, cache.RemoveExpired());
        Assert.Equal(300, cache.Count);
    }

    [Fact]
    public void WritersReclaimWhatHasExpiredBeforeWhatIsAlive()
    {
        FakeTimeProvider clock = new();
        using BoundedDistributedCache cache = TestCache.Make(10_000, clock: clock);
        for (int i = 0; i < 5_000; i++)
        {
            cache.Set("alive" + i);
        }

        for (int i = 0; i < 5_000; i++)
        {
            cache.Set("expires" + i, [1], TestCache.Relative(TimeSpan.FromSeconds(1)));
        }

        clock.Advance(TimeSpan.FromSeconds(1));
        for (int i = 0; i < 1_000; i++)
        {
            cache.Set("new" + i);
        }

        CacheStatistics statistics = cache.GetStatistics();
        Assert.Equal(0, statistics.EvictionsForEntries);
        Assert.InRange(statistics.EvictionsExpired, 1_000, 5_000);
        Assert.All(Enumerable.Range(0, 5_000), i => Assert.NotNull(cache.Get("alive" + i)));
        Integrity.Check(cache);
    }
}
