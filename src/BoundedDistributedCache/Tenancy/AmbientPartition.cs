using System.Runtime.CompilerServices;
using BoundedCache.Storage;
using Microsoft.Extensions.Options;

namespace BoundedCache.Tenancy;

/// <summary>The partition that the calling code is in, asked for anew at each call.</summary>
internal sealed class AmbientPartition(ITenantContext tenants, IOptions<BoundedCacheTenantOptions> options)
{
    private readonly bool _isHostByDefault = options.Value.WhenMissing == MissingTenantBehavior.UseHostPartition;

    // The application may have a context of its own; that of the container is asked without a virtual call.
    private readonly TenantContext? _own = tenants as TenantContext;

    /// <returns>Whether there is one.</returns>
    /// <exception cref="ArgumentException">A context of the application's own gave an id that is none.</exception>
    internal bool TryGet(out Partition partition) =>
        (_own is not null ? _own.TryGet(out partition) : TryGetForeign(out partition)) || _isHostByDefault;

    /// <exception cref="InvalidOperationException">There is none.</exception>
    /// <exception cref="ArgumentException">A context of the application's own gave an id that is none.</exception>
    internal Partition GetOrThrow() => TryGet(out Partition partition) ? partition : throw Missing();

    private bool TryGetForeign(out Partition partition)
    {
        string? tenantId = tenants.TenantId;
        if (string.IsNullOrEmpty(tenantId))
        {
            partition = Partition.Host;
            return tenants.IsHost;
        }

        TenantIds.ThrowIfInvalid(tenantId, $"{nameof(ITenantContext)}.{nameof(ITenantContext.TenantId)}");
        partition = new Partition(tenantId);
        return true;
    }

    internal static Task<T> MissingAsync<T>() => Task.FromException<T>(Missing());

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static InvalidOperationException Missing() => new(
        "The cache was used by code that is in no tenant, so it can't tell whose entry is meant. "
        + $"Enter a tenant first: by {nameof(ITenantContext)}.{nameof(ITenantContext.Use)}(id), or in a request by app.UseBoundedCacheTenants(), which must stand before what uses the cache. "
        + $"What serves all tenants enters the host partition by {nameof(ITenantContext)}.{nameof(ITenantContext.UseHost)}(), "
        + $"or everywhere by {nameof(BoundedCacheTenantOptions)}.{nameof(BoundedCacheTenantOptions.WhenMissing)} = {nameof(MissingTenantBehavior)}.{nameof(MissingTenantBehavior.UseHostPartition)}.");
}
