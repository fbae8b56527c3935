using Microsoft.Extensions.Caching.Distributed;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace BoundedCache.Benchmarks;

/// <summary>What tenants cost.</summary>
internal static class TenantFigures
{
    private const int Tenants = 50;
    private const int LimitPerTenant = 200;
    private const int SetsPerTenant = 4_000;

    public static void Write()
    {
        Report.Begin("Tenants, our time with / without; of two threads, their throughput / that of one");
        Report.AtMost("Get hit through the decorator, 50 tenants", 1.5, Decorated());
        Report.AtLeast("Set new key, all at their limit, 2 threads:1", 1.2, TwoThreads(), Tenants * SetsPerTenant);
        Report.AtMost("Set beside a tenant of 200,000 at its limit", 1.5, BesideALargeTenant(), Tenants * SetsPerTenant);
    }

    private static Ratio Decorated()
    {
        using ServiceProvider provider = new ServiceCollection()
            .AddBoundedDistributedCache(options => options.MaxEntries = 2 * Workload.Entries)
            .AddBoundedCacheTenants()
            .BuildServiceProvider();
        var decorated = provider.GetRequiredService<IDistributedCache>();
        var context = provider.GetRequiredService<ITenantContext>();
        using BoundedDistributedCache bare = new(Options.Create(new BoundedDistributedCacheOptions { MaxEntries = Workload.Entries }));
        Workload.Fill(bare, Workload.Never);

        // Each tenant has a share of the keys, so that both hold as many entries.
        int share = Workload.Entries / Tenants;
        string[][] keys = [.. Enumerable.Range(0, Tenants).Select(t => Workload.Keys[(t * share)..((t + 1) * share)])];
        for (int t = 0; t < Tenants; t++)
        {
            using (context.Use("tenant" + t))
            {
                foreach (string key in keys[t])
                {
                    decorated.Set(key, Workload.Value, Workload.Never);
                }
            }
        }

        Random random = new(3);
        string[][] requests = [.. keys.Select(own => Enumerable.Range(0, Workload.Operations / Tenants).Select(_ => own[random.Next(own.Length)]).ToArray())];
        return Comparison.Of(
            () =>
            {
                for (int t = 0; t < Tenants; t++)
                {
                    using (context.Use("tenant" + t))
                    {
                        Read(decorated, requests[t]);
                    }
                }
            },
            () =>
            {
                for (int t = 0; t < Tenants; t++)
                {
                    Read(bare, requests[t]);
                }
            });
    }

    /// <summary>Throughput of two threads, each with half the tenants, against one that does the same work.</summary>
    private static Ratio TwoThreads()
    {
        using BoundedDistributedCache cache = AtTheirLimits();
        int series = 0;
        return Comparison.Of(
            () => SetNew(cache, 0, Tenants, ref series),
            () =>
            {
                int mine = ++series;
                Thread second = new(() => SetNew(cache, Tenants / 2, Tenants, mine));
                second.Start();
                SetNew(cache, 0, Tenants / 2, mine);
                second.Join();
            });
    }

    private static Ratio BesideALargeTenant()
    {
        using BoundedDistributedCache alone = AtTheirLimits();
        using BoundedDistributedCache beside = AtTheirLimits(withLargeTenant: true);
        int series = 0;
        return Comparison.Of(
            () => SetNew(beside, 0, Tenants, ref series),
            () => SetNew(alone, 0, Tenants, ref series));
    }

    private static BoundedDistributedCache AtTheirLimits(bool withLargeTenant = false)
    {
        const int Large = 200_000;
        BoundedDistributedCache cache = new(Options.Create(new BoundedDistributedCacheOptions
        {
            MaxEntries = 400_000,
            MaxBytes = 1L << 32,
            MaxEntriesPerTenant = LimitPerTenant,
            Tenants = { ["large"] = new TenantLimits { MaxEntries = Large } },
        }));
        if (withLargeTenant)
        {
            BoundedCachePartition large = cache.ForTenant("large");
            for (int i = 0; i < Large + 1_000; i++)
            {
                large.Set("key" + i, Workload.Value, Workload.Never);
            }
        }

        SetNew(cache, 0, Tenants, series: 0);
        return cache;
    }

    private static void SetNew(BoundedDistributedCache cache, int first, int last, ref int series) => SetNew(cache, first, last, ++series);

    private static void SetNew(BoundedDistributedCache cache, int first, int last, int series)
    {
        BoundedCachePartition[] tenants = [.. Enumerable.Range(first, last - first).Select(t => cache.ForTenant("tenant" + t))];
        for (int i = 0; i < SetsPerTenant; i++)
        {
            foreach (BoundedCachePartition tenant in tenants)
            {
                tenant.Set($"{series}:{i}", Workload.Value, Workload.Never);
            }
        }
    }

    private static void Read(IDistributedCache cache, string[] keys)
    {
        foreach (string key in keys)
        {
            Workload.RequireHit(cache.Get(key));
        }
    }
}
