using Microsoft.Extensions.Caching.Distributed;

namespace BoundedCache.Tenancy;

/// <summary>A cache whose callers see the entries of their tenant only.</summary>
internal interface ITenantDecorated : IDistributedCache
{
    /// <summary>The bounded cache in it; <see langword="null"/> where the cache is of another provider.</summary>
    BoundedDistributedCache? NearTier { get; }
}
