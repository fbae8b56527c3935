using System.Diagnostics.Metrics;
using System.Net;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.Metrics.Testing;
using Microsoft.Extensions.Time.Testing;

namespace WebSample.Tests;

public sealed class CachedPagesTests
{
    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    [Fact]
    public async Task SecondViewOfAProductComesFromTheCache()
    {
        await using var shop = RunningShop.Open(("Upstream:Delay", "00:00:00"));
        using var visitor = shop.Enter();

        var first = await visitor.ReadAsync("/kitchen/products/3", Cancelled);
        var second = await visitor.ReadAsync("/kitchen/products/3", Cancelled);

        Assert.Equal(("upstream", "cache"), (first.Origin, second.Origin));
        Assert.Equal(1, shop.Upstream.Requests);
    }

    [Fact]
    public async Task ProductIsFetchedAgainWhenItsMinuteIsOver()
    {
        var clock = new FakeTimeProvider();
        await using var shop = RunningShop.Open(clock, ("Upstream:Delay", "00:00:00"));
        using var visitor = shop.Enter();
        await visitor.ReadAsync("/kitchen/products/3", Cancelled);

        clock.Advance(TimeSpan.FromSeconds(59));
        var before = await visitor.ReadAsync("/kitchen/products/3", Cancelled);
        clock.Advance(TimeSpan.FromSeconds(1));
        var after = await visitor.ReadAsync("/kitchen/products/3", Cancelled);

        Assert.Equal(("cache", "upstream"), (before.Origin, after.Origin));
    }

    [Fact]
    public async Task ManyVisitorsOfOneProductCallTheUpstreamOnce()
    {
        const int Visitors = 50;
        var clock = new FakeTimeProvider();
        await using var shop = RunningShop.Open(clock);
        using var crowd = shop.Enter();
        using var requests = new MetricCollector<long>(
            shop.Services.GetRequiredService<IMeterFactory>(), "Microsoft.AspNetCore.Hosting", "http.server.active_requests");

        var pages = Enumerable.Range(0, Visitors).Select(_ => crowd.ReadAsync("/kitchen/products/3", Cancelled)).ToList();
        await Eventually.IsTrueAsync(() => requests.GetMeasurementSnapshot().EvaluateAsCounter() == Visitors, Cancelled);
        await Eventually.IsTrueAsync(() => shop.Upstream.Requests == 1, Cancelled);
        clock.Advance(TimeSpan.FromMilliseconds(400));

        var seen = await Task.WhenAll(pages);
        Assert.All(seen, page => Assert.Equal(HttpStatusCode.OK, page.Status));
        Assert.Single(seen, page => page.Origin == "upstream");
        Assert.Equal(1, shop.Upstream.Requests);
    }

    [Fact]
    public async Task PagesNeedNothingFromElsewhere()
    {
        await using var shop = RunningShop.Open(("Upstream:Delay", "00:00:00"));
        using var visitor = shop.Enter();

        var start = await visitor.ReadAsync("/", Cancelled);
        var products = await visitor.ReadAsync("/kitchen", Cancelled);

        Assert.Equal(HttpStatusCode.OK, (await visitor.ReadAsync("/shop.css", Cancelled)).Status);
        Assert.Equal(HttpStatusCode.OK, (await visitor.ReadAsync("/goods.svg", Cancelled)).Status);
        Assert.All([start, products], page => Assert.DoesNotContain("//", page.Html));
        Assert.All([start, products], page => Assert.DoesNotContain("<script", page.Html));
    }
}
