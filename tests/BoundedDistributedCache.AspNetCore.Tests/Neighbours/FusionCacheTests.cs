using BoundedCache.AspNetCore.Tests.Support;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.Caching.Distributed;
using Microsoft.Extensions.DependencyInjection;
using ZiggyCreatures.Caching.Fusion;
using ZiggyCreatures.Caching.Fusion.Serialization.SystemTextJson;

namespace BoundedCache.AspNetCore.Tests.Neighbours;

/// <summary>What FusionCache does with the second level that it finds.</summary>
public sealed class FusionCacheTests
{
    private static readonly FusionCacheSystemTextJsonSerializer _json = new();

    [Fact]
    public void BeforeTheSwitchTheSecondLevelIsNeverCalled()
    {
        var clock = new CountingClock();
        using var provider = Build(
            services => services.AddDistributedMemoryCache(options => options.Clock = clock),
            fusion => fusion.TryWithAutoSetup().WithSerializer(_json));
        var second = provider.GetRequiredService<IDistributedCache>();
        var before = clock.Reads;

        Assert.Equal(2, FactoryCallsOfTwentyReads(provider));

        Assert.Equal(0, clock.Reads - before);
        second.Get("product:1");
        Assert.Equal(1, clock.Reads - before);
    }

    [Fact]
    public void AfterTheSwitchEveryEntryIsInBothLevels()
    {
        using var provider = Build(Bounded, fusion => fusion.TryWithAutoSetup().WithSerializer(_json));

        Assert.Equal(2, FactoryCallsOfTwentyReads(provider));

        var statistics = provider.GetRequiredService<BoundedDistributedCache>().GetStatistics();
        Assert.Equal((2, 2), (statistics.Sets, statistics.Entries));
        Assert.Equal(0, statistics.Hits); // every later read was answered by the first level
    }

    [Fact]
    public void WithoutASerializerTheSwitchMakesAutoSetupFail()
    {
        using var before = Build(services => services.AddDistributedMemoryCache(), fusion => fusion.TryWithAutoSetup());
        using var after = Build(Bounded, fusion => fusion.TryWithAutoSetup());

        Assert.Equal(2, FactoryCallsOfTwentyReads(before));
        Assert.Contains("serializer", Assert.Throws<InvalidOperationException>(() => FactoryCallsOfTwentyReads(after)).Message);
    }

    [Fact]
    public void ARequiredSecondLevelIsRefusedBeforeTheSwitchAndUsedAfter()
    {
        using var before = Build(services => services.AddDistributedMemoryCache(), Require);
        using var after = Build(Bounded, Require);

        Assert.Contains("MemoryDistributedCache", Assert.Throws<InvalidOperationException>(() => FactoryCallsOfTwentyReads(before)).Message);
        Assert.Equal(2, FactoryCallsOfTwentyReads(after));
        Assert.Equal(2, after.GetRequiredService<BoundedDistributedCache>().Count);

        static void Require(IFusionCacheBuilder fusion) => fusion.WithRegisteredDistributedCache().WithSerializer(_json);
    }

    [Fact]
    public void ASecondLevelThatIsHandedOverIsUsedBeforeAndAfter()
    {
        var clock = new CountingClock();
        using var before = Build(services => services.AddDistributedMemoryCache(options => options.Clock = clock), HandOver);
        using var after = Build(Bounded, HandOver);
        before.GetRequiredService<IDistributedCache>();
        var reads = clock.Reads;

        FactoryCallsOfTwentyReads(before);
        FactoryCallsOfTwentyReads(after);

        Assert.NotEqual(0, clock.Reads - reads);
        Assert.Equal(2, after.GetRequiredService<BoundedDistributedCache>().Count);

        static void HandOver(IFusionCacheBuilder fusion) => fusion
            .WithSerializer(_json).WithDistributedCache(provider => provider.GetRequiredService<IDistributedCache>());
    }

    [Fact]
    public void WithoutAutoSetupNoSecondLevelIsLookedFor()
    {
        using var provider = Build(Bounded, _ => { });

        FactoryCallsOfTwentyReads(provider);

        AssertNeverCalled(provider);
    }

