using BoundedCache.AspNetCore.Tests.Support;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.Caching.Distributed;
using Microsoft.Extensions.Caching.Hybrid;
using Microsoft.Extensions.Caching.Memory;
using Microsoft.Extensions.DependencyInjection;

namespace BoundedCache.AspNetCore.Tests.Neighbours;

/// <summary>What HybridCache does with the second level that it finds.</summary>
public sealed class HybridCacheTests
{
    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    [Fact]
    public async Task BeforeTheSwitchTheSecondLevelIsNeverCalled()
    {
        var clock = new CountingClock();
        await using var provider = new ServiceCollection()
            .AddDistributedMemoryCache(options => options.Clock = clock)
            .AddHybridCache().Services.BuildServiceProvider();
        var second = provider.GetRequiredService<IDistributedCache>();
        var before = clock.Reads;

        Assert.Equal(2, await FactoryCallsOfTwentyReadsAsync(provider.GetRequiredService<HybridCache>()));

        Assert.Equal(0, clock.Reads - before);
        await second.GetAsync("product:1", Cancelled);
        Assert.Equal(1, clock.Reads - before);
    }

    [Fact]
    public async Task AfterTheSwitchEveryEntryIsInBothLevels()
    {
        await using var provider = Build(_ => { });
        var second = provider.GetRequiredService<BoundedDistributedCache>();

        Assert.Equal(2, await FactoryCallsOfTwentyReadsAsync(provider.GetRequiredService<HybridCache>(), second));

        var statistics = second.GetStatistics();
        Assert.Equal((2, 2), (statistics.Sets, statistics.Entries));
        Assert.Equal(0, statistics.Hits); // every later read was answered by the first level
    }

    [Fact]
    public async Task WithItsLocalLevelOffTheBoundedCacheIsItsOneStore()
    {
        await using var provider = Build(options => options.DefaultEntryOptions = new() { Flags = HybridCacheEntryFlags.DisableLocalCache });
        var only = provider.GetRequiredService<BoundedDistributedCache>();

        Assert.Equal(2, await FactoryCallsOfTwentyReadsAsync(provider.GetRequiredService<HybridCache>(), only));

        Assert.Equal((2, 18), (only.GetStatistics().Sets, only.GetStatistics().Hits));
        Assert.Equal(0, ((MemoryCache)provider.GetRequiredService<IMemoryCache>()).Count);
    }

    [Fact]
    public async Task OptionsOfACallKeepTheDefaultFlagsUnlessTheyHaveTheirOwn()
    {
        await using var provider = Build(options => options.DefaultEntryOptions = new() { Flags = HybridCacheEntryFlags.DisableLocalCache });
        var hybrid = provider.GetRequiredService<HybridCache>();
        var local = (MemoryCache)provider.GetRequiredService<IMemoryCache>();

        await hybrid.SetAsync("product:1", "mug", new() { Expiration = TimeSpan.FromMinutes(5) }, cancellationToken: Cancelled);
        Assert.Equal(0, local.Count);
        await hybrid.SetAsync("product:1", "mug", new() { Flags = HybridCacheEntryFlags.None }, cancellationToken: Cancelled);
        Assert.Equal(1, local.Count);
    }

    [Fact]
    public async Task WithItsDistributedLevelOffTheBoundedCacheIsLeftAlone()
    {
        await using var provider = Build(options => options.DefaultEntryOptions = new() { Flags = HybridCacheEntryFlags.DisableDistributedCache });
        var unused = provider.GetRequiredService<BoundedDistributedCache>();

        Assert.Equal(2, await FactoryCallsOfTwentyReadsAsync(provider.GetRequiredService<HybridCache>()));

        Assert.Equal((0, 0), (unused.GetStatistics().Sets, unused.Count));
        Assert.Equal(2, ((MemoryCache)provider.GetRequiredService<IMemoryCache>()).Count);
    }

