using BoundedCache.Tenancy;
using BoundedCache.Tests.Support;
using Microsoft.Extensions.Caching.Distributed;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Hosting;

namespace BoundedCache.Tests.Tenancy;

public sealed class CompositionTests
{
    private static readonly DistributedCacheEntryOptions NoExpiry = new();

    private static readonly Action<IServiceCollection>[] Additions =
    [
        services => services.AddBoundedDistributedCache(),
        services => services.AddBoundedDistributedCache(_ => { }),
        services => services.AddKeyedBoundedDistributedCache("pages"),
        services => services.TryAddSingleton<IDistributedCache, DictionaryCache>(),
        services => services.AddBoundedCacheTenants(),
        services => services.AddBoundedCacheTenants(_ => { }),
    ];

    public static TheoryData<Action<IServiceCollection, IDistributedCache>, object?, bool> ForeignRegistrations => new()
    {
        { (services, _) => services.AddSingleton<IDistributedCache, DictionaryCache>(), null, true },
        { (services, cache) => services.AddSingleton(cache), null, false },
        { (services, cache) => services.AddSingleton<IDistributedCache>(_ => cache), null, true },
        { (services, _) => services.AddKeyedSingleton<IDistributedCache, DictionaryCache>("foreign"), "foreign", true },
        { (services, cache) => services.AddKeyedSingleton("foreign", cache), "foreign", false },
        { (services, cache) => services.AddKeyedSingleton<IDistributedCache>("foreign", (_, key) => key is "foreign" ? cache : null!), "foreign", true },
    };

    [LongFact]
    public void InAnyOrderEachBoundedCacheIsDecoratedOnceAndItsClassIsTheBareCache()
    {
        foreach (var order in Permutations(Additions))
        {
            using var container = new TestContainer(services => Array.ForEach(order, add => add(services)));

            AssertComposed(container.Services, null);
            AssertComposed(container.Services, "pages");
            Assert.Single(container.Services.GetServices<ITenantContext>());
            Assert.Single(container.Services.GetServices<IBoundedCacheAdmin>());
            Assert.Single(container.Services.GetServices<IHostedService>().OfType<TenantStartupCheck>());
        }
    }

    [Fact]
    public void WithoutTenantsNothingIsDecorated()
    {
        using var container = new TestContainer(services => services.AddBoundedDistributedCache());

        Assert.Same(container.Cache, container.Services.GetRequiredService<IDistributedCache>());
        Assert.Null(container.Services.GetService<ITenantContext>());
        Assert.Null(container.Services.GetService<IBoundedCacheAdmin>());
    }

    [Fact]
    public void BoundedCachesOfOneContainerKeepTheSameKeyApart()
    {
        using var container = new TestContainer(services => services.AddBoundedCacheTenants().AddBoundedDistributedCache().AddKeyedBoundedDistributedCache("pages"));
        using var scope = container.Services.GetRequiredService<ITenantContext>().Use("acme");

        container.Services.GetRequiredService<IDistributedCache>().Set("key", [1], NoExpiry);

        Assert.Null(container.Services.GetRequiredKeyedService<IDistributedCache>("pages").Get("key"));
    }

    [Theory]
    [MemberData(nameof(ForeignRegistrations), DisableDiscoveryEnumeration = true)]
    public void AForeignCacheIsDecoratedOnceHoweverItIsRegisteredAndDisposedAsBefore(Action<IServiceCollection, IDistributedCache> add, object? serviceKey, bool isOwned)
    {
        var cache = new DictionaryCache();
        var container = new TestContainer(services =>
        {
            add(services, cache);
            services.AddBoundedCacheTenants().AddBoundedCacheTenants().AddKeyedBoundedDistributedCache("pages");
        });
        var decorated = Cache<IDistributedCache>(container.Services, serviceKey);
        var inner = container.Services.GetKeyedServices<IDistributedCache>(KeyedService.AnyKey).OfType<DictionaryCache>().Single();

        using (container.Services.GetRequiredService<ITenantContext>().Use("acme"))
            decorated.Set("key", [1], NoExpiry);
        container.Dispose();

        Assert.Equal(["^acme:key"], inner.Keys);
        Assert.Equal(isOwned ? 1 : 0, inner.Disposals);
    }