    [Fact]
    public void WithItsDistributedLevelOffTheBoundedCacheIsLeftAlone()
    {
        using var provider = Build(Bounded, fusion => fusion.TryWithAutoSetup().WithoutDistributedCache());

        Assert.Equal(2, FactoryCallsOfTwentyReads(provider));

        AssertNeverCalled(provider);
    }

    [Fact]
    public void WithItsMemoryLevelSkippedTheBoundedCacheIsItsOneStore()
    {
        using var provider = Build(Bounded, fusion => fusion
            .TryWithAutoSetup().WithSerializer(_json).WithDefaultEntryOptions(entry => entry.SetSkipMemoryCache()));

        Assert.Equal(2, FactoryCallsOfTwentyReads(provider));

        var statistics = provider.GetRequiredService<BoundedDistributedCache>().GetStatistics();
        Assert.Equal((2, 18), (statistics.Sets, statistics.Hits));
    }

    [Fact]
    public async Task ManyCallersOfOneKeyShareOneFactoryCallWithBothLevels()
    {
        await using var provider = Build(Bounded, fusion => fusion.TryWithAutoSetup().WithSerializer(_json));
        var fusion = provider.GetRequiredService<IFusionCache>();
        var answer = new TaskCompletionSource<string>();
        var calls = 0;

        var callers = Enumerable.Range(0, 50).Select(_ => fusion.GetOrSetAsync<string>("product:1", (_, _) =>
        {
            Interlocked.Increment(ref calls);
            return answer.Task;
        }, token: TestContext.Current.CancellationToken).AsTask()).ToList();
        answer.SetResult("mug");

        Assert.All(await Task.WhenAll(callers), value => Assert.Equal("mug", value));
        Assert.Equal(1, calls);
    }

    [Fact]
    public void FindsAKeyedCacheAndLeavesTheDefaultAlone()
    {
        using var provider = Build(
            services => Bounded(services).AddKeyedBoundedDistributedCache("fusion"),
            fusion => fusion.WithSerializer(_json).WithRegisteredKeyedDistributedCache("fusion"));

        FactoryCallsOfTwentyReads(provider);

        Assert.Equal(2, provider.GetRequiredKeyedService<BoundedDistributedCache>("fusion").Count);
        AssertNeverCalled(provider);
    }

    [Fact]
    public async Task ServesAnApplicationsPages()
    {
        var calls = 0;
        await using var app = await App.StartAsync(
            services => services.AddBoundedDistributedCache().AddFusionCache()
                .TryWithAutoSetup().WithSerializer(_json).WithDefaultEntryOptions(entry => entry.SetSkipMemoryCache()),
            app => app.MapGet("/products/{id:int}", async (int id, IFusionCache fusion, CancellationToken cancellationToken) =>
                await fusion.GetOrSetAsync<string>(
                    $"product:{id}",
                    (_, _) => Task.FromResult($"product {id}, made {Interlocked.Increment(ref calls)}"),
                    token: cancellationToken)));
        using var browser = app.NewBrowser();

        for (var read = 0; read < 10; read++)
            Assert.Equal("product 7, made 1", await browser.ReadAsync("/products/7"));

        Assert.Equal(1, app.Cache().Count);
    }

    private static ServiceProvider Build(Func<IServiceCollection, IServiceCollection> register, Action<IFusionCacheBuilder> configure)
    {
        var services = register(new ServiceCollection());
        configure(services.AddFusionCache());
        return services.BuildServiceProvider();
    }

    private static IServiceCollection Bounded(IServiceCollection services) => services.AddBoundedDistributedCache();

    private static void AssertNeverCalled(ServiceProvider provider)
    {
        var statistics = provider.GetRequiredService<BoundedDistributedCache>().GetStatistics();
        Assert.Equal((0, 0), (statistics.Sets, statistics.TotalRequests));
    }

    // Two products, each read ten times.
    private static int FactoryCallsOfTwentyReads(ServiceProvider provider)
    {
        var fusion = provider.GetRequiredService<IFusionCache>();
        var calls = 0;
        for (var read = 0; read < 20; read++)
        {
            fusion.GetOrSet($"product:{read % 2}", _ =>
            {
                calls++;
                return "mug";
            }, token: TestContext.Current.CancellationToken);
        }

        return calls;
    }
}
