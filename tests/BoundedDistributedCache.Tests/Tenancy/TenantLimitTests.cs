using BoundedCache.Storage;
using BoundedCache.Tests.Support;
using Microsoft.Extensions.Time.Testing;

namespace BoundedCache.Tests.Tenancy;

/// <summary>A tenant at its limit evicts its own least recently used, never another's; the limits hold at every instant.</summary>
public sealed class TenantLimitTests
{
    [Theory]
    [InlineData(100)]
    [InlineData(100_000)]
    public void AtItsLimitATenantEvictsItsOwnLeastRecentlyUsed(int maxEntries)
    {
        using BoundedDistributedCache cache = TestCache.Make(maxEntries, configure: options => options.MaxEntriesPerTenant = 20);
        BoundedCachePartition acme = cache.ForTenant("acme");
        BoundedCachePartition umbrella = cache.ForTenant("umbrella");
        for (int i = 0; i < 20; i++)
        {
            umbrella.Set("key" + i, [1], TestCache.NoExpiry);
        }

        for (int i = 0; i < 60; i++)
        {
            acme.Set("key" + i, [1], TestCache.NoExpiry);
            Assert.NotNull(acme.Get("key0"));
        }

        Assert.Equal(20, acme.Count);
        Assert.Equal(20, umbrella.Count);
        Assert.NotNull(acme.Get("key59"));
        Assert.Null(acme.Get("key1"));
        Assert.Equal(40, acme.GetStatistics().EvictionsForTenantLimit);
        Assert.Equal(40, cache.GetStatistics().EvictionsForTenantLimit);
        Assert.Equal(0, umbrella.GetStatistics().Evictions);
        Integrity.Check(cache);
    }

    [Theory]
    [InlineData(EvictionPolicy.Lru)]
    [InlineData(EvictionPolicy.ScanResistant)]
    public void InASmallCacheTheOrderWithinATenantIsExact(EvictionPolicy policy)
    {
        using BoundedDistributedCache cache = TestCache.Make(200, configure: options =>
        {
            options.MaxEntriesPerTenant = 10;
            options.EvictionPolicy = policy;
        });
        BoundedCachePartition acme = cache.ForTenant("acme");
        Random random = new(7);
        ReferenceLru reference = new(10, long.MaxValue);
        for (int i = 0; i < 3_000; i++)
        {
            string key = "key" + random.Next(25);
            if (random.Next(2) == 0)
            {
                Assert.Equal(reference.Use(key, default), acme.Get(key));
            }
            else
            {
                acme.Set(key, [1], TestCache.NoExpiry);
                reference.Set(key, [1], lifetime: null, sliding: null, default);
            }
        }

        Assert.Equal(
            reference.Keys.Select(key => "acme\0" + key).Order(StringComparer.Ordinal),
            Integrity.Check(cache).Order(StringComparer.Ordinal));
    }

    [Fact]
    public void WhatExpiredOfItsOwnGoesBeforeWhatIsAlive()
    {
        FakeTimeProvider clock = new();
        using BoundedDistributedCache cache = TestCache.Make(clock: clock, configure: options => options.MaxEntriesPerTenant = 10);
        BoundedCachePartition acme = cache.ForTenant("acme");
        for (int i = 0; i < 5; i++)
        {
            acme.Set("alive" + i, [1], TestCache.NoExpiry);
        }

        for (int i = 0; i < 5; i++)
        {
            acme.Set("expires" + i, [1], TestCache.Relative(TimeSpan.FromSeconds(1)));
        }

        clock.Advance(TimeSpan.FromSeconds(1));
        for (int i = 0; i < 5; i++)
        {
            acme.Set("new" + i, [1], TestCache.NoExpiry);
        }

        Assert.All(Enumerable.Range(0, 5), i => Assert.NotNull(acme.Get("alive" + i)));
        Assert.Equal(5, acme.GetStatistics().EvictionsExpired);
    }

