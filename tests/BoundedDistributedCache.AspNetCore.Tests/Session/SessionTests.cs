using BoundedCache.AspNetCore.Tests.Support;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Time.Testing;

namespace BoundedCache.AspNetCore.Tests.Session;

public sealed class SessionTests
{
    [Fact]
    public async Task CartSurvivesTenRequests()
    {
        await using var shop = await Shop.OpenAsync(services => services.AddSession().AddBoundedCacheSession("sessions"));
        using var browser = shop.NewBrowser();

        for (var item = 0; item < 10; item++)
            await browser.ReadAsync($"/add/{item}");

        Assert.Equal("0,1,2,3,4,5,6,7,8,9,", await browser.ReadAsync("/cart"));
    }

    [Fact]
    public async Task WorksOnTheDefaultCacheToo()
    {
        await using var shop = await Shop.OpenAsync(services => services.AddBoundedDistributedCache().AddSession());
        using var browser = shop.NewBrowser();

        await browser.ReadAsync("/add/mug");

        Assert.Equal("mug,", await browser.ReadAsync("/cart"));
    }

    [Fact]
    public async Task EachBrowserHasASessionOfItsOwn()
    {
        await using var shop = await Shop.OpenAsync(services => services.AddSession().AddBoundedCacheSession("sessions"));
        using var first = shop.NewBrowser();
        using var second = shop.NewBrowser();

        await first.ReadAsync("/add/mug");

        Assert.Equal("empty", await second.ReadAsync("/cart"));
    }

    [Fact]
    public async Task IsKeptWhileItIsUsedAndEndsAfterItsIdleTimeout()
    {
        var clock = new FakeTimeProvider();
        await using var shop = await Shop.OpenAsync(services => services
            .AddSingleton<TimeProvider>(clock)
            .AddSession(session => session.IdleTimeout = TimeSpan.FromMinutes(20))
            .AddBoundedCacheSession("sessions"));
        using var browser = shop.NewBrowser();
        await browser.ReadAsync("/add/mug");

        clock.Advance(TimeSpan.FromMinutes(19));
        Assert.Equal("mug,", await browser.ReadAsync("/cart"));
        clock.Advance(TimeSpan.FromMinutes(19));
        Assert.Equal("mug,", await browser.ReadAsync("/cart"));
        clock.Advance(TimeSpan.FromMinutes(20));
        Assert.Equal("empty", await browser.ReadAsync("/cart"));
    }

    [Fact]
    public async Task NoSessionIsLostInAFloodOfPages() =>
        Assert.Equal(0, await LostInAFloodAsync(services => services.AddBoundedCacheSession("sessions")));

    // The control: the same flood on a cache that pages and sessions share.
    [Fact]
    public async Task SessionsOnTheFloodedCacheAreLost() =>
        Assert.Equal(Visitors, await LostInAFloodAsync(services => services));

    private const int Visitors = 20;

    private static async Task<int> LostInAFloodAsync(Func<IServiceCollection, IServiceCollection> keepSessions)
    {
        const int Room = 100;
        await using var shop = await Shop.OpenAsync(services => keepSessions(
            services.AddBoundedDistributedCache(options => options.MaxEntries = Room).AddSession()));
        var browsers = Enumerable.Range(0, Visitors).Select(_ => shop.NewBrowser()).ToList();
        foreach (var browser in browsers)
            await browser.ReadAsync("/add/mug");

        using var crowd = shop.NewBrowser();
        for (var page = 0; page < 5 * Room; page++)
            await crowd.ReadAsync($"/pages/{page}");

        Assert.Equal(Room, shop.Cache().Count);
        var carts = await Task.WhenAll(browsers.Select(browser => browser.ReadAsync("/cart")));
        return carts.Count(cart => cart != "mug,");
    }
}