    [Fact]
    public void AForeignCacheThatIsTheFirstRegistrationOfAllIsDecoratedToo()
    {
        using var provider = new ServiceCollection().AddSingleton<IDistributedCache, DictionaryCache>().AddBoundedCacheTenants().BuildServiceProvider();

        Assert.IsType<ForeignTenantCache>(provider.GetRequiredService<IDistributedCache>());
    }

    [Theory]
    [InlineData(ServiceLifetime.Singleton, true, true)]
    [InlineData(ServiceLifetime.Scoped, true, false)]
    [InlineData(ServiceLifetime.Transient, false, false)]
    public void AForeignCacheKeepsItsLifetime(ServiceLifetime lifetime, bool isOneInAScope, bool isOneInAll)
    {
        using var container = new TestContainer(services =>
        {
            services.Add(new ServiceDescriptor(typeof(IDistributedCache), typeof(DictionaryCache), lifetime));
            services.AddBoundedCacheTenants();
        });
        using var scope = container.Services.CreateScope();
        using var other = container.Services.CreateScope();

        var cache = scope.ServiceProvider.GetRequiredService<IDistributedCache>();

        Assert.Equal(isOneInAScope, ReferenceEquals(cache, scope.ServiceProvider.GetRequiredService<IDistributedCache>()));
        Assert.Equal(isOneInAll, ReferenceEquals(cache, other.ServiceProvider.GetRequiredService<IDistributedCache>()));
    }

    [Fact]
    public void ServicesThatLeadToOneForeignCacheAreOneObject()
    {
        using var container = new TestContainer(services => services
            .AddSingleton<BufferCache>()
            .AddSingleton<IDistributedCache>(provider => provider.GetRequiredService<BufferCache>())
            .AddSingleton<IBufferDistributedCache>(provider => (IBufferDistributedCache)provider.GetRequiredService<IDistributedCache>())
            .AddKeyedSingleton<IDistributedCache>("alias", (provider, _) => provider.GetRequiredService<BufferCache>())
            .AddBoundedCacheTenants());

        var cache = container.Services.GetRequiredService<IDistributedCache>();

        Assert.IsType<ForeignBufferTenantCache>(cache);
        Assert.Same(cache, container.Services.GetRequiredService<IBufferDistributedCache>());
        Assert.Same(cache, container.Services.GetRequiredKeyedService<IDistributedCache>("alias"));
    }

    [Fact]
    public void ARegistrationThatLeadsToABoundedCacheGetsItsDecorator()
    {
        using var container = new TestContainer(services => services
            .AddKeyedBoundedDistributedCache("pages")
            .AddSingleton<IDistributedCache>(provider => provider.GetRequiredKeyedService<BoundedDistributedCache>("pages"))
            .AddBoundedCacheTenants());

        Assert.Same(container.Services.GetRequiredKeyedService<IDistributedCache>("pages"), container.Services.GetRequiredService<IDistributedCache>());
    }