    [Fact]
    public async Task FindsAKeyedCacheAndLeavesTheDefaultAlone()
    {
        await using var provider = new ServiceCollection()
            .AddBoundedDistributedCache()
            .AddKeyedBoundedDistributedCache("hybrid")
            .AddHybridCache(options => options.DistributedCacheServiceKey = "hybrid").Services.BuildServiceProvider();

        await FactoryCallsOfTwentyReadsAsync(
            provider.GetRequiredService<HybridCache>(),
            provider.GetRequiredKeyedService<BoundedDistributedCache>("hybrid"));

        Assert.Equal(2, provider.GetRequiredKeyedService<BoundedDistributedCache>("hybrid").Count);
        Assert.Equal(0, provider.GetRequiredService<BoundedDistributedCache>().Count);
    }

    [Fact]
    public async Task ManyCallersOfOneKeyShareOneFactoryCallWithTheLocalLevelOff()
    {
        await using var provider = Build(options => options.DefaultEntryOptions = new() { Flags = HybridCacheEntryFlags.DisableLocalCache });
        var hybrid = provider.GetRequiredService<HybridCache>();
        var answer = new TaskCompletionSource<string>();
        var calls = 0;

        var callers = Enumerable.Range(0, 50).Select(_ => hybrid.GetOrCreateAsync("product:1", async _ =>
        {
            Interlocked.Increment(ref calls);
            return await answer.Task;
        }, cancellationToken: Cancelled).AsTask()).ToList();
        answer.SetResult("mug");

        Assert.All(await Task.WhenAll(callers), value => Assert.Equal("mug", value));
        Assert.Equal(1, calls);
    }

    [Fact]
    public async Task RemovalByKeyAndByTagWorksWithTheLocalLevelOff()
    {
        await using var provider = Build(options => options.DefaultEntryOptions = new() { Flags = HybridCacheEntryFlags.DisableLocalCache });
        var hybrid = provider.GetRequiredService<HybridCache>();
        await hybrid.SetAsync("product:1", "mug", tags: ["crockery"], cancellationToken: Cancelled);
        await hybrid.SetAsync("product:2", "lamp", cancellationToken: Cancelled);

        await hybrid.RemoveAsync("product:2", Cancelled);
        await hybrid.RemoveByTagAsync("crockery", Cancelled);

        Assert.Equal("gone", await hybrid.GetOrCreateAsync("product:1", _ => ValueTask.FromResult("gone"), cancellationToken: Cancelled));
        Assert.Equal("gone", await hybrid.GetOrCreateAsync("product:2", _ => ValueTask.FromResult("gone"), cancellationToken: Cancelled));
    }

    [Fact]
    public async Task ServesAnApplicationsPages()
    {
        var calls = 0;
        await using var app = await App.StartAsync(
            services => services.AddBoundedDistributedCache().AddHybridCache(options =>
                options.DefaultEntryOptions = new() { Flags = HybridCacheEntryFlags.DisableLocalCache }),
            app => app.MapGet("/products/{id:int}", async (int id, HybridCache hybrid, CancellationToken cancellationToken) =>
                await hybrid.GetOrCreateAsync(
                    $"product:{id}",
                    _ => ValueTask.FromResult($"product {id}, made {Interlocked.Increment(ref calls)}"),
                    cancellationToken: cancellationToken)));
        using var browser = app.NewBrowser();

        var pages = await Task.WhenAll(Enumerable.Range(0, 20).Select(_ => browser.ReadAsync("/products/7")));

        Assert.All(pages, page => Assert.Equal("product 7, made 1", page));
        Assert.True(SpinWait.SpinUntil(() => app.Cache().Count == 1, TimeSpan.FromMinutes(1)));
    }

    // Two products, each read ten times. HybridCache answers before it has written its second level, which is waited for.
    private static async Task<int> FactoryCallsOfTwentyReadsAsync(HybridCache hybrid, BoundedDistributedCache? second = null)
    {
        var calls = 0;
        for (var read = 0; read < 20; read++)
        {
            await hybrid.GetOrCreateAsync($"product:{read % 2}", _ =>
            {
                calls++;
                return ValueTask.FromResult("mug");
            }, cancellationToken: Cancelled);
            if (second is not null)
                Assert.True(SpinWait.SpinUntil(() => second.GetStatistics().Sets >= calls, TimeSpan.FromMinutes(1)));
        }

        return calls;
    }

    private static ServiceProvider Build(Action<HybridCacheOptions> configure) => new ServiceCollection()
        .AddBoundedDistributedCache()
        .AddHybridCache(configure).Services.BuildServiceProvider();
}
