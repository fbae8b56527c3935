namespace BoundedCache.Diagnostics;

/// <summary>A tenant, and what it did and holds.</summary>
internal sealed record TenantStatistics(string TenantId, CacheStatistics Statistics);