    [Fact]
    public void AValueLargerThanItsTenantMayHoldIsNotStoredAndItsKeysOldValueGoes()
    {
        using BoundedDistributedCache cache = TestCache.Make(configure: options =>
        {
            options.MaxBytesPerTenant = 2_000;
            options.Tenants["large"] = new TenantLimits { MaxBytes = 20_000 };
        });
        foreach (string tenant in new[] { "acme", "large" })
        {
            cache.ForTenant(tenant).Set("key", [1], TestCache.NoExpiry);
            cache.ForTenant(tenant).Set("key", new byte[5_000], TestCache.NoExpiry);
        }

        Assert.Null(cache.ForTenant("acme").Get("key"));
        Assert.NotNull(cache.ForTenant("large").Get("key"));
        Assert.Equal(1, cache.GetStatistics().Rejections);
        Integrity.Check(cache);
    }

    [Fact]
    public void TheKeyThatIsOverwrittenIsNoVictimOfItsTenantsThoughItIsTheOldest()
    {
        using BoundedDistributedCache cache = TestCache.Make(configure: options => options.MaxBytesPerTenant = 2_500);
        BoundedCachePartition acme = cache.ForTenant("acme");
        acme.Set("oldest", new byte[1_000], TestCache.NoExpiry);
        acme.Set("other", new byte[1_000], TestCache.NoExpiry);

        acme.Set("oldest", new byte[2_000], TestCache.NoExpiry);

        Assert.Equal(2_000, acme.Get("oldest")!.Length);
        Assert.Null(acme.Get("other"));
        Assert.Equal(1, acme.GetStatistics().EvictionsForTenantLimit);
        Integrity.Check(cache);
    }

    [Fact]
    public void AValueThatTakesAllThatItsTenantMayHoldIsStored()
    {
        using BoundedDistributedCache other = TestCache.Make();
        other.ForTenant("acme").Set("key", new byte[5_000], TestCache.NoExpiry);
        long charge = other.Storage.Tenants.Find("acme")!.Used.Bytes;
        using BoundedDistributedCache cache = TestCache.Make(configure: options => options.MaxBytesPerTenant = charge);
        BoundedCachePartition acme = cache.ForTenant("acme");
        acme.Set("other", [1], TestCache.NoExpiry);

        acme.Set("key", new byte[5_000], TestCache.NoExpiry);

        Assert.NotNull(acme.Get("key"));
        Assert.Equal(1, acme.Count);
        Assert.Equal(0, cache.GetStatistics().Rejections);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(-1)]
    public void AValueThatLeavesNoRoomForItsTenantsRecordIsRefused(int spare)
    {
        using BoundedDistributedCache other = TestCache.Make();
        other.ForTenant("acme").Set("key", new byte[5_000], TestCache.NoExpiry);
        using BoundedDistributedCache cache = TestCache.Make(maxBytes: other.SizeBytes + spare);
        cache.Set("host");

        cache.ForTenant("acme").Set("key", new byte[5_000], TestCache.NoExpiry);

        Assert.Equal(spare < 0 ? 1 : 0, cache.GetStatistics().Rejections);
        Assert.Equal(spare < 0 ? "host" : "acme\0key", Assert.Single(Integrity.Check(cache)));
    }

    [Fact]
    public void ALoweredLimitIsReachedAtTheNextSweep()
    {
        using BoundedDistributedCache cache = TestCache.Make(configure: options => options.MaxEntriesPerTenant = 500);
        BoundedCachePartition acme = cache.ForTenant("acme");
        for (int i = 0; i < 500; i++)
        {
            acme.Set("key" + i, [1], TestCache.NoExpiry);
        }

        cache.FollowTenantLimits(new BoundedDistributedCacheOptions { Tenants = { ["acme"] = new TenantLimits { MaxEntries = 30 } } });
        cache.RemoveExpired();

        Assert.Equal(30, acme.Count);
        Integrity.Check(cache);
    }

    // Which would wait for the lock of the tenant's record.
    [Fact]
    public void OnceLimitsAreReachedSweepsLeaveTenantsAlone()
    {
        using BoundedDistributedCache cache = TestCache.Make(configure: options => options.MaxEntriesPerTenant = 500);
        cache.ForTenant("acme").Set("key", [1], TestCache.NoExpiry);
        cache.RemoveExpired();
        Thread sweep = new(() => cache.RemoveExpired());

        lock (Integrity.Guard(cache.Storage.Tenants.Find("acme")!))
        {
            sweep.Start();
            Assert.True(sweep.Join(TimeSpan.FromSeconds(30)), "It waits for a tenant.");
        }
    }

