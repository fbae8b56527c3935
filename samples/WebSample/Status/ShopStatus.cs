using BoundedCache;
using WebSample.Catalogue;
using WebSample.Upstream;

namespace WebSample.Status;

/// <summary>Reads what goes on behind the pages.</summary>
public sealed class ShopStatus(
    BoundedDistributedCache pages,
    [FromKeyedServices("sessions")] BoundedDistributedCache sessions,
    ConnectionLimit connections,
    UpstreamTraffic upstream)
{
    public StatusReport Read()
    {
        var statistics = pages.GetStatistics();
        return new StatusReport(
            statistics.Entries, statistics.Bytes, statistics.Hits, statistics.Misses, sessions.Count,
            upstream.Requests, upstream.OpenConnections, upstream.MostConnections, connections.Waiting);
    }
}
