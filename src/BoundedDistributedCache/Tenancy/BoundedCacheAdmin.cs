using Microsoft.Extensions.Caching.Distributed;
using Microsoft.Extensions.DependencyInjection;

namespace BoundedCache.Tenancy;

internal sealed class BoundedCacheAdmin : IBoundedCacheAdmin
{
    private readonly BoundedDistributedCache? _nearTier;
    private readonly ITenantCacheLevel[] _levels;
    private readonly AmbientPartition? _ambient;

    /// <param name="nearTier"><see langword="null"/> where the cache is of another provider.</param>
    /// <param name="levels">What else keeps its entries.</param>
    /// <param name="ambient">The partition of calls that name no tenant; <see langword="null"/> where there are no tenants.</param>
    private BoundedCacheAdmin(BoundedDistributedCache? nearTier, IEnumerable<ITenantCacheLevel> levels, AmbientPartition? ambient)
    {
        _nearTier = nearTier;
        _levels = [.. levels];
        _ambient = ambient;
    }

    internal static BoundedCacheAdmin Create(IServiceProvider provider, object? serviceKey)
    {
        var cache = serviceKey is null ? provider.GetService<IDistributedCache>() : provider.GetKeyedService<IDistributedCache>(serviceKey);
        var levels = provider.GetServices<ITenantCacheLevel>().Where(level => Equals(level.CacheKey, serviceKey));
        var nearTier = (cache as ITenantDecorated)?.NearTier ?? (cache as ITieredCache)?.NearTier;
        return new BoundedCacheAdmin(nearTier, levels, provider.GetService<AmbientPartition>());
    }

    public async Task ClearTenantAsync(string tenantId, CancellationToken cancellationToken = default)
    {
        TenantIds.ThrowIfInvalid(tenantId, nameof(tenantId));
        await ClearAsync(tenantId, cancellationToken).ConfigureAwait(false);
    }

    public async Task ClearAsync(CancellationToken cancellationToken = default) =>
        await ClearAsync(AmbientTenant(), cancellationToken).ConfigureAwait(false);

    public async Task RemoveByPatternAsync(string pattern, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(pattern);
        var tenantId = AmbientTenant();
        ThrowIfNothingIsThere();

        cancellationToken.ThrowIfCancellationRequested();
        _nearTier?.RemoveWhere(tenantId, pattern);
        foreach (var level in _levels)
            await level.RemoveByPatternAsync(tenantId, pattern, cancellationToken).ConfigureAwait(false);
    }

    public CacheStatistics GetTenantStatistics(string tenantId)
    {
        TenantIds.ThrowIfInvalid(tenantId, nameof(tenantId));
        return _nearTier?.ForTenant(tenantId).GetStatistics() ?? throw OtherProvider();
    }

    public CacheStatistics GetStatistics()
    {
        var tenantId = AmbientTenant();
        return tenantId is null ? _nearTier?.GetStatistics() ?? throw OtherProvider() : GetTenantStatistics(tenantId);
    }

    private string? AmbientTenant() => _ambient?.GetOrThrow().TenantId;

    private async Task ClearAsync(string? tenantId, CancellationToken cancellationToken)
    {
        ThrowIfNothingIsThere();

        cancellationToken.ThrowIfCancellationRequested();
        _nearTier?.RemoveWhere(tenantId, pattern: null);
        foreach (var level in _levels)
            await level.ClearAsync(tenantId, cancellationToken).ConfigureAwait(false);
    }

    private void ThrowIfNothingIsThere()
    {
        if (_nearTier is null && _levels.Length == 0)
            throw OtherProvider();
    }

    private static NotSupportedException OtherProvider() => new(
        "There is no bounded cache here: the cache is of another provider, and IDistributedCache has no means to list entries. "
        + $"Register {nameof(BoundedDistributedCache)} with the same service key, or administer the other provider by its own means.");
}
