using System.Buffers;
using BoundedCache.Tests.Support;

namespace BoundedCache.Tests.Faults;

/// <summary>
/// What user code may do with the cache that called it, and a cache that it is done to: of one shard, so that every key
/// needs the same lock, and so small that most of it evicts.
/// </summary>
internal static class Uses
{
    public const int MaxEntries = 100;

    private static readonly Dictionary<string, Action<BoundedDistributedCache>> s_uses = new()
    {
        ["set the key"] = cache => cache.Set("key", [9], TestCache.NoExpiry),
        ["read the key"] = cache => cache.Get("key"),
        ["refresh the key"] = cache => cache.Refresh("key"),
        ["remove the key"] = cache => cache.Remove("key"),
        ["set a neighbour"] = cache => cache.Set("neighbour"),
        ["set more than it holds"] = cache => Fill(cache, 2 * MaxEntries),
        ["set what takes all of it"] = cache => cache.Set("large", new byte[90_000], TestCache.NoExpiry),
        ["set what is too large"] = cache => cache.Set("large", new byte[200_000], TestCache.NoExpiry),
        ["set more than a tenant may hold"] = FillTenant,
        ["clear the tenant"] = cache => cache.ForTenant("acme").Clear(),
        ["clear it"] = cache => cache.Clear(),
        ["remove by a pattern"] = cache => cache.RemoveByPattern("*e*"),
        ["sweep it"] = cache => cache.RemoveExpired(),
        ["ask for statistics"] = cache => cache.GetStatistics(),
        ["dispose it"] = cache => cache.Dispose(),
    };

    public static TheoryData<string> All => [.. s_uses.Keys];

    public static BoundedDistributedCache MakeCache(
        TimeProvider? clock = null,
        Microsoft.Extensions.Logging.ILogger<BoundedDistributedCache>? logger = null) =>
        TestCache.Make(MaxEntries, 100_000, clock, logger, options => options.MaxEntriesPerTenant = 20);

    public static void Make(string use, BoundedDistributedCache cache) => s_uses[use](cache);

    /// <summary>One after the other, but for the last.</summary>
    public static void MakeAll(BoundedDistributedCache cache)
    {
        foreach ((string name, Action<BoundedDistributedCache> use) in s_uses)
        {
            if (name != "dispose it")
            {
                use(cache);
            }
        }

        cache.Set("key", [1], TestCache.Sliding(TimeSpan.FromDays(1)));
        Assert.True(cache.TryGet("key", new ArrayBufferWriter<byte>()));
    }

    public static void Fill(BoundedDistributedCache cache, int count)
    {
        for (int i = 0; i < count; i++)
        {
            cache.Set("filler" + i);
        }
    }

    /// <summary>That it is whole, and works; unless it is disposed.</summary>
    public static void AssertSound(BoundedDistributedCache cache)
    {
        Integrity.Check(cache);
        try
        {
            MakeAll(cache);
        }
        catch (ObjectDisposedException)
        {
            Assert.Empty(Integrity.Check(cache));
            return;
        }

        Integrity.Check(cache);
    }

    private static void FillTenant(BoundedDistributedCache cache)
    {
        for (int i = 0; i < 30; i++)
        {
            cache.ForTenant("acme").Set("key" + i, [1], TestCache.NoExpiry);
        }
    }
}
