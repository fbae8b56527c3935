using System.Net;

namespace WebSample.Tests;

/// <summary>What of a shop on Redis stays while Redis does not answer.</summary>
public sealed class RedisAwayTests
{
    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    [Fact]
    public async Task TheCatalogueIsShownAlsoToWhoComesOnlyNow()
    {
        await using var redis = await RedisServer.StartAsync();
        await using var shop = RunningShop.Open(("Redis", redis.Address), ("Upstream:Delay", "00:00:00"));
        using var earlier = shop.Enter();
        Assert.Equal(HttpStatusCode.OK, (await earlier.ReadAsync("/kitchen", Cancelled)).Status); // the keys of forms are read once

        redis.Kill();
        using var visitor = shop.Enter();
        var list = await visitor.ReadAsync("/kitchen", Cancelled);
        var product = await visitor.ReadAsync("/kitchen/products/3", Cancelled);

        Assert.Equal((HttpStatusCode.OK, HttpStatusCode.OK), (list.Status, product.Status));
        Assert.Contains(">?</span>", list.Html);
    }

    [Fact]
    public async Task ACartThatCanNotBeReadSaysSo()
    {
        await using var redis = await RedisServer.StartAsync();
        await using var shop = RunningShop.Open(("Redis", redis.Address), ("Upstream:Delay", "00:00:00"));

        redis.Kill();
        using var visitor = shop.Enter();
        var cart = await visitor.ReadAsync("/kitchen/cart", Cancelled);

        Assert.Equal((HttpStatusCode.ServiceUnavailable, "Redis does not answer"), (cart.Status, cart.Heading));
    }

    [Fact]
    public async Task ACartThatCanNotBeStoredIsNotSaidToBe()
    {
        await using var redis = await RedisServer.StartAsync();
        await using var shop = RunningShop.Open(("Redis", redis.Address), ("Upstream:Delay", "00:00:00"));
        using var visitor = shop.Enter();
        await visitor.AddToCartAsync("kitchen", 3, Cancelled);
        Assert.Equal(1, (await visitor.ReadAsync("/kitchen/cart", Cancelled)).PiecesInCart); // a copy is here now

        redis.Kill();
        var answer = await visitor.AddToCartAsync("kitchen", 3, Cancelled);

        Assert.Equal((HttpStatusCode.ServiceUnavailable, "Redis does not answer"), (answer.Status, answer.Heading));
        await redis.StartAsync();
        await Eventually.IsTrueAsync(async () => (await visitor.AddToCartAsync("kitchen", 4, Cancelled)).Status == HttpStatusCode.OK, Cancelled);
    }
}
