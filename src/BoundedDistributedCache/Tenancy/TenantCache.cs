using System.Buffers;
using Microsoft.Extensions.Caching.Distributed;

namespace BoundedCache.Tenancy;

/// <summary>Adds the ambient tenant to every call on a bounded cache, which keeps the pair (tenant, key) as it is.</summary>
internal sealed class TenantCache(BoundedDistributedCache cache, AmbientPartition ambient) : IBufferDistributedCache, ITenantDecorated
{
    public BoundedDistributedCache NearTier => cache;

    public byte[]? Get(string key) => cache.Get(ambient.GetOrThrow(), key);

    public Task<byte[]?> GetAsync(string key, CancellationToken token = default) =>
        ambient.TryGet(out var partition) ? cache.GetAsync(partition, key, token) : AmbientPartition.MissingAsync<byte[]?>();

    public bool TryGet(string key, IBufferWriter<byte> destination) => cache.TryGet(ambient.GetOrThrow(), key, destination);

    public ValueTask<bool> TryGetAsync(string key, IBufferWriter<byte> destination, CancellationToken token = default) =>
        ambient.TryGet(out var partition) ? cache.TryGetAsync(partition, key, destination, token) : new(AmbientPartition.MissingAsync<bool>());

    public void Set(string key, byte[] value, DistributedCacheEntryOptions options) => cache.Set(ambient.GetOrThrow(), key, value, options);

    public void Set(string key, ReadOnlySequence<byte> value, DistributedCacheEntryOptions options) => cache.Set(ambient.GetOrThrow(), key, value, options);

    public Task SetAsync(string key, byte[] value, DistributedCacheEntryOptions options, CancellationToken token = default) =>
        ambient.TryGet(out var partition) ? cache.SetAsync(partition, key, value, options, token) : AmbientPartition.MissingAsync<bool>();

    public ValueTask SetAsync(string key, ReadOnlySequence<byte> value, DistributedCacheEntryOptions options, CancellationToken token = default) =>
        ambient.TryGet(out var partition) ? cache.SetAsync(partition, key, value, options, token) : new(AmbientPartition.MissingAsync<bool>());

    public void Refresh(string key) => cache.Refresh(ambient.GetOrThrow(), key);

    public Task RefreshAsync(string key, CancellationToken token = default) =>
        ambient.TryGet(out var partition) ? cache.RefreshAsync(partition, key, token) : AmbientPartition.MissingAsync<bool>();

    public void Remove(string key) => cache.Remove(ambient.GetOrThrow(), key);

    public Task RemoveAsync(string key, CancellationToken token = default) =>
        ambient.TryGet(out var partition) ? cache.RemoveAsync(partition, key, token) : AmbientPartition.MissingAsync<bool>();
}
