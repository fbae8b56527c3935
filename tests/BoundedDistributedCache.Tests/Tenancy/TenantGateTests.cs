using BoundedCache.Expiration;
using BoundedCache.Storage;
using BoundedCache.Tests.Support;

namespace BoundedCache.Tests.Tenancy;

/// <summary>What becomes of tenants while one of their Sets waits at the gate for room.</summary>
public sealed class TenantGateTests
{
    private const int MaxBytes = 100_000;

    /// <summary>More than sixteen average entries, and more than half of the cache.</summary>
    private static readonly byte[] s_large = new byte[60_000];

    [Fact]
    public void AValueThatNoLongerFitsWhenItsTurnComesIsRefused()
    {
        using BoundedDistributedCache cache = Full();
        BoundedCachePartition acme = cache.ForTenant("acme");
        acme.Set("key", [1], TestCache.NoExpiry);

        AtTheGate(cache, () => acme.Set("key", s_large, TestCache.NoExpiry), () =>
            cache.FollowTenantLimits(new BoundedDistributedCacheOptions { MaxBytesPerTenant = 10_000 }));

        Assert.Null(acme.Get("key"));
        Assert.Equal(1, cache.GetStatistics().Rejections);
        Integrity.Check(cache);
    }

    // The limit was lowered after the value was found to fit.
    [Fact]
    public void AValueThatDoesNotFitIsRefusedWithoutTheGate()
    {
        using BoundedDistributedCache cache = Full(options => options.MaxBytesPerTenant = 10_000);
        AdmissionReport report = default;
        Thread writer = new(() => cache.Storage.Set(new Partition("acme"), "key", s_large, Deadlines.Never, default, ref report));

        using (Integrity.Gate(cache).EnterScope())
        {
            writer.Start();
            Assert.True(writer.Join(TimeSpan.FromSeconds(30)), "It waits.");
        }

        Assert.True(report.IsRefused);
        Integrity.Check(cache);
    }

    [Fact]
    public void ALimitThatIsLoweredMeanwhileHoldsWhenItsTurnComes()
    {
        using BoundedDistributedCache cache = Full();
        BoundedCachePartition acme = cache.ForTenant("acme");
        for (int i = 0; i < 50; i++)
        {
            acme.Set("key" + i, [1], TestCache.NoExpiry);
        }

        AtTheGate(cache, () => acme.Set("large", s_large, TestCache.NoExpiry), () =>
            cache.FollowTenantLimits(new BoundedDistributedCacheOptions { MaxEntriesPerTenant = 3 }));

        Assert.NotNull(acme.Get("large"));
        Assert.Equal(3, acme.Count);
        Integrity.Check(cache);
    }

    [Fact]
    public void TheKeysOwnEntryStaysThenThoughItIsTheFirstMember()
    {
        using BoundedDistributedCache cache = Full();
        BoundedCachePartition acme = cache.ForTenant("acme");
        for (int i = 0; i < 50; i++)
        {
            acme.Set("key" + i, [1], TestCache.NoExpiry);
        }

        AtTheGate(cache, () => acme.Set("key0", s_large, TestCache.NoExpiry), () =>
            cache.FollowTenantLimits(new BoundedDistributedCacheOptions { MaxEntriesPerTenant = 3 }));

        Assert.Equal(s_large, acme.Get("key0"));
        Assert.Equal(3, acme.Count);
        Assert.Equal(47, acme.GetStatistics().EvictionsForTenantLimit);
        Integrity.Check(cache);
    }

    [Fact]
    public void WhatIsRankedGoesInItsOrderThen()
    {
        using BoundedDistributedCache cache = Full(options => options.MaxEntriesPerTenant = 40);
        BoundedCachePartition acme = cache.ForTenant("acme");
        for (int i = 0; i < 40; i++)
        {
            acme.Set("key" + i, [1], TestCache.NoExpiry);
        }

        for (int i = 0; i < 20; i++)
        {
            Assert.NotNull(acme.Get("key" + i));
        }

        acme.Set("ranks", [1], TestCache.NoExpiry);
        AtTheGate(cache, () => acme.Set("large", s_large, TestCache.NoExpiry), () =>
            cache.FollowTenantLimits(new BoundedDistributedCacheOptions { MaxEntriesPerTenant = 30 }));

        Assert.Equal(30, acme.Count);
        Assert.All(Enumerable.Range(0, 20), i => Assert.NotNull(acme.Get("key" + i)));
        Integrity.Check(cache);
    }

    [Fact]
    public void NoMembersAreRankedInTheGate()
    {
        using BoundedDistributedCache cache = Full();
        BoundedCachePartition acme = cache.ForTenant("acme");
        for (int i = 0; i < 50; i++)
        {
            acme.Set("key" + i, [1], TestCache.NoExpiry);
        }

        Lock ranking = cache.Storage.Tenants.Find("acme")!.Ranking;
        AtTheGate(cache, () => acme.Set("large", s_large, TestCache.NoExpiry), () =>
        {
            cache.FollowTenantLimits(new BoundedDistributedCacheOptions { MaxEntriesPerTenant = 3 });
            ranking.Enter();
        });
        ranking.Exit();

        Assert.Equal(3, acme.Count);
        Integrity.Check(cache);
    }