    [Fact]
    public void ALoweredLimitIsReachedAtTheTenantsNextSet()
    {
        using BoundedDistributedCache cache = TestCache.Make(configure: options => options.MaxEntriesPerTenant = 500);
        BoundedCachePartition acme = cache.ForTenant("acme");
        for (int i = 0; i < 500; i++)
        {
            acme.Set("key" + i, [1], TestCache.NoExpiry);
        }

        cache.FollowTenantLimits(new BoundedDistributedCacheOptions { Tenants = { ["acme"] = new TenantLimits { MaxEntries = 30 } } });
        acme.Set("new", [1], TestCache.NoExpiry);

        Assert.Equal(30, acme.Count);
        Assert.NotNull(acme.Get("new"));
        Integrity.Check(cache);
    }

    [Fact]
    public void ALoweredLimitIsReachedByAnOverwriteToo()
    {
        using BoundedDistributedCache cache = TestCache.Make(configure: options => options.MaxEntriesPerTenant = 500);
        BoundedCachePartition acme = cache.ForTenant("acme");
        for (int i = 0; i < 500; i++)
        {
            acme.Set("key" + i, [1], TestCache.NoExpiry);
        }

        cache.FollowTenantLimits(new BoundedDistributedCacheOptions { Tenants = { ["acme"] = new TenantLimits { MaxEntries = 30 } } });
        acme.Set("key7", [2], TestCache.NoExpiry);

        Assert.Equal(30, acme.Count);
        Assert.Equal([2], acme.Get("key7"));
        Integrity.Check(cache);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void OfALimitThatIsLoweredFarTheMostRecentStay(bool areFirst)
    {
        const int Before = 20_000;
        const int After = 2_000;
        using BoundedDistributedCache cache = TestCache.Make(100_000, configure: options => options.MaxEntriesPerTenant = Before);
        BoundedCachePartition acme = cache.ForTenant("acme");
        for (int i = 0; i < Before; i++)
        {
            acme.Set("key" + i, [1], TestCache.NoExpiry);
        }

        // The clock of recency goes on, so that the reads are told apart from the last of the Sets.
        for (int i = 0; i < After; i++)
        {
            cache.Set("host" + i);
        }

        int first = areFirst ? 0 : Before - After;
        for (int i = 0; i < After; i++)
        {
            acme.Get("key" + (first + i));
        }

        cache.FollowTenantLimits(new BoundedDistributedCacheOptions { MaxEntriesPerTenant = After });
        acme.Set("new", [1], TestCache.NoExpiry);

        Assert.Equal(After, acme.Count);
        Assert.Equal(After - 1, Enumerable.Range(first, After).Count(i => acme.Get("key" + i) is not null));
        Integrity.Check(cache);
    }

    // More than are ranked at once; and the one that was used is the first of its list.
    [Fact]
    public void AValueThatNeedsMostOfWhatItsTenantHoldsLeavesTheMostRecentlyUsed()
    {
        using BoundedDistributedCache cache = TestCache.Make(200);
        BoundedCachePartition acme = cache.ForTenant("acme");
        for (int i = 0; i < 100; i++)
        {
            acme.Set("key" + i, [1], TestCache.NoExpiry);
        }

        acme.Get("key0");
        int used = (int)cache.Storage.Tenants.Find("acme")!.Used.Bytes;
        cache.FollowTenantLimits(new BoundedDistributedCacheOptions { MaxBytesPerTenant = used });

        acme.Set("large", new byte[used * 6 / 10], TestCache.NoExpiry);

        int stayed = acme.Count - 2;
        Assert.InRange(stayed, 30, 40);
        Assert.NotNull(acme.Get("key0"));
        Assert.All(Enumerable.Range(100 - stayed, stayed), i => Assert.NotNull(acme.Get("key" + i)));
        Integrity.Check(cache);
    }

    [LongTheory]
    [InlineData(8)]
    [InlineData(20)]
    [InlineData(300)]
    public void ATenantThatIsSmallBesideTheCacheStillEvictsItsLeastRecentlyUsed(int limit)
    {
        using BoundedDistributedCache cache = TestCache.Make(100_000, configure: options => options.MaxEntriesPerTenant = limit);
        BoundedCachePartition acme = cache.ForTenant("acme");
        for (int i = 0; i < 90_000; i++)
        {
            cache.Set("host" + i, [1], TestCache.NoExpiry);
        }

        for (int i = 0; i < limit; i++)
        {
            acme.Set("key" + i, [1], TestCache.NoExpiry);
        }

        // A quarter is kept in use while as many as it holds come in.
        int used = limit / 4;
        for (int i = 0; i < used; i++)
        {
            Assert.NotNull(acme.Get("key" + i));
        }

        for (int i = 0; i < limit; i++)
        {
            Assert.NotNull(acme.Get("key" + (i % used)));
            acme.Set("new" + i, [1], TestCache.NoExpiry);
        }

        int epoch = Math.Max(1, limit / 16);
        Assert.Equal(used, Enumerable.Range(0, used).Count(i => acme.Get("key" + i) is not null));
        Assert.InRange(Enumerable.Range(used + epoch, limit - used - epoch).Count(i => acme.Get("new" + i) is not null), limit - used - (4 * epoch), limit);
    }

    [Fact]
    public void WhatWasUsedSinceItWasRankedStaysThoughWhatHadExpiredWentFirst()
    {
        FakeTimeProvider clock = new();
        using BoundedDistributedCache cache = TestCache.Make(200, clock: clock, configure: options => options.MaxEntriesPerTenant = 10);
        BoundedCachePartition acme = cache.ForTenant("acme");
        for (int i = 0; i < 5; i++)
        {
            acme.Set("alive" + i, [1], TestCache.NoExpiry);
        }

        for (int i = 0; i < 5; i++)
        {
            acme.Set("expires" + i, [1], TestCache.Relative(TimeSpan.FromSeconds(1)));
        }

        clock.Advance(TimeSpan.FromSeconds(1));
        for (int i = 0; i < 5; i++)
        {
            acme.Set("new" + i, [1], TestCache.NoExpiry);
        }

        acme.Get("alive0");
        acme.Set("new5", [1], TestCache.NoExpiry);

        Assert.NotNull(acme.Get("alive0"));
        Assert.Null(acme.Get("alive1"));
    }

    [Fact]
    public void ATenantThatMayHoldOneEntryKeepsItsStatistics()
    {
        using BoundedDistributedCache cache = TestCache.Make(configure: options => options.MaxEntriesPerTenant = 1);
        BoundedCachePartition acme = cache.ForTenant("acme");
        for (int i = 0; i < 10; i++)
        {
            acme.Set("key" + i, [1], TestCache.NoExpiry);
        }

        Assert.Equal(10, acme.GetStatistics().Sets);
        Assert.Equal(9, acme.GetStatistics().EvictionsForTenantLimit);
        Integrity.Check(cache);
    }

    [Fact]
    public void ATenantThatTheOptionsNameLaterKeepsWhatWasCounted()
    {
        using BoundedDistributedCache cache = TestCache.Make();
        BoundedCachePartition acme = cache.ForTenant("acme");
        acme.Set("key", [1], TestCache.NoExpiry);
        acme.Get("key");

        cache.FollowTenantLimits(new BoundedDistributedCacheOptions { Tenants = { ["acme"] = new TenantLimits { MaxEntries = 30 } } });
        acme.Clear();

        Assert.Equal(1, acme.GetStatistics().Sets);
        Assert.Equal(1, acme.GetStatistics().Hits);
    }

    public static TheoryData<string, int, long, int?, long?, int> Shapes => new()
    {
        { "entries of tenants bind", 10_000, 1L << 30, 50, null, 5 },
        { "bytes of tenants bind", 10_000, 1L << 30, null, 40_000, 5 },
        { "tenants and cache bind", 300, 200_000, 60, 40_000, 20 },
        { "tenants and a one-shard cache bind", 100, 60_000, 30, 15_000, 10 },
        { "tenants that come and go in a tiny cache", 8, 8_000, 3, null, 40 },
    };

    [LongTheory]
    [MemberData(nameof(Shapes))]
    public void NoObserverEverSeesATenantAboveItsLimit(string shape, int maxEntries, long maxBytes, int? perTenant, long? bytesPerTenant, int tenants)
    {
        Assert.NotEmpty(shape);
        using BoundedDistributedCache cache = TestCache.Make(maxEntries, maxBytes, configure: options =>
        {
            options.MaxEntriesPerTenant = perTenant;
            options.MaxBytesPerTenant = bytesPerTenant;
        });
        BoundedCachePartition[] partitions = [.. Enumerable.Range(0, tenants).Select(i => cache.ForTenant("tenant" + i))];
        int[] lengths = [0, 10, 500, 3_000];
        long most = 0;
        long mostBytes = 0;
        long mostOfAll = 0;
        long mostBytesOfAll = 0;
        using Crew crew = new(TimeSpan.FromMilliseconds(TestScale.Of(quick: 600, full: 4_000)));
        crew.Add(running =>
        {
            // Once at least, for on a busy machine all may be over before this begins.
            do
            {
                foreach (BoundedCachePartition partition in partitions)
                {
                    most = Math.Max(most, partition.Count);
                    mostBytes = Math.Max(mostBytes, partition.SizeBytes);
                    mostOfAll = Math.Max(mostOfAll, cache.Count);
                    mostBytesOfAll = Math.Max(mostBytesOfAll, cache.SizeBytes);
                }
            }
            while (running());
        });
        for (int t = 0; t < 8; t++)
        {
            Random random = new(t);
            crew.Add(running =>
            {
                while (running())
                {
                    BoundedCachePartition partition = partitions[random.Next(tenants)];
                    string key = "key" + random.Next(200);
                    switch (random.Next(20))
                    {
                        case 0:
                            partition.Remove(key);
                            break;
                        case 1:
                            partition.Get(key);
                            break;
                        case 2 when random.Next(50) == 0:
                            partition.Clear();
                            break;
                        case 3 when random.Next(50) == 0:
                            cache.RemoveExpired();
                            break;
                        default:
                            partition.Set(key, new byte[lengths[random.Next(lengths.Length)]], random.Next(3) == 0 ? TestCache.Relative(TimeSpan.FromMilliseconds(5)) : TestCache.NoExpiry);
                            break;
                    }
                }
            });
        }

        crew.Run();

        Assert.InRange(most, 1, perTenant ?? int.MaxValue);
        Assert.InRange(mostBytes, 1, bytesPerTenant ?? long.MaxValue);
        Assert.InRange(mostOfAll, 1, maxEntries);
        Assert.InRange(mostBytesOfAll, 1, maxBytes);
        Integrity.Check(cache);
    }

    [LongFact]
    public void LimitsThatChangeWhileWritersWaitEndInARefusalOrAPlaceNeverAHang()
    {
        using BoundedDistributedCache cache = TestCache.Make(100, 200_000);
        using Crew crew = new(TimeSpan.FromSeconds(1));
        long value = Charge.Of(4, 10_000, expires: false, hasTenant: true);
        crew.Add(running =>
        {
            Random random = new(1);
            while (running())
            {
                cache.FollowTenantLimits(new BoundedDistributedCacheOptions { MaxBytesPerTenant = random.Next(3) switch { 0 => value - 1, 1 => value, _ => 3 * value } });
            }
        });
        for (int t = 0; t < 4; t++)
        {
            Random random = new(t);
            crew.Add(running =>
            {
                while (running())
                {
                    cache.ForTenant("tenant" + random.Next(2)).Set("key" + random.Next(9), new byte[random.Next(2) == 0 ? 10_000 : 3_000], TestCache.NoExpiry);
                }
            });
        }

        crew.Run();

        cache.FollowTenantLimits(new BoundedDistributedCacheOptions());
        Integrity.Check(cache);
    }

    [LongFact]
    public void AMillionTenantsThatCameAndWentLeaveNothingBehind()
    {
        int tenants = TestScale.Of(quick: 100_000, full: 1_000_000);
        FakeTimeProvider clock = new();
        using BoundedDistributedCache cache = TestCache.Make(1_000, clock: clock);
        for (int i = 0; i < tenants; i++)
        {
            cache.ForTenant("tenant" + i).Set("key", [1], TestCache.Relative(TimeSpan.FromSeconds(1)));
        }

        Assert.Equal(1_000, cache.Storage.Tenants.Count);
        clock.Advance(TimeSpan.FromSeconds(1));
        cache.RemoveExpired();

        Assert.Equal(0, cache.Storage.Tenants.Count);
        Assert.Equal(0, cache.SizeBytes);
    }
}
