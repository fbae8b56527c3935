using BoundedCache.Tests.Support;

namespace BoundedCache.Tests.Tenancy;

/// <summary>One tenant that writes ten times the cache, among nine others who go on as before.</summary>
public sealed class FloodTests
{
    private const int Entries = 10_000;
    private const int Tenants = 10;
    private const int KeysPerTenant = 1_500;

    [Fact]
    public void WithoutLimitsAFloodCrowdsTheOthersOut() =>
        Assert.InRange(HitRatioOfOthers(flood: false, limit: null) - HitRatioOfOthers(flood: true, limit: null), 0.10, 1);

    [Fact]
    public void WithALimitPerTenantTheOthersHardlyNotice() =>
        Assert.InRange(HitRatioOfOthers(flood: false, limit: Entries / Tenants) - HitRatioOfOthers(flood: true, limit: Entries / Tenants), -0.01, 0.01);

    private static double HitRatioOfOthers(bool flood, int? limit)
    {
        using BoundedDistributedCache cache = TestCache.Make(Entries, configure: options => options.MaxEntriesPerTenant = limit);
        BoundedCachePartition[] others = [.. Enumerable.Range(1, Tenants - 1).Select(i => cache.ForTenant("tenant" + i))];
        BoundedCachePartition noisy = cache.ForTenant("noisy");
        Random random = new(5);
        int hits = 0;
        int reads = 0;
        for (int i = 0; i < 10 * Entries; i++)
        {
            if (flood)
            {
                noisy.Set("flood" + i, [1], TestCache.NoExpiry);
            }

            // Small numbers are asked for more often, as popular pages are.
            BoundedCachePartition other = others[random.Next(others.Length)];
            string key = "key" + (int)(KeysPerTenant * Math.Pow(random.NextDouble(), 3));
            reads++;
            if (other.Get(key) is not null)
            {
                hits++;
            }
            else
            {
                other.Set(key, [1], TestCache.NoExpiry);
            }
        }

        return (double)hits / reads;
    }
}
