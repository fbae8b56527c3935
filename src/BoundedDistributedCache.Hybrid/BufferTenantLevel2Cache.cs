using System.Buffers;
using Microsoft.Extensions.Caching.Distributed;

namespace BoundedCache.Hybrid;

/// <summary>The same over a cache that spares HybridCache a copy.</summary>
internal sealed class BufferTenantLevel2Cache(IBufferDistributedCache cache, ITenantContext tenants)
    : TenantLevel2Cache(cache, tenants), IBufferDistributedCache
{
    private readonly IBufferDistributedCache _cache = cache;

    public bool TryGet(string key, IBufferWriter<byte> destination)
    {
        using (Enter(ref key))
            return _cache.TryGet(key, destination);
    }

    public ValueTask<bool> TryGetAsync(string key, IBufferWriter<byte> destination, CancellationToken token = default)
    {
        using (Enter(ref key))
            return _cache.TryGetAsync(key, destination, token);
    }

    public void Set(string key, ReadOnlySequence<byte> value, DistributedCacheEntryOptions options)
    {
        using (Enter(ref key))
            _cache.Set(key, value, options);
    }

    public ValueTask SetAsync(string key, ReadOnlySequence<byte> value, DistributedCacheEntryOptions options, CancellationToken token = default)
    {
        using (Enter(ref key))
            return _cache.SetAsync(key, value, options, token);
    }
}
