using BoundedCache;
using BoundedCache.AspNetCore.Tenancy;
using Microsoft.Extensions.DependencyInjection;

namespace Microsoft.AspNetCore.Builder;

/// <summary>Runs requests in their tenants.</summary>
public static class BoundedCacheTenantApplicationBuilderExtensions
{
    // Where UseRouting() leaves its builder, for UseEndpoints() to find.
    private const string EndpointRouteBuilder = "__EndpointRouteBuilder";

    /// <summary>
    /// Runs what follows in the tenant of the request. A request whose tenant is missing or invalid is answered with
    /// status 400 and problem details; nothing that follows sees it, unless its endpoint is marked by
    /// <c>.WithoutTenant()</c>, or its path is named by <see cref="BoundedCacheTenantRequestOptions.WithoutTenant"/>.
    /// </summary>
    /// <param name="app">The pipeline to add to.</param>
    /// <param name="configure">Sets where the tenant is found.</param>
    /// <returns><paramref name="app"/>.</returns>
    /// <remarks>
    /// <para>Where it must stand:</para>
    /// <code>
    /// app.UseRouting();               // before it, if called at all, for route values and endpoints that are marked
    /// app.UseAuthentication();        // before it, for claims
    /// app.UseBoundedCacheTenants(tenants => tenants.FromRoute("tenant"));
    /// app.UseSession();               // after it, and so must be whatever else uses a cache
    /// </code>
    /// <para>
    /// After <c>UseSession</c>, or before <c>UseRouting</c> where the source is a route value, requests throw an
    /// <see cref="InvalidOperationException"/> that names the lines to swap. Middleware that runs the pipeline again for an
    /// error page does so from the start: mark that page too.
    /// </para>
    /// <para>
    /// The tenant is current until the rest of the pipeline returns, so not in <c>Response.OnCompleted</c>.
    /// </para>
    /// </remarks>
    /// <exception cref="ArgumentNullException">An argument is <see langword="null"/>.</exception>
    /// <exception cref="InvalidOperationException">
    /// <paramref name="configure"/> set no source, or <c>AddBoundedCacheTenants()</c> was not called.
    /// </exception>
    public static IApplicationBuilder UseBoundedCacheTenants(this IApplicationBuilder app, Action<BoundedCacheTenantRequestOptions> configure)
    {
        ArgumentNullException.ThrowIfNull(app);
        ArgumentNullException.ThrowIfNull(configure);

        var tenants = app.ApplicationServices.GetService<ITenantContext>()
            ?? throw new InvalidOperationException($"{nameof(UseBoundedCacheTenants)}() needs tenants. Call services.AddBoundedCacheTenants().");
        var options = new BoundedCacheTenantRequestOptions();
        configure(options);
        if (options.Source is null)
            throw new InvalidOperationException($"{nameof(UseBoundedCacheTenants)}() was not told where the tenant of a request is found. Set a source, such as tenants.{nameof(options.FromRoute)}(\"tenant\").");

        // Without a call of UseRouting() a WebApplication routes first of all. Whether there is one after this line is
        // known only when the pipeline is built.
        var isAfterRouting = app.Properties.ContainsKey(EndpointRouteBuilder);
        return app.Use(next => new TenantMiddleware(next, tenants, options, !isAfterRouting && app.Properties.ContainsKey(EndpointRouteBuilder)).InvokeAsync);
    }
}
