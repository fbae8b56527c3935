using BoundedCache;
using Microsoft.Extensions.Options;
using WebSample.Catalogue;
using WebSample.Shops;
using WebSample.Upstream;

namespace WebSample.Status;

/// <summary>Reads what goes on behind the pages.</summary>
public sealed class ShopStatus(
    BoundedDistributedCache pages,
    [FromKeyedServices("sessions")] BoundedDistributedCache sessions,
    IOptionsMonitor<BoundedDistributedCacheOptions> options,
    ConnectionLimit connections,
    UpstreamTraffic upstream)
{
    public StatusReport Read()
    {
        var statistics = pages.GetStatistics();
        return new StatusReport(
            statistics.Entries, statistics.Bytes, statistics.Hits, statistics.Misses, sessions.Count,
            upstream.Requests, upstream.OpenConnections, upstream.MostConnections, connections.Waiting,
            [.. Shop.All.Select(ShareOf)]);
    }

    private ShopShare ShareOf(Shop shop)
    {
        var statistics = pages.ForTenant(shop.Id).GetStatistics();
        return new ShopShare(
            shop, statistics.Entries, LimitOf(shop), statistics.Hits, statistics.Evictions - statistics.EvictionsExpired);
    }

    private int LimitOf(Shop shop)
    {
        var limits = options.CurrentValue;
        var own = limits.Tenants.TryGetValue(shop.Id, out var tenant) ? tenant.MaxEntries : null;
        return own ?? limits.MaxEntriesPerTenant ?? limits.MaxEntries;
    }
}
