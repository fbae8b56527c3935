using System.Buffers;
using Microsoft.Extensions.Caching.Distributed;

namespace BoundedCache.Tenancy;

/// <summary>The same over a cache that takes and gives buffers. Clients ask for that by the type of what they hold.</summary>
internal sealed class ForeignBufferTenantCache(IBufferDistributedCache cache, AmbientPartition ambient)
    : ForeignTenantCache(cache, ambient), IBufferDistributedCache
{
    public bool TryGet(string key, IBufferWriter<byte> destination) => cache.TryGet(Encode(key), destination);

    public ValueTask<bool> TryGetAsync(string key, IBufferWriter<byte> destination, CancellationToken token = default) =>
        TryEncode(key, out var encoded) ? cache.TryGetAsync(encoded, destination, token) : new(AmbientPartition.MissingAsync<bool>());

    public void Set(string key, ReadOnlySequence<byte> value, DistributedCacheEntryOptions options) => cache.Set(Encode(key), value, options);

    public ValueTask SetAsync(string key, ReadOnlySequence<byte> value, DistributedCacheEntryOptions options, CancellationToken token = default) =>
        TryEncode(key, out var encoded) ? cache.SetAsync(encoded, value, options, token) : new(AmbientPartition.MissingAsync<bool>());
}
