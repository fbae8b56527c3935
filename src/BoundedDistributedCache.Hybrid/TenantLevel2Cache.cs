using Microsoft.Extensions.Caching.Distributed;

namespace BoundedCache.Hybrid;

/// <summary>
/// What HybridCache takes for its distributed cache: enters the tenant that <see cref="TenantHybridCache"/> put into the
/// key, and passes the tenant's own key on. So what HybridCache stores is the tenant's, as if it had stored it itself.
/// </summary>
/// <remarks>
/// Other keys are those under which HybridCache keeps the times of its tags; they are the host's.
/// </remarks>
internal class TenantLevel2Cache(IDistributedCache cache, ITenantContext tenants) : IDistributedCache
{
    public byte[]? Get(string key)
    {
        using (Enter(ref key))
            return cache.Get(key);
    }

    public Task<byte[]?> GetAsync(string key, CancellationToken token = default)
    {
        using (Enter(ref key))
            return cache.GetAsync(key, token);
    }

    public void Set(string key, byte[] value, DistributedCacheEntryOptions options)
    {
        using (Enter(ref key))
            cache.Set(key, value, options);
    }

    public Task SetAsync(string key, byte[] value, DistributedCacheEntryOptions options, CancellationToken token = default)
    {
        using (Enter(ref key))
            return cache.SetAsync(key, value, options, token);
    }

    public void Refresh(string key)
    {
        using (Enter(ref key))
            cache.Refresh(key);
    }

    public Task RefreshAsync(string key, CancellationToken token = default)
    {
        using (Enter(ref key))
            return cache.RefreshAsync(key, token);
    }

    public void Remove(string key)
    {
        using (Enter(ref key))
            cache.Remove(key);
    }

    public Task RemoveAsync(string key, CancellationToken token = default)
    {
        using (Enter(ref key))
            return cache.RemoveAsync(key, token);
    }

    /// <param name="key">What HybridCache asks for; afterwards what the tenant asked for.</param>
    /// <returns>To be disposed once the cache was called, for it reads the tenant at the call.</returns>
    protected IDisposable Enter(ref string key)
    {
        if (HybridKey.TryDecode(key, out var tenantId, out var decoded))
            key = decoded;
        return tenantId is null ? tenants.UseHost() : tenants.Use(tenantId);
    }
}
