using Microsoft.Extensions.Caching.Distributed;

namespace BoundedCache.Tenancy;

/// <summary>A bounded cache with a tier behind it, which takes the partition of each call as the bounded cache does.</summary>
internal interface ITieredCache : IBufferDistributedCache
{
    BoundedDistributedCache NearTier { get; }

    /// <returns>A decorator that adds the ambient tenant to every call.</returns>
    ITenantDecorated WithTenants(AmbientPartition ambient);
}
