using System.Globalization;
using BoundedCache.Benchmarks.Workloads;
using Microsoft.Extensions.Options;

namespace BoundedCache.Benchmarks.Tenants;

/// <summary>One tenant that writes ten times the cache, among nine others who go on as before.</summary>
internal static class FloodRun
{
    public const int Tenants = 10;

    public static double HitRatioOfOthers(int entries, bool flood, int? limit)
    {
        using BoundedDistributedCache cache = new(Options.Create(new BoundedDistributedCacheOptions { MaxEntries = entries, MaxEntriesPerTenant = limit }));
        BoundedCachePartition[] others = [.. Enumerable.Range(1, Tenants - 1).Select(i => cache.ForTenant("tenant" + i))];
        BoundedCachePartition noisy = cache.ForTenant("noisy");
        Random random = new(5);
        int hits = 0;
        int reads = 10 * entries;
        for (int i = 0; i < reads; i++)
        {
            if (flood)
            {
                noisy.Set(i.ToString(CultureInfo.InvariantCulture), Workload.Value, Workload.Never);
            }

            // Small numbers are asked for more often, as popular pages are; together they are more than fit.
            BoundedCachePartition other = others[random.Next(others.Length)];
            string key = ((int)(0.15 * entries * Math.Pow(random.NextDouble(), 3))).ToString(CultureInfo.InvariantCulture);
            if (other.Get(key) is not null)
            {
                hits++;
            }
            else
            {
                other.Set(key, Workload.Value, Workload.Never);
            }
        }

        return (double)hits / reads;
    }
}
