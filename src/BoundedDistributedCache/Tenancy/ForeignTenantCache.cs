using BoundedCache.Storage;
using Microsoft.Extensions.Caching.Distributed;

namespace BoundedCache.Tenancy;

/// <summary>Adds the ambient tenant to every call on a cache that knows keys only.</summary>
internal class ForeignTenantCache(IDistributedCache cache, AmbientPartition ambient) : IDistributedCache, ITenantDecorated
{
    public BoundedDistributedCache? NearTier => null;

    public byte[]? Get(string key) => cache.Get(Encode(key));

    public Task<byte[]?> GetAsync(string key, CancellationToken token = default) =>
        TryEncode(key, out var encoded) ? cache.GetAsync(encoded, token) : AmbientPartition.MissingAsync<byte[]?>();

    public void Set(string key, byte[] value, DistributedCacheEntryOptions options) => cache.Set(Encode(key), value, options);

    public Task SetAsync(string key, byte[] value, DistributedCacheEntryOptions options, CancellationToken token = default) =>
        TryEncode(key, out var encoded) ? cache.SetAsync(encoded, value, options, token) : AmbientPartition.MissingAsync<bool>();

    public void Refresh(string key) => cache.Refresh(Encode(key));

    public Task RefreshAsync(string key, CancellationToken token = default) =>
        TryEncode(key, out var encoded) ? cache.RefreshAsync(encoded, token) : AmbientPartition.MissingAsync<bool>();

    public void Remove(string key) => cache.Remove(Encode(key));

    public Task RemoveAsync(string key, CancellationToken token = default) =>
        TryEncode(key, out var encoded) ? cache.RemoveAsync(encoded, token) : AmbientPartition.MissingAsync<bool>();

    protected string Encode(string key) => WithTenant(ambient.GetOrThrow(), key);

    protected bool TryEncode(string key, out string encoded)
    {
        if (ambient.TryGet(out var partition))
        {
            encoded = WithTenant(partition, key);
            return true;
        }

        encoded = key;
        return false;
    }

    // Null is passed on, for the cache to refuse in its own way.
    private static string WithTenant(Partition partition, string key) => key is null ? key! : TenantKey.Encode(partition.TenantId, key);
}
