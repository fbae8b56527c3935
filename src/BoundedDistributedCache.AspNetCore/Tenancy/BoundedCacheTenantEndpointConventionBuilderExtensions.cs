using BoundedCache.AspNetCore.Tenancy;

namespace Microsoft.AspNetCore.Builder;

/// <summary>Marks endpoints that serve no tenant.</summary>
public static class BoundedCacheTenantEndpointConventionBuilderExtensions
{
    /// <summary>
    /// Requests of these endpoints need no tenant where <c>UseBoundedCacheTenants</c> is used: health checks, metrics,
    /// static files, error pages. It must stand after <c>UseRouting</c>, if that is called.
    /// </summary>
    /// <typeparam name="TBuilder">The builder's type.</typeparam>
    /// <param name="builder">The endpoints.</param>
    /// <param name="useHostPartition">
    /// Whether such requests use the host partition; else they are in none, and the caches refuse them.
    /// </param>
    /// <returns><paramref name="builder"/>.</returns>
    /// <exception cref="ArgumentNullException"><paramref name="builder"/> is <see langword="null"/>.</exception>
    public static TBuilder WithoutTenant<TBuilder>(this TBuilder builder, bool useHostPartition = false)
        where TBuilder : IEndpointConventionBuilder
    {
        ArgumentNullException.ThrowIfNull(builder);
        return builder.WithMetadata(new RequestPartition(useHostPartition));
    }
}
