using Microsoft.Extensions.Caching.Distributed;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace BoundedCache.Tests.Support;

/// <summary>Makes caches, and what is handed to them.</summary>
internal static class TestCache
{
    public static readonly DistributedCacheEntryOptions NoExpiry = new();

    public static BoundedDistributedCache Make(
        int maxEntries = 10_000,
        long maxBytes = 1L << 30,
        TimeProvider? clock = null,
        ILogger<BoundedDistributedCache>? logger = null,
        Action<BoundedDistributedCacheOptions>? configure = null)
    {
        BoundedDistributedCacheOptions options = new() { MaxEntries = maxEntries, MaxBytes = maxBytes };
        configure?.Invoke(options);
        return new BoundedDistributedCache(Options.Create(options), clock, logger);
    }

    public static DistributedCacheEntryOptions Sliding(TimeSpan window) => new() { SlidingExpiration = window };

    public static DistributedCacheEntryOptions Relative(TimeSpan lifetime) => new() { AbsoluteExpirationRelativeToNow = lifetime };

    public static void Set(this BoundedDistributedCache cache, string key) => cache.Set(key, [1], NoExpiry);
}
