using System.Runtime.CompilerServices;
using Microsoft.Extensions.Options;

namespace BoundedCache.Tenancy;

/// <summary>The partition that the calling code is in, asked for anew at each call.</summary>
internal sealed class AmbientPartition(ITenantContext tenants, IOptions<BoundedCacheTenantOptions> options)
{
    private readonly bool _isHostByDefault = options.Value.WhenMissing == MissingTenantBehavior.UseHostPartition;

    /// <param name="tenantId"><see langword="null"/>: the host partition.</param>
    /// <returns>Whether there is one.</returns>
    internal bool TryGet(out string? tenantId)
    {
        tenantId = tenants.TenantId;
        if (!string.IsNullOrEmpty(tenantId))
            return true;
        tenantId = null;
        return tenants.IsHost || _isHostByDefault;
    }

    /// <returns><see langword="null"/>: the host partition.</returns>
    /// <exception cref="InvalidOperationException">There is none.</exception>
    internal string? GetOrThrow() => TryGet(out var tenantId) ? tenantId : throw Missing();

    internal static Task<T> MissingAsync<T>() => Task.FromException<T>(Missing());

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static InvalidOperationException Missing() => new(
        "The cache was used by code that is in no tenant, so it can't tell whose entry is meant. "
        + $"Enter a tenant first: by {nameof(ITenantContext)}.{nameof(ITenantContext.Use)}(id), or in a request by app.UseBoundedCacheTenants(), which must stand before what uses the cache. "
        + $"What serves all tenants enters the host partition by {nameof(ITenantContext)}.{nameof(ITenantContext.UseHost)}(), "
        + $"or everywhere by {nameof(BoundedCacheTenantOptions)}.{nameof(BoundedCacheTenantOptions.WhenMissing)} = {nameof(MissingTenantBehavior)}.{nameof(MissingTenantBehavior.UseHostPartition)}.");
}
