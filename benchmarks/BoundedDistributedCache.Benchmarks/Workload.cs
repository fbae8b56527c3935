using Microsoft.Extensions.Caching.Distributed;

namespace BoundedCache.Benchmarks;

/// <summary>The entries and requests that the figures are about.</summary>
internal static class Workload
{
    public const int Entries = 10_000;
    public const int Operations = 1 << 19;

    public static readonly DistributedCacheEntryOptions Never = new();
    public static readonly DistributedCacheEntryOptions Sliding = new() { SlidingExpiration = TimeSpan.FromMinutes(20) };
    public static readonly byte[] Value = new byte[100];
    public static readonly string[] Keys = [.. Enumerable.Range(0, Entries).Select(i => $"some:prefix:key:{i:D10}")];
    public static readonly string[] Requests = MakeRequests();

    public static void Fill(IDistributedCache cache, DistributedCacheEntryOptions expiry)
    {
        foreach (string key in Keys)
        {
            cache.Set(key, Value, expiry);
        }
    }

    public static void Get(IDistributedCache cache)
    {
        foreach (string key in Requests)
        {
            RequireHit(cache.Get(key));
        }
    }

    public static void GetAsync(IDistributedCache cache)
    {
        foreach (string key in Requests)
        {
            RequireHit(cache.GetAsync(key).GetAwaiter().GetResult());
        }
    }

    public static void SetExisting(IDistributedCache cache)
    {
        foreach (string key in Requests)
        {
            cache.Set(key, Value, Never);
        }
    }

    public static void RequireHit(byte[]? found)
    {
        if (found is null)
        {
            throw new InvalidOperationException("A read missed: the comparison would be worth nothing.");
        }
    }

    private static string[] MakeRequests()
    {
        Zipf zipf = new(Entries, 0.99, seed: 42);
        return [.. Enumerable.Range(0, Operations).Select(_ => Keys[zipf.Next()])];
    }
}
