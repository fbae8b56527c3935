// What an application sees: a namespace that has nothing to do with the package's, and no using but one of those that
// the web SDK brings along.
using Microsoft.Extensions.DependencyInjection;

namespace Contoso.Shop;

public class ShopTests
{
    [Fact]
    public void OneLineSwitchesAnApplicationToTheBoundedCache()
    {
        var services = new ServiceCollection();
        services.AddBoundedDistributedCache();
        services.AddSingleton<Cart>();
        using var provider = services.BuildServiceProvider();

        Assert.Equal(0, provider.GetRequiredService<Cart>().CachedEntries);
    }

    [Fact]
    public void OptionsNeedNoUsingOfThePackage()
    {
        using var provider = new ServiceCollection()
            .AddBoundedDistributedCache(options => options.MaxEntries = 1)
            .AddKeyedBoundedDistributedCache("sessions", options => options.MaxBytes = 1_000_000)
            .BuildServiceProvider();

        BoundedCache.BoundedDistributedCache cache = provider.GetRequiredKeyedService<BoundedCache.BoundedDistributedCache>("sessions");

        Assert.NotSame(cache, provider.GetRequiredService<BoundedCache.BoundedDistributedCache>());
    }

    private sealed class Cart(BoundedCache.BoundedDistributedCache cache)
    {
        public int CachedEntries => cache.Count;
    }
}