    [Fact]
    public void RoomOfCacheAndTenantIsClaimedUntilTheValueIsThere()
    {
        using BoundedDistributedCache cache = Full(options => options.MaxBytesPerTenant = 90_000);
        BoundedCachePartition acme = cache.ForTenant("acme");
        acme.Set("key", [1], TestCache.NoExpiry);
        Tenant record = cache.Storage.Tenants.Find("acme")!;
        bool IsClaimed() => !record.Missing(new RoomAmount(1, 40_000), cache.Storage.Tenants.Limits, pastClaim: false).IsNone;
        Lock[] shards = [];

        Thread waiting = AtTheGate(cache, () => acme.Set("large", s_large, TestCache.NoExpiry), () =>
        {
            Assert.False(IsClaimed());
            shards = [.. Integrity.Shards(cache).Select(shard => shard.Lock)];
            Array.ForEach(shards, shard => shard.Enter());
        }, wait: false);

        Assert.True(SpinWait.SpinUntil(() => Integrity.Claim(cache).Bytes > 0, TimeSpan.FromMinutes(1)), "There is no claim.");
        long charge = Charge.Of("large".Length, s_large.Length, expires: false, hasTenant: true);
        Assert.Equal(new RoomAmount(1, charge + record.RecordCharge), Integrity.Claim(cache));
        Assert.True(IsClaimed());
        Array.ForEach(shards, shard => shard.Exit());
        Assert.True(waiting.Join(TimeSpan.FromMinutes(1)));

        acme.Set("other", new byte[20_000], TestCache.NoExpiry);
        Assert.NotNull(acme.Get("large"));
        Assert.NotNull(acme.Get("key"));
        Integrity.Check(cache);
    }

    [Fact]
    public void ATenantThatGoesAndComesBackMeanwhileHasOneRecord()
    {
        using BoundedDistributedCache cache = Full();
        BoundedCachePartition acme = cache.ForTenant("acme");
        HashSet<Tenant?> records = [];

        AtTheGate(cache, () => acme.Set("large", s_large, TestCache.NoExpiry), () =>
        {
            for (int i = 0; i < 100; i++)
            {
                acme.Set("key" + i, [1], TestCache.NoExpiry);
                records.Add(cache.Storage.Tenants.Find("acme"));
                acme.Clear();
                records.Add(cache.Storage.Tenants.Find("acme"));
            }
        });

        Assert.NotNull(Assert.Single(records));
        Assert.Same(records.Single(), cache.Storage.Tenants.Find("acme"));
        Assert.NotNull(acme.Get("large"));
        Assert.Equal(1, acme.Count);
        Integrity.Check(cache);
    }

    [Fact]
    public void WhoIsRefusedAtTheGateLeavesNoRecordBehind()
    {
        using BoundedDistributedCache cache = Full();
        BoundedCachePartition acme = cache.ForTenant("acme");

        AtTheGate(cache, () => acme.Set("large", s_large, TestCache.NoExpiry), () =>
            cache.FollowTenantLimits(new BoundedDistributedCacheOptions { MaxBytesPerTenant = 10_000 }));

        Assert.Null(cache.Storage.Tenants.Find("acme"));
        Integrity.Check(cache);
    }

    [LongFact]
    public void TenantsThatComeAndGoThroughTheGateNeverPassALimit()
    {
        using BoundedDistributedCache cache = TestCache.Make(60, MaxBytes, configure: options =>
        {
            options.MaxEntriesPerTenant = 20;
            options.MaxBytesPerTenant = 80_000;
        });
        BoundedCachePartition[] partitions = [.. Enumerable.Range(0, 3).Select(i => cache.ForTenant("tenant" + i))];
        long most = 0;
        long mostBytes = 0;
        using Crew crew = new(TimeSpan.FromMilliseconds(TestScale.Of(quick: 600, full: 6_000)));
        crew.Add(running =>
        {
            do
            {
                most = Math.Max(most, partitions.Max(partition => partition.Count));
                mostBytes = Math.Max(mostBytes, cache.SizeBytes);
            }
            while (running());
        });
        for (int t = 0; t < 6; t++)
        {
            Random random = new(t);
            crew.Add(running =>
            {
                while (running())
                {
                    BoundedCachePartition partition = partitions[random.Next(partitions.Length)];
                    if (random.Next(8) == 0)
                    {
                        partition.Clear();
                    }
                    else
                    {
                        partition.Set("key" + random.Next(30), random.Next(3) == 0 ? s_large : [1], TestCache.NoExpiry);
                    }
                }
            });
        }

        crew.Run();

        Assert.InRange(most, 1, 20);
        Assert.InRange(mostBytes, 1, MaxBytes);
        Integrity.Check(cache);
    }

    private static BoundedDistributedCache Full(Action<BoundedDistributedCacheOptions>? configure = null)
    {
        BoundedDistributedCache cache = TestCache.Make(10_000, MaxBytes, configure: configure);
        for (int i = 0; i < 2_000; i++)
        {
            cache.Set("host" + i, [1], TestCache.NoExpiry);
        }

        return cache;
    }

    /// <summary>Does something while a Set waits at the gate, and then lets it in.</summary>
    private static Thread AtTheGate(BoundedDistributedCache cache, Action set, Action meanwhile, bool wait = true)
    {
        Thread waiting = new(() => set());
        using (Integrity.Gate(cache).EnterScope())
        {
            waiting.Start();
            Assert.True(SpinWait.SpinUntil(() => waiting.ThreadState.HasFlag(ThreadState.WaitSleepJoin), TimeSpan.FromMinutes(1)));
            meanwhile();
        }

        Assert.True(!wait || waiting.Join(TimeSpan.FromMinutes(1)));
        return waiting;
    }
}
