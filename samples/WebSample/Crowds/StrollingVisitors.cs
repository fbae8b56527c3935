using BoundedCache;
using WebSample.Catalogue;
using WebSample.Shops;

namespace WebSample.Crowds;

/// <summary>
/// Visitors who, once let in, look at products of all shops for a minute: mostly at the popular ones, as visitors do. So
/// there is something to see on the page about the caches.
/// </summary>
public sealed class StrollingVisitors(IServiceProvider provider, ITenantContext tenants, TimeProvider clock) : BackgroundService
{
    private const int Products = 80;

    private static readonly TimeSpan _stay = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan _pause = TimeSpan.FromMilliseconds(20);

    private readonly SemaphoreSlim _door = new(0);
    private long _leaveAt;

    public bool AreStrolling => clock.GetUtcNow().Ticks < Interlocked.Read(ref _leaveAt);

    /// <summary>Lets them in, or has those who are in stay for a minute more.</summary>
    public void LetIn()
    {
        Interlocked.Exchange(ref _leaveAt, (clock.GetUtcNow() + _stay).Ticks);
        _door.Release();
    }

    public override void Dispose()
    {
        _door.Dispose();
        base.Dispose();
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        while (true)
        {
            await _door.WaitAsync(stoppingToken);
            var catalogue = provider.GetRequiredService<CachedCatalogue>(); // Not earlier: the upstream has no address before it runs.
            while (AreStrolling)
            {
                foreach (var shop in Shop.All)
                    _ = LookAsync(catalogue, shop, stoppingToken);
                await Task.Delay(_pause, clock, stoppingToken);
            }
        }
    }

    private async Task LookAsync(CachedCatalogue catalogue, Shop shop, CancellationToken cancellationToken)
    {
        try
        {
            using (tenants.Use(shop.Id))
                await catalogue.GetProductAsync(Popular(), cancellationToken);
        }
        catch (Exception exception) when (exception is CatalogueUnavailableException or OperationCanceledException)
        {
            // What can't be had is passed by.
        }
    }

    // The product at rank n is asked for n times as rarely as the first. Those that fail on purpose stand before them.
    private static int Popular() => 10 + (int)Math.Pow(Products, Random.Shared.NextDouble());
}