    [Fact]
    public void AMemoryCacheThatIsAddedLaterChangesNothing()
    {
        using var container = new TestContainer(services => services
            .AddBoundedCacheTenants().AddBoundedDistributedCache().AddDistributedMemoryCache());

        AssertComposed(container.Services, null);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task AForeignCacheThatIsRegisteredLaterStopsTheHostAndTheTenants(bool isKeyed)
    {
        using var host = BuildHost(services =>
        {
            services.AddBoundedDistributedCache().AddBoundedCacheTenants();
            if (isKeyed)
                services.AddKeyedSingleton<IDistributedCache, DictionaryCache>("foreign");
            else
                services.AddSingleton<IDistributedCache, DictionaryCache>();
        });

        AssertTold(await Assert.ThrowsAsync<InvalidOperationException>(() => host.StartAsync(TestContext.Current.CancellationToken)));
        AssertTold(Assert.Throws<InvalidOperationException>(host.Services.GetRequiredService<ITenantContext>));
        Assert.Equal(0, OtherService.Starts);

        void AssertTold(InvalidOperationException exception) => Assert.All(
            ["IDistributedCache", typeof(DictionaryCache).FullName!, "Swap the two lines", "AddBoundedCacheTenants", isKeyed ? "service key foreign" : ""],
            text => Assert.Contains(text, exception.Message, StringComparison.Ordinal));
    }

    public static TheoryData<Action<IServiceCollection>, string> LateRegistrations => new()
    {
        { services => services.AddSingleton<IDistributedCache, DictionaryCache>(), $"The IDistributedCache ({typeof(DictionaryCache)}) " },
        { services => services.AddSingleton<IBufferDistributedCache>(new BufferCache()), $"The IBufferDistributedCache ({typeof(BufferCache)}) " },
        { services => services.AddSingleton<IDistributedCache>(_ => new DictionaryCache()), "The IDistributedCache (made by a function) " },
        { services => services.AddKeyedSingleton<IDistributedCache>("foreign", new DictionaryCache()), $"The IDistributedCache ({typeof(DictionaryCache)}, service key foreign) " },
    };

    [Theory]
    [MemberData(nameof(LateRegistrations), DisableDiscoveryEnumeration = true)]
    public void ACacheThatIsRegisteredTooLateIsNamed(Action<IServiceCollection> add, string expected)
    {
        using var container = new TestContainer(services =>
        {
            services.AddBoundedCacheTenants();
            add(services);
        });

        Assert.StartsWith(expected, Assert.Throws<InvalidOperationException>(container.Services.GetRequiredService<ITenantContext>).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task ACacheUnderTheKeyOfAnyStopsTheHost()
    {
        using var host = BuildHost(services => services
            .AddKeyedSingleton<IDistributedCache, DictionaryCache>(KeyedService.AnyKey)
            .AddBoundedCacheTenants());

        var exception = await Assert.ThrowsAsync<InvalidOperationException>(() => host.StartAsync(TestContext.Current.CancellationToken));

        Assert.Contains("Register it for each key", exception.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(typeof(IDistributedCache), typeof(DictionaryCache))]
    [InlineData(typeof(IBufferDistributedCache), typeof(BufferCache))]
    public async Task ARegistrationThatTheCollectionDoesNotKnowStopsTheHost(Type service, Type implementation)
    {
        var original = new ServiceCollection().AddBoundedCacheTenants();
        using var host = BuildHost(services => services.Add(original).AddSingleton(service, implementation));

        var exception = await Assert.ThrowsAsync<InvalidOperationException>(() => host.StartAsync(TestContext.Current.CancellationToken));

        Assert.Contains(implementation.FullName!, exception.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task AHostWhoseCachesAreAllDecoratedStarts()
    {
        using var host = BuildHost(services => services
            .AddBoundedCacheTenants()
            .AddSingleton<IDistributedCache, DictionaryCache>()
            .AddKeyedSingleton<IDistributedCache, BufferCache>("foreign")
            .AddBoundedDistributedCache());

        await host.StartAsync(TestContext.Current.CancellationToken);

        AssertComposed(host.Services, null);
        Assert.IsType<ForeignBufferTenantCache>(host.Services.GetRequiredKeyedService<IDistributedCache>("foreign"));
        await host.StopAsync(TestContext.Current.CancellationToken);
    }

    [Fact]
    public async Task AHostWithoutAnyCacheStarts()
    {
        using var host = BuildHost(services => services.AddBoundedCacheTenants());

        await host.StartAsync(TestContext.Current.CancellationToken);
        await host.StopAsync(TestContext.Current.CancellationToken);
    }

    [Fact]
    public void ATenantContextOfTheApplicationIsUsed()
    {
        var tenants = new TenantContext();
        using var container = new TestContainer(services => services
            .AddSingleton<ITenantContext>(tenants).AddBoundedDistributedCache().AddBoundedCacheTenants());
        using var scope = tenants.Use("acme");

        container.Services.GetRequiredService<IDistributedCache>().Set("key", [1], NoExpiry);

        Assert.Equal([1], container.Cache.ForTenant("acme").Get("key"));
    }

    [Fact]
    public void ATenantContextThatTheApplicationWroteItselfIsAskedAtEachCall()
    {
        var tenants = new OwnContext();
        using var container = new TestContainer(services => services
            .AddSingleton<ITenantContext>(tenants).AddBoundedDistributedCache().AddBoundedCacheTenants());
        var cache = container.Services.GetRequiredService<IDistributedCache>();

        tenants.TenantId = "acme";
        cache.Set("key", [1], NoExpiry);
        tenants.TenantId = null;
        tenants.IsHost = true;
        cache.Set("key", [2], NoExpiry);

        Assert.Equal([1], container.Cache.ForTenant("acme").Get("key"));
        Assert.Equal([2], container.Cache.Get("key"));
    }

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    public void NoTenantOfSuchAContextIsRefused(string? tenantId)
    {
        using var container = new TestContainer(services => services
            .AddSingleton<ITenantContext>(new OwnContext { TenantId = tenantId }).AddBoundedDistributedCache().AddBoundedCacheTenants());

        Assert.Throws<InvalidOperationException>(() => container.Services.GetRequiredService<IDistributedCache>().Set("key", [1], NoExpiry));

        Assert.Equal(0, container.Cache.Count);
    }

    [Fact]
    public void AnIdOfSuchAContextThatIsNoneIsRefused()
    {
        using var container = new TestContainer(services => services
            .AddSingleton<ITenantContext>(new OwnContext { TenantId = "a\0b" }).AddBoundedDistributedCache().AddBoundedCacheTenants());

        Assert.Throws<ArgumentException>(
            "ITenantContext.TenantId", () => container.Services.GetRequiredService<IDistributedCache>().Set("key", [1], NoExpiry));

        Assert.Equal(0, container.Cache.Count);
    }

    [Fact]
    public void ArgumentsAreChecked()
    {
        Assert.Throws<ArgumentNullException>("services", () => ((IServiceCollection)null!).AddBoundedCacheTenants());
        Assert.Throws<ArgumentNullException>("services", () => ((IServiceCollection)null!).AddBoundedCacheTenants(_ => { }));
        Assert.Throws<ArgumentNullException>("configure", () => new ServiceCollection().AddBoundedCacheTenants(null!));
    }

    private static void AssertComposed(IServiceProvider provider, object? serviceKey)
    {
        var cache = Assert.IsType<TenantCache>(Cache<IDistributedCache>(provider, serviceKey));

        Assert.Same(cache, Cache<IBufferDistributedCache>(provider, serviceKey));
        Assert.Same(cache.NearTier, Cache<BoundedDistributedCache>(provider, serviceKey));
    }

    private static T Cache<T>(IServiceProvider provider, object? serviceKey)
        where T : notnull =>
        serviceKey is null ? provider.GetRequiredService<T>() : provider.GetRequiredKeyedService<T>(serviceKey);

    private sealed class OwnContext : ITenantContext
    {
        public string? TenantId { get; set; }

        public bool IsHost { get; set; }

        public IDisposable Use(string tenantId) => throw new NotSupportedException();

        public IDisposable UseHost() => throw new NotSupportedException();
    }

    private static IHost BuildHost(Action<IServiceCollection> register)
    {
        var builder = Host.CreateEmptyApplicationBuilder(new HostApplicationBuilderSettings());
        OtherService.Starts = 0;
        builder.Services.AddHostedService<OtherService>();
        register(builder.Services);
        return builder.Build();
    }

    private static IEnumerable<T[]> Permutations<T>(T[] items) => items.Length == 0
        ? [[]]
        : items.SelectMany((first, at) => Permutations([.. items[..at], .. items[(at + 1)..]]).Select(rest => (T[])[first, .. rest]));

    private sealed class OtherService : IHostedService
    {
        public static int Starts { get; set; }

        public Task StartAsync(CancellationToken cancellationToken)
        {
            Starts++;
            return Task.CompletedTask;
        }

        public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
    }
}
