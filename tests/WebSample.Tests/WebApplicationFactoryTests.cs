using System.Net;
using BoundedCache;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Mvc.Testing;
using Microsoft.AspNetCore.TestHost;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Time.Testing;

namespace WebSample.Tests;

/// <summary>An application that uses the provider, under a test factory without a socket.</summary>
public sealed class WebApplicationFactoryTests
{
    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    [Fact]
    public async Task EachFactoryHasCachesOfItsOwn()
    {
        await using var first = new Factory(_ => { });
        await using var second = new Factory(_ => { });
        using var visitor = new Visitor(first.CreateClient());

        await visitor.ReadAsync("/kitchen/products/3", Cancelled);

        Assert.NotEqual(0, first.Cache.Count);
        Assert.Equal(0, second.Cache.Count);
    }

    [Fact]
    public async Task TestServicesTurnTheClockOfTheCache()
    {
        var clock = new FakeTimeProvider();
        await using var factory = new Factory(services => services.AddSingleton<TimeProvider>(clock));
        using var visitor = new Visitor(factory.CreateClient());
        await visitor.ReadAsync("/kitchen/products/3", Cancelled);
        Assert.Equal("cache", (await visitor.ReadAsync("/kitchen/products/3", Cancelled)).Origin);

        clock.Advance(TimeSpan.FromMinutes(1));

        Assert.Equal("upstream", (await visitor.ReadAsync("/kitchen/products/3", Cancelled)).Origin);
    }

    [Fact]
    public async Task TestServicesChangeTheLimits()
    {
        await using var factory = new Factory(services => services.AddBoundedDistributedCache(options => options.MaxEntries = 2));
        using var visitor = new Visitor(factory.CreateClient());

        for (var product = 20; product < 26; product++)
            Assert.Equal(HttpStatusCode.OK, (await visitor.ReadAsync($"/kitchen/products/{product}", Cancelled)).Status);

        Assert.Equal(2, factory.Cache.Count);
    }

    private sealed class Factory(Action<IServiceCollection> change) : WebApplicationFactory<Program>
    {
        public BoundedDistributedCache Cache => Services.GetRequiredService<BoundedDistributedCache>();

        protected override void ConfigureWebHost(IWebHostBuilder builder)
        {
            builder.UseSetting("Upstream:Delay", "00:00:00");
            builder.ConfigureTestServices(services => change(services.AddLogging(logging => logging.ClearProviders())));
        }
    }
}
