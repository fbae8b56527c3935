using Microsoft.Extensions.Caching.Distributed;
using Microsoft.Extensions.Caching.Hybrid;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace BoundedCache.Hybrid;

/// <summary>
/// Puts the adapter in the place of the distributed cache that HybridCache would take, and remembers which that is.
/// </summary>
/// <param name="provider">Where that cache is.</param>
internal sealed class Level2Options(IServiceProvider provider) : IPostConfigureOptions<HybridCacheOptions>
{
    private object? _cacheKey;

    /// <summary>The service key of the cache behind the adapter.</summary>
    internal object? CacheKey
    {
        get
        {
            _ = provider.GetRequiredService<IOptions<HybridCacheOptions>>().Value;
            return _cacheKey;
        }
    }

    public void PostConfigure(string? name, HybridCacheOptions options)
    {
        if (name != Options.DefaultName)
            return;

        // What fitted before tenants were added still fits with the longest id.
        options.MaximumKeyLength = (int)Math.Min(int.MaxValue, options.MaximumKeyLength + (long)HybridKey.MaxOverhead);

        // HybridCache can do without a distributed cache, unless its options name one.
        _cacheKey = options.DistributedCacheServiceKey;
        if (_cacheKey is not null || provider.GetService<IDistributedCache>() is not null)
            options.DistributedCacheServiceKey = HybridRegistration.Level2Key;
    }

    internal IDistributedCache CreateAdapter()
    {
        var tenants = provider.GetRequiredService<ITenantContext>();
        return provider.GetRequiredKeyedService<IDistributedCache>(CacheKey) is var cache && cache is IBufferDistributedCache buffers
            ? new BufferTenantLevel2Cache(buffers, tenants)
            : new TenantLevel2Cache(cache, tenants);
    }
}
