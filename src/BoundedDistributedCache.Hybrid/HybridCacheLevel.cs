using BoundedCache.Storage;
using BoundedCache.Tenancy;
using Microsoft.Extensions.Caching.Distributed;
using Microsoft.Extensions.Caching.Hybrid;
using Microsoft.Extensions.Caching.Memory;
using Microsoft.Extensions.DependencyInjection;

namespace BoundedCache.Hybrid;

/// <summary>What HybridCache keeps in its own memory, beside the distributed cache that it was given.</summary>
/// <remarks>
/// HybridCache can't list its keys. Where it is the platform's own, they are the keys of the container's memory cache that
/// have a tenant in them. Where it is not, or the distributed cache is one that can't list its keys either, removal by
/// pattern goes too far rather than fall short: everything of the partition goes.
/// </remarks>
internal sealed class HybridCacheLevel : ITenantCacheLevel
{
    private readonly HybridCache _cache;
    private readonly MemoryCache? _memory;
    private readonly bool _canListKeys;

    public HybridCacheLevel(IServiceProvider provider)
    {
        _cache = provider.GetRequiredKeyedService<HybridCache>(HybridRegistration.InnerKey);
        CacheKey = provider.GetRequiredService<Level2Options>().CacheKey;
        if (_cache.GetType().Assembly == typeof(HybridCacheOptions).Assembly)
            _memory = provider.GetService<IMemoryCache>() as MemoryCache;
        _canListKeys = _memory is not null && provider.GetKeyedService<IDistributedCache>(CacheKey) is null or ITenantDecorated { NearTier: not null };
    }

    public object? CacheKey { get; }

    public async Task ClearAsync(string? tenantId, CancellationToken cancellationToken)
    {
        await RemoveEverythingAsync(tenantId, cancellationToken).ConfigureAwait(false);
        RemoveFromMemory(tenantId, new KeyPattern("*"));
    }

    public Task RemoveByPatternAsync(string? tenantId, string pattern, CancellationToken cancellationToken)
    {
        if (!_canListKeys)
            return RemoveEverythingAsync(tenantId, cancellationToken);
        RemoveFromMemory(tenantId, new KeyPattern(pattern));
        return Task.CompletedTask;
    }

    private Task RemoveEverythingAsync(string? tenantId, CancellationToken cancellationToken) =>
        _cache.RemoveByTagAsync(HybridKey.Everything(tenantId), cancellationToken).AsTask();

    private void RemoveFromMemory(string? tenantId, KeyPattern pattern)
    {
        foreach (var encoded in _memory?.Keys.OfType<string>() ?? [])
        {
            if (HybridKey.TryDecode(encoded, out var owner, out var key) && owner == tenantId && pattern.Matches(key))
                _memory!.Remove(encoded);
        }
    }
}
