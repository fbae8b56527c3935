using System.Net;
using BoundedCache;
using Microsoft.Extensions.DependencyInjection;

namespace WebSample.Tests;

/// <summary>Two nodes of the shop on one Redis, and one upstream, as <c>run.sh --redis</c> starts them.</summary>
public sealed class NodesTests
{
    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    [Fact]
    public async Task TheCartFollowsTheVisitor()
    {
        await using var redis = await RedisServer.StartAsync();
        await using var first = OpenFirst(redis);
        await using var second = OpenBeside(first, redis);
        var cookies = new CookieContainer();
        using var onFirst = first.Enter(cookies);
        using var onSecond = second.Enter(cookies);

        await onFirst.AddToCartAsync("kitchen", 3, Cancelled);
        Assert.Equal(1, (await onSecond.ReadAsync("/kitchen/cart", Cancelled)).PiecesInCart);
        await onSecond.AddToCartAsync("kitchen", 3, Cancelled);
        await Eventually.IsTrueAsync(async () => (await onFirst.ReadAsync("/kitchen/cart", Cancelled)).PiecesInCart == 2, Cancelled);
        await onFirst.RemoveFromCartAsync("kitchen", 3, Cancelled);
        await Eventually.IsTrueAsync(async () => (await onSecond.ReadAsync("/kitchen/cart", Cancelled)).PiecesInCart == 0, Cancelled);
    }

    [Fact]
    public async Task AFormOfOneNodeIsTakenByTheOther()
    {
        await using var redis = await RedisServer.StartAsync();
        await using var first = OpenFirst(redis);
        await using var second = OpenBeside(first, redis);
        var cookies = new CookieContainer();
        using var onFirst = first.Enter(cookies);
        using var onSecond = second.Enter(cookies);

        var page = await onFirst.SendFormAsync(
            "/kitchen/products/3", "/kitchen/cart?handler=Add", [new("id", "3")], onSecond.Http, Cancelled);

        Assert.Equal((HttpStatusCode.OK, 1), (page.Status, page.PiecesInCart));
    }

    [Fact]
    public async Task APriceChangedOnOneNodeShowsOnTheOther()
    {
        await using var redis = await RedisServer.StartAsync();
        await using var first = OpenFirst(redis);
        await using var second = OpenBeside(first, redis);
        using var onFirst = first.Enter();
        using var onSecond = second.Enter();
        foreach (var visitor in new[] { onFirst, onSecond, onFirst, onSecond })
        {
            await visitor.ReadAsync("/kitchen/products/14", Cancelled);
            await visitor.ReadAsync("/kitchen/2", Cancelled);
        }

        var copy = await onSecond.ReadAsync("/kitchen/products/14", Cancelled);
        Assert.Equal("cache", copy.Origin);
        Assert.DoesNotContain("123.45", copy.Html);

        var changed = await onFirst.ChangePriceAsync("kitchen", 14, "123.45", Cancelled);

        Assert.Contains("123.45", changed.Html);
        await Eventually.IsTrueAsync(async () => (await onSecond.ReadAsync("/kitchen/products/14", Cancelled)).Html.Contains("123.45"), Cancelled);
        await Eventually.IsTrueAsync(async () => (await onSecond.ReadAsync("/kitchen/2", Cancelled)).Html.Contains("123.45"), Cancelled);
    }

    [Theory]
    [InlineData("")]
    [InlineData("-1")]
    [InlineData("12,90")]
    [InlineData("1000")]
    public async Task APriceThatIsNoneIsRefused(string price)
    {
        await using var shop = RunningShop.Open(("Upstream:Delay", "00:00:00"));
        using var visitor = shop.Enter();

        var page = await visitor.ChangePriceAsync("kitchen", 14, price, Cancelled);

        Assert.Equal(HttpStatusCode.BadRequest, page.Status);
    }

    private static RunningShop OpenFirst(RedisServer redis) =>
        RunningShop.OpenWith(Trust, ("Redis", redis.Address), ("Upstream:Delay", "00:00:00"));

    private static RunningShop OpenBeside(RunningShop first, RedisServer redis) =>
        RunningShop.OpenWith(Trust, ("Redis", redis.Address), ("Upstream:Address", first.UpstreamAddress.AbsoluteUri));

    // Copies hold longer than any test waits: what the other node changed shows by its message, or not at all.
    private static void Trust(IServiceCollection services) =>
        services.PostConfigureAll<RedisTierOptions>(tier => tier.MaxStaleness = TimeSpan.FromHours(1));
}
