using System.Net;
using Microsoft.Extensions.Time.Testing;

namespace WebSample.Tests;

public sealed class UpstreamConnectionTests
{
    private static readonly TimeSpan _delay = TimeSpan.FromMilliseconds(400);

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    // Under this clock the last of the misses waits 16 s for its connection; all attempts of a request together have 4 s.
    [Fact]
    public async Task TwoHundredMissesShareFiveConnectionsAndAllSucceed()
    {
        const int Misses = 200, Limit = 5;
        var clock = new FakeTimeProvider();
        await using var shop = RunningShop.Open(
            clock, ("Catalogue:MaxConnectionsPerServer", $"{Limit}"), ("Catalogue:AttemptTimeout", "00:00:01"));
        using var crowd = shop.Enter();

        string[] shops = ["kitchen", "garden", "study"];
        var pages = Enumerable.Range(0, Misses)
            .Select(miss => crowd.ReadAsync($"/{shops[miss % 3]}/products/{11 + (miss / 3)}", Cancelled))
            .ToList();
        await Eventually.IsTrueAsync(() => shop.Connections.Waiting == Misses - Limit, Cancelled);
        for (var answered = 0; answered < Misses; answered += Limit)
        {
            await Eventually.IsTrueAsync(() => shop.Upstream.Requests == answered + Limit, Cancelled);
            clock.Advance(_delay);
        }

        Assert.All(await Task.WhenAll(pages), page => Assert.Equal((HttpStatusCode.OK, "upstream"), (page.Status, page.Origin)));
        Assert.Equal(Misses, shop.Upstream.Requests);
        Assert.Equal(Limit, shop.Upstream.MostConnections);
    }

    [Fact]
    public async Task CancelledWaiterLeavesTheQueue()
    {
        var clock = new FakeTimeProvider();
        await using var shop = RunningShop.Open(clock, ("Catalogue:MaxConnectionsPerServer", "1"));
        using var visitor = shop.Enter();
        using var impatience = CancellationTokenSource.CreateLinkedTokenSource(Cancelled);

        var first = visitor.ReadAsync("/kitchen/products/21", Cancelled);
        await Eventually.IsTrueAsync(() => shop.Upstream.Requests == 1, Cancelled);
        var impatient = visitor.ReadAsync("/kitchen/products/22", impatience.Token);
        await Eventually.IsTrueAsync(() => shop.Connections.Waiting == 1, Cancelled);
        var last = visitor.ReadAsync("/kitchen/products/23", Cancelled);
        await Eventually.IsTrueAsync(() => shop.Connections.Waiting == 2, Cancelled);

        await impatience.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => impatient);
        await Eventually.IsTrueAsync(() => shop.Connections.Waiting == 1, Cancelled);
        clock.Advance(_delay);
        await first;
        await Eventually.IsTrueAsync(() => shop.Upstream.Requests == 2, Cancelled);
        clock.Advance(_delay);

        Assert.Equal(HttpStatusCode.OK, (await last).Status);
        Assert.Equal(2, shop.Upstream.Requests);
    }

    [Fact]
    public async Task TwoFailuresAreRetriedAndTheVisitorSeesThePage()
    {
        await using var shop = RunningShop.Open(("Upstream:Delay", "00:00:00"), ("Catalogue:RetryDelay", "00:00:00.001"));
        using var visitor = shop.Enter();

        var page = await visitor.ReadAsync("/kitchen/products/7", Cancelled);

        Assert.Equal(HttpStatusCode.OK, page.Status);
        Assert.Equal(3, shop.Upstream.Requests);
    }

    [Fact]
    public async Task FourFailuresGiveAClearErrorThatIsNotCached()
    {
        await using var shop = RunningShop.Open(("Upstream:Delay", "00:00:00"), ("Catalogue:RetryDelay", "00:00:00.001"));
        using var visitor = shop.Enter();

        var failed = await visitor.ReadAsync("/kitchen/products/10", Cancelled);
        var requests = shop.Upstream.Requests;
        var next = await visitor.ReadAsync("/kitchen/products/10", Cancelled);

        Assert.Equal(HttpStatusCode.ServiceUnavailable, failed.Status);
        Assert.Contains("The catalogue does not answer", failed.Html);
        Assert.Contains("href=\"/kitchen/products/10\">Try again", failed.Html);
        Assert.Equal(4, requests);
        Assert.Equal((HttpStatusCode.OK, "upstream"), (next.Status, next.Origin));
    }

    [Fact]
    public async Task UpstreamThatNeverAnswersGivesAClearErrorToo()
    {
        var clock = new FakeTimeProvider();
        await using var shop = RunningShop.Open(clock, ("Upstream:Delay", "00:01:00"), ("Catalogue:AttemptTimeout", "00:00:01"));
        using var visitor = shop.Enter();

        var page = visitor.ReadAsync("/kitchen/products/3", Cancelled);
        while (!page.IsCompleted)
        {
            clock.Advance(TimeSpan.FromMilliseconds(100));
            await Task.WhenAny(page, Task.Delay(2, Cancelled));
        }

        Assert.Equal(HttpStatusCode.ServiceUnavailable, (await page).Status);
        Assert.Equal(4, shop.Upstream.Requests);
    }
}
