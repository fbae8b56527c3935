using System.Globalization;
using BoundedCache.AspNetCore.Tenancy;
using Microsoft.AspNetCore.Http;

namespace BoundedCache;

/// <summary>
/// Where a request's tenant is found, and which requests have none. One source is set; whatever it takes more than that
/// to tell a tenant is for the application's own function.
/// </summary>
/// <remarks>
/// The sources take any id that is well-formed. Whether there is such a tenant only the application knows: where ids come
/// from clients, let a function return <see langword="null"/> for those that are unknown.
/// </remarks>
public sealed class BoundedCacheTenantRequestOptions
{
    private readonly List<(PathString Path, RequestPartition Partition)> _paths = [];

    internal Func<HttpContext, ValueTask<string?>>? Source { get; private set; }

    internal bool NeedsRouting { get; private set; }

    /// <summary>The tenant is the host name of the request, in lower case and without its port.</summary>
    /// <returns>These options.</returns>
    /// <exception cref="InvalidOperationException">There is a source already.</exception>
    public BoundedCacheTenantRequestOptions FromHost() => From(static context => Lower(context.Request.Host.Host));

    /// <summary>
    /// The tenant is what stands before a domain in the host name of the request, in lower case: <c>acme</c> for
    /// <c>acme.shop.example</c>. A request for the domain itself, or for another, has no tenant.
    /// </summary>
    /// <param name="domain">The domain without a leading dot and without a port, such as <c>shop.example</c>.</param>
    /// <returns>These options.</returns>
    /// <exception cref="ArgumentException"><paramref name="domain"/> is empty, or begins with a dot.</exception>
    /// <exception cref="InvalidOperationException">There is a source already.</exception>
    public BoundedCacheTenantRequestOptions FromSubdomainOf(string domain)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(domain);
        if (domain.StartsWith('.'))
            throw new ArgumentException($"The domain '{domain}' begins with a dot; leave it out.", nameof(domain));

        var suffix = "." + domain;
        return From(context => context.Request.Host.Host is var host && host.EndsWith(suffix, StringComparison.OrdinalIgnoreCase)
            ? Lower(host[..^suffix.Length])
            : null);
    }

    /// <summary>
    /// The tenant is a value of the route, such as <c>tenant</c> in <c>/{tenant}/cart</c>, exactly as it stands there.
    /// <c>UseBoundedCacheTenants</c> must stand after <c>UseRouting</c>, if that is called.
    /// </summary>
    /// <param name="name">The parameter's name.</param>
    /// <returns>These options.</returns>
    /// <exception cref="ArgumentException"><paramref name="name"/> is empty.</exception>
    /// <exception cref="InvalidOperationException">There is a source already.</exception>
    public BoundedCacheTenantRequestOptions FromRoute(string name)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(name);
        From(context => Convert.ToString(context.Request.RouteValues[name], CultureInfo.InvariantCulture));
        NeedsRouting = true;
        return this;
    }

    /// <summary>
    /// The tenant is a claim of the user. <c>UseBoundedCacheTenants</c> must stand after <c>UseAuthentication</c>. Claims of
    /// that type which differ are no tenant.
    /// </summary>
    /// <param name="type">The claim's type.</param>
    /// <returns>These options.</returns>
    /// <exception cref="ArgumentException"><paramref name="type"/> is empty.</exception>
    /// <exception cref="InvalidOperationException">There is a source already.</exception>
    public BoundedCacheTenantRequestOptions FromClaim(string type)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(type);
        return From(context => OneOf(context.User.FindAll(type).Select(static claim => claim.Value)));
    }

    /// <summary>
    /// The tenant is a header of the request. Only for applications behind a gateway that sets the header itself and
    /// drops what clients send, for else any client names any tenant. Headers of that name which differ are no tenant.
    /// </summary>
    /// <param name="name">The header's name.</param>
    /// <returns>These options.</returns>
    /// <exception cref="ArgumentException"><paramref name="name"/> is empty.</exception>
    /// <exception cref="InvalidOperationException">There is a source already.</exception>
    public BoundedCacheTenantRequestOptions FromTrustedHeader(string name)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(name);
        return From(context => OneOf(context.Request.Headers[name]));
    }

    /// <summary>The tenant is what a function returns.</summary>
    /// <param name="source">
    /// Returns a tenant's id; <see langword="null"/> or an empty string where there is none. Runs in no partition.
    /// </param>
    /// <returns>These options.</returns>
    /// <exception cref="ArgumentNullException"><paramref name="source"/> is <see langword="null"/>.</exception>
    /// <exception cref="InvalidOperationException">There is a source already.</exception>
    public BoundedCacheTenantRequestOptions From(Func<HttpContext, string?> source)
    {
        ArgumentNullException.ThrowIfNull(source);
        return From(context => ValueTask.FromResult(source(context)));
    }

    /// <inheritdoc cref="From(Func{HttpContext, string?})"/>
    /// <param name="source">
    /// Returns a tenant's id; <see langword="null"/> or an empty string where there is none. Runs in no partition: where it
    /// reads a cache, it enters the host's by <see cref="ITenantContext.UseHost"/>.
    /// </param>
    public BoundedCacheTenantRequestOptions From(Func<HttpContext, ValueTask<string?>> source)
    {
        ArgumentNullException.ThrowIfNull(source);
        if (Source is not null)
            throw new InvalidOperationException($"{nameof(BoundedCacheTenantRequestOptions)} has a source already. Set one; to combine several, use {nameof(From)} with a function.");
        Source = source;
        return this;
    }

    /// <summary>
    /// Requests for a path and for what is below it need no tenant: health checks, metrics, static files, error pages.
    /// Endpoints can be marked themselves, by <c>.WithoutTenant()</c>.
    /// </summary>
    /// <param name="path">
    /// The path, which begins with <c>/</c>, without <see cref="HttpRequest.PathBase"/>; compared by whole segments, in any
    /// case. <c>/</c> is the root alone.
    /// </param>
    /// <param name="useHostPartition">
    /// Whether such requests use the host partition; else they are in none, and the caches refuse them.
    /// </param>
    /// <returns>These options.</returns>
    /// <exception cref="ArgumentException"><paramref name="path"/> does not begin with <c>/</c>.</exception>
    public BoundedCacheTenantRequestOptions WithoutTenant(string path, bool useHostPartition = false)
    {
        ArgumentNullException.ThrowIfNull(path);
        if (!path.StartsWith('/'))
            throw new ArgumentException($"The path '{path}' does not begin with '/'.", nameof(path));

        var trimmed = path.TrimEnd('/');
        _paths.Add((new PathString(trimmed.Length == 0 ? "/" : trimmed), new RequestPartition(useHostPartition)));
        _paths.Sort(static (one, other) => other.Path.Value!.Length - one.Path.Value!.Length);
        return this;
    }

    /// <summary>What is said of the path; where several do, by the longest.</summary>
    internal RequestPartition? PartitionOf(PathString path) =>
        _paths.Find(named => path.StartsWithSegments(named.Path, StringComparison.OrdinalIgnoreCase)).Partition;

    private static string? OneOf(IEnumerable<string?> values)
    {
        var different = values.Distinct(StringComparer.Ordinal).Take(2).ToList();
        return different.Count == 1 ? different[0] : null;
    }

    // Host names are the same in any case, and ids are not.
    private static string Lower(string host) => CultureInfo.InvariantCulture.TextInfo.ToLower(host);
}
