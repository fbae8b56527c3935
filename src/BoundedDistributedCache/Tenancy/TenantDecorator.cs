using System.Runtime.CompilerServices;
using Microsoft.Extensions.Caching.Distributed;

namespace BoundedCache.Tenancy;

/// <summary>Decorates caches, each once, whatever services it is registered for.</summary>
internal sealed class TenantDecorator(AmbientPartition ambient)
{
    private readonly ConditionalWeakTable<IDistributedCache, IDistributedCache> _decorated = [];

    internal IBufferDistributedCache Decorate(IBufferDistributedCache cache) => (IBufferDistributedCache)Decorate((IDistributedCache)cache);

    /// <returns>A cache that takes buffers, if <paramref name="cache"/> does; itself, if it is decorated.</returns>
    internal IDistributedCache Decorate(IDistributedCache cache) =>
        IsDecorated(cache) ? cache : _decorated.GetValue(cache, Create);

    internal static bool IsDecorated(IDistributedCache cache) => cache is ITenantDecorated;

    private IDistributedCache Create(IDistributedCache cache) => cache switch
    {
        BoundedDistributedCache bounded => new TenantCache(bounded, ambient),
        ITieredCache tiered => tiered.WithTenants(ambient),
        IBufferDistributedCache buffers => new ForeignBufferTenantCache(buffers, ambient),
        _ => new ForeignTenantCache(cache, ambient),
    };
}
