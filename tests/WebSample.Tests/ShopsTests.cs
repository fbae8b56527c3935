using System.Net;
using BoundedCache;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Time.Testing;

namespace WebSample.Tests;

/// <summary>The three shops, their visitors' cookies kept in one jar.</summary>
public sealed class ShopsTests
{
    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    private static (string, string) NoDelay => ("Upstream:Delay", "00:00:00");

    [Fact]
    public async Task AVisitorHasACartInEach()
    {
        await using var shop = RunningShop.Open(NoDelay);
        using var visitor = shop.Enter();

        await visitor.AddToCartAsync("kitchen", 3, Cancelled);
        await visitor.AddToCartAsync("garden", 3, Cancelled);
        await visitor.AddToCartAsync("garden", 3, Cancelled);

        Assert.Equal([1, 2, 0], await PiecesInCartsAsync(visitor));
        await visitor.RemoveFromCartAsync("garden", 3, Cancelled);
        Assert.Equal([1, 0, 0], await PiecesInCartsAsync(visitor));
    }

    [Fact]
    public async Task EachHasACatalogueOfItsOwn()
    {
        await using var shop = RunningShop.Open(NoDelay);
        using var visitor = shop.Enter();

        var first = await visitor.ReadInEachShopAsync("products/3", Cancelled);
        var second = await visitor.ReadInEachShopAsync("products/3", Cancelled);
        var lists = await visitor.ReadInEachShopAsync("2", Cancelled);

        Assert.All(first, page => Assert.Equal("upstream", page.Origin));
        Assert.All(second, page => Assert.Equal("cache", page.Origin));
        Assert.Equal(3, first.Select(page => page.Heading).Distinct().Count());
        Assert.Equal(first.Select(page => page.Heading), second.Select(page => page.Heading));
        Assert.All(lists, page => Assert.Equal("upstream", page.Origin));
    }

    [Fact]
    public async Task VisitorsOfOneProductNumberInEachDoNotShareACall()
    {
        var clock = new FakeTimeProvider();
        await using var shop = RunningShop.Open(clock);
        using var crowd = shop.Enter();

        var pages = crowd.ReadInEachShopAsync("products/3", Cancelled);
        await Eventually.IsTrueAsync(() => shop.Upstream.Requests == 3, Cancelled);
        clock.Advance(TimeSpan.FromMilliseconds(400));

        Assert.Equal(3, (await pages).Select(page => page.Heading).Distinct().Count());
    }

    [Fact]
    public async Task ACrowdMakesItsShopDropItsOwnEntriesOnly()
    {
        await using var shop = RunningShop.Open(NoDelay);
        using var visitor = shop.Enter();
        for (var product = 11; product < 31; product++)
            await visitor.ReadInEachShopAsync($"products/{product}", Cancelled);

        var start = await visitor.SendCrowdAsync("kitchen", Cancelled);

        Assert.Contains("60 of 60 entries", start.Html);
        Assert.Equal((60, 60), (shop.ShareOf("kitchen").Entries, shop.ShareOf("kitchen").Limit));
        Assert.InRange(shop.ShareOf("kitchen").Evictions, 20, long.MaxValue);
        foreach (var other in new[] { "garden", "study" })
        {
            Assert.Equal((20, 0), (shop.ShareOf(other).Entries, shop.ShareOf(other).Evictions));
            for (var product = 11; product < 31; product++)
                Assert.Equal("cache", (await visitor.ReadAsync($"/{other}/products/{product}", Cancelled)).Origin);
        }
    }

    [Fact]
    public async Task ACrowdLeavesEveryCart()
    {
        await using var shop = RunningShop.Open(NoDelay);
        using var visitor = shop.Enter();
        await visitor.AddToCartAsync("kitchen", 3, Cancelled);
        await visitor.AddToCartAsync("garden", 4, Cancelled);

        await visitor.SendCrowdAsync("kitchen", Cancelled);

        Assert.Equal([1, 1, 0], await PiecesInCartsAsync(visitor));
    }

    [Fact]
    public async Task NoCrowdComesWithoutAnAntiforgeryToken()
    {
        await using var shop = RunningShop.Open(NoDelay);
        using var visitor = shop.Enter();
        using var form = new FormUrlEncodedContent([]);

        using var response = await visitor.Http.PostAsync(new Uri("/kitchen?handler=Crowd", UriKind.Relative), form, Cancelled);

        Assert.Equal(HttpStatusCode.BadRequest, response.StatusCode);
        Assert.Equal(0, shop.Upstream.Requests);
    }

    [Theory]
    [InlineData("/nowhere")]
    [InlineData("/nowhere/cart")]
    [InlineData("/nowhere/products/3")]
    [InlineData("/Kitchen/products/3")]
    [InlineData("/%01/products/3")]
    [InlineData("/kitchen/nothing")]
    [InlineData("/nothing.css")]
    public async Task WhatThereIsNotIsNotFound(string path)
    {
        await using var shop = RunningShop.Open(NoDelay);
        using var visitor = shop.Enter();

        var page = await visitor.ReadAsync(path, Cancelled);

        Assert.Equal((HttpStatusCode.NotFound, "Not found"), (page.Status, page.Heading));
        Assert.Equal(0, shop.Upstream.Requests);
        Assert.Equal(0, shop.Services.GetRequiredService<BoundedDistributedCache>().Count);
    }

    [Theory]
    [InlineData("/", HttpStatusCode.OK)]
    [InlineData("/health", HttpStatusCode.OK)]
    [InlineData("/status", HttpStatusCode.OK)]
    [InlineData("/shop.css", HttpStatusCode.OK)]
    [InlineData("/nowhere", HttpStatusCode.NotFound)]
    [InlineData("/kitchen/products/100000", HttpStatusCode.NotFound)]
    public async Task NothingIsAmissWhereNoShopIsAskedOrItsPageFails(string path, HttpStatusCode status)
    {
        await using var shop = RunningShop.Open(NoDelay);
        using var visitor = shop.Enter();
        await visitor.AddToCartAsync("kitchen", 3, Cancelled);

        Assert.Equal(status, (await visitor.ReadAsync(path, Cancelled)).Status);

        Assert.DoesNotContain(shop.Log.GetSnapshot(), record => record.Level >= LogLevel.Error);
    }

    private static async Task<IEnumerable<int>> PiecesInCartsAsync(Visitor visitor) =>
        (await visitor.ReadInEachShopAsync("cart", Cancelled)).Select(page => page.PiecesInCart);
}
