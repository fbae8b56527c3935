using System.Threading.RateLimiting;
using Microsoft.Extensions.Options;

namespace WebSample.Catalogue;

/// <summary>
/// Hands out the upstream's connections, first come, first served. A request that waits in the handler's own queue
/// waits on its attempt's time-out; here it waits before that clock starts, for as long as its visitor does.
/// </summary>
public sealed class ConnectionLimit(IOptions<CatalogueOptions> options) : IDisposable
{
    public RateLimiter Limiter { get; } = new ConcurrencyLimiter(new ConcurrencyLimiterOptions
    {
        PermitLimit = options.Value.MaxConnectionsPerServer,
        QueueLimit = int.MaxValue,
        QueueProcessingOrder = QueueProcessingOrder.OldestFirst,
    });

    public long Waiting => Limiter.GetStatistics()!.CurrentQueuedCount;

    public void Dispose() => Limiter.Dispose();
}
