namespace BoundedCache;

/// <summary>How a dashboard is served.</summary>
public sealed class BoundedCacheDashboardOptions
{
    /// <summary>
    /// Whether anybody who reaches the application may see the dashboard, the names of caches and tenants among it.
    /// <see langword="false"/> by default: outside Development, requests are then answered with 403 unless the endpoints
    /// require authorization. A policy that they require is enforced either way.
    /// </summary>
    public bool AllowAnonymousAccess { get; set; }
}
