using System.Diagnostics.CodeAnalysis;
using BoundedCache;
using BoundedCache.AspNetCore.Dashboard;
using Microsoft.AspNetCore.Routing;

namespace Microsoft.AspNetCore.Builder;

/// <summary>Maps the dashboard, a live page about the bounded caches of the container.</summary>
public static class BoundedCacheDashboardEndpointRouteBuilderExtensions
{
    /// <summary>
    /// Maps a read-only page that shows live what the caches of the container do, with its script, its style, its figures
    /// as JSON and as a stream of server-sent events below it. Keys and values are never shown; names of caches and ids of
    /// tenants are.
    /// </summary>
    /// <remarks>
    /// <para>
    /// It is closed by default: outside Development every endpoint answers 403 unless it requires authorization, by
    /// <c>RequireAuthorization</c> on what this returns or on the group that it is mapped in, and nothing beside that allows
    /// anonymous access; or unless <see cref="BoundedCacheDashboardOptions.AllowAnonymousAccess"/> says that anybody may
    /// look. A fallback policy alone does not open it.
    /// </para>
    /// <para>The endpoints need no tenant where <c>UseBoundedCacheTenants</c> is used, and answer GET and HEAD only.</para>
    /// </remarks>
    /// <param name="endpoints">What to add the endpoints to.</param>
    /// <param name="pattern">The address of the page, such as <c>/cache</c>.</param>
    /// <returns>A builder that stands for all these endpoints.</returns>
    /// <exception cref="ArgumentNullException">An argument is <see langword="null"/>.</exception>
    /// <exception cref="InvalidOperationException">No bounded cache is registered.</exception>
    public static IEndpointConventionBuilder MapBoundedCacheDashboard(
        this IEndpointRouteBuilder endpoints, [StringSyntax("Route")] string pattern) =>
        endpoints.MapBoundedCacheDashboard(pattern, static _ => { });

    /// <inheritdoc cref="MapBoundedCacheDashboard(IEndpointRouteBuilder, string)"/>
    /// <param name="endpoints">What to add the endpoints to.</param>
    /// <param name="pattern">The address of the page, such as <c>/cache</c>.</param>
    /// <param name="configure">Sets the options.</param>
    public static IEndpointConventionBuilder MapBoundedCacheDashboard(
        this IEndpointRouteBuilder endpoints, [StringSyntax("Route")] string pattern, Action<BoundedCacheDashboardOptions> configure)
    {
        ArgumentNullException.ThrowIfNull(endpoints);
        ArgumentNullException.ThrowIfNull(pattern);
        ArgumentNullException.ThrowIfNull(configure);

        var options = new BoundedCacheDashboardOptions();
        configure(options);
        var dashboard = DashboardEndpoints.Create(endpoints.ServiceProvider, options);

        // A policy of a group around this one, of this one, and of what the caller adds to it reach every endpoint alike.
        var group = endpoints.MapGroup(pattern);
        dashboard.MapIn(group);
        return group.WithoutTenant();
    }
}
