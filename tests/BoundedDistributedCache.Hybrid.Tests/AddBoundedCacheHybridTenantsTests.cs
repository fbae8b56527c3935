using BoundedCache.Hybrid.Tests.Support;
using Microsoft.Extensions.Caching.Distributed;
using Microsoft.Extensions.Caching.Hybrid;
using Microsoft.Extensions.Caching.Memory;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;
using Moq;

namespace BoundedCache.Hybrid.Tests;

public sealed class AddBoundedCacheHybridTenantsTests
{
    private static readonly (string Name, Action<IServiceCollection> Register)[] s_orders =
    [
        ("hybrid before", services => { services.AddBoundedDistributedCache().AddHybridCache(); services.AddBoundedCacheHybridTenants(); }),
        ("hybrid after", services => services.AddBoundedDistributedCache().AddBoundedCacheHybridTenants().AddHybridCache()),
        ("no hybrid", services => services.AddBoundedDistributedCache().AddBoundedCacheHybridTenants()),
        ("cache last", services => { services.AddHybridCache(); services.AddBoundedCacheHybridTenants().AddBoundedDistributedCache(); }),
        ("twice", services => { services.AddBoundedCacheHybridTenants().AddBoundedDistributedCache().AddHybridCache(); services.AddBoundedCacheHybridTenants(); }),
        ("tenants before", services => services.AddBoundedCacheTenants().AddBoundedDistributedCache().AddBoundedCacheHybridTenants()),
        ("tenants after", services => services.AddBoundedCacheHybridTenants().AddBoundedDistributedCache().AddBoundedCacheTenants()),
        ("another distributed cache", services => services.AddDistributedMemoryCache().AddBoundedCacheHybridTenants()),
        ("one without buffers", services => services.AddSingleton<IDistributedCache>(new WithoutBuffers()).AddBoundedCacheHybridTenants()),
    ];

    public static TheoryData<string, bool> Orders =>
        [.. s_orders.SelectMany(order => new[] { (order.Name, true), (order.Name, false) })];

    [Theory]
    [MemberData(nameof(Orders))]
    public async Task WorksWhateverTheOrder(string order, bool isCancellable)
    {
        using var app = new App(s_orders.Single(candidate => candidate.Name == order).Register);

        await AssertKeepsApartAsync(app, Token(isCancellable));

        Assert.Single(app.Services.GetServices<HybridCache>());
        Assert.NotSame(app.Hybrid.GetType(), app.Services.GetRequiredKeyedService<HybridCache>(HybridRegistration.InnerKey).GetType());
    }

    [Theory]
    [InlineData(true, true)]
    [InlineData(true, false)]
    [InlineData(false, true)]
    [InlineData(false, false)]
    public async Task TheDistributedCacheIsTheOneThatTheOptionsName(bool isConfiguredBefore, bool isCancellable)
    {
        using var app = new App(services =>
        {
            services.AddBoundedDistributedCache();
            if (isConfiguredBefore)
                services.AddHybridCache(options => options.DistributedCacheServiceKey = "pages");
            services.AddBoundedCacheHybridTenants();
            if (!isConfiguredBefore)
                services.AddHybridCache(options => options.DistributedCacheServiceKey = "pages");
            services.AddKeyedBoundedDistributedCache("pages");
        });

        await AssertKeepsApartAsync(app, Token(isCancellable), "pages");

        Assert.Equal(0, app.Services.GetRequiredService<BoundedDistributedCache>().Count);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task HybridCacheCanDoWithoutADistributedCache(bool isCancellable)
    {
        using var app = new App(services => services.AddBoundedCacheHybridTenants());
        var token = Token(isCancellable);

        using (app.Tenants.Use("acme"))
        {
            await app.Hybrid.SetAsync("price", "old", tags: ["prices"], cancellationToken: token);
            await app.Hybrid.RemoveByTagAsync("prices", token);
            await app.Hybrid.SetAsync("stock", "acme's", cancellationToken: token);
            Assert.Equal("new", await app.Hybrid.GetOrCreateAsync("price", _ => ValueTask.FromResult("new"), cancellationToken: token));
        }

        using (app.Tenants.Use("zenith"))
            Assert.Equal("zenith's", await app.Hybrid.GetOrCreateAsync("stock", _ => ValueTask.FromResult("zenith's"), cancellationToken: token));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task WhatHybridCacheStoresCountsAgainstTheLimitOfTheTenant(bool isCancellable)
    {
        using var app = new App(services => services
            .AddBoundedDistributedCache(options => options.MaxEntriesPerTenant = 3)
            .AddBoundedCacheHybridTenants());
        var cache = app.Services.GetRequiredService<BoundedDistributedCache>();

        foreach (var tenantId in new[] { "acme", "zenith" })
        {
            using (app.Tenants.Use(tenantId))
            {
                for (var number = 0; number < 10; number++)
                    await app.Hybrid.SetAsync($"{number}", "", cancellationToken: Token(isCancellable));
            }
        }

        Assert.Equal((3, 3), (cache.ForTenant("acme").Count, cache.ForTenant("zenith").Count));
        Assert.True(app.Level2Has("acme", "9"));
        Assert.False(app.Level2Has("acme", "6"));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task WhatTheHostStoredBeforeThereWereTenantsIsCreatedAnew(bool isCancellable)
    {
        var shared = new WithoutBuffers();
        using (var before = new App(services => services.AddSingleton<IDistributedCache>(shared).AddHybridCache()))
            await before.Hybrid.SetAsync("price", "old", cancellationToken: Token(isCancellable));
        using var app = new App(services => services.AddSingleton<IDistributedCache>(shared).AddBoundedCacheHybridTenants());

        using (app.Tenants.UseHost())
            Assert.Equal("new", await app.Hybrid.GetOrCreateAsync("price", _ => ValueTask.FromResult("new"), cancellationToken: Token(isCancellable)));
    }

    [Fact]
    public void AHybridCacheOfAnotherMakeIsDecoratedToo()
    {
        var other = new Mock<HybridCache>();
        using var app = new App(services =>
        {
            services.AddHybridCache();
            services.AddSingleton(other.Object).AddBoundedCacheHybridTenants();
        });

        using (app.Tenants.Use("acme"))
            _ = app.Hybrid.RemoveAsync("price", TestContext.Current.CancellationToken);

        other.Verify(cache => cache.RemoveAsync("\u007Facme\u007Fprice", It.IsAny<CancellationToken>()), Times.Once);
    }

    [Fact]
    public void OfSeveralTheLastIsDecoratedAlsoWhenItCameAfterTheFirstCall()
    {
        var other = new Mock<HybridCache>();
        using var app = new App(services =>
        {
            services.AddBoundedCacheHybridTenants();
            services.AddSingleton(_ => other.Object);
            services.AddBoundedCacheHybridTenants();
        });

        using (app.Tenants.Use("acme"))
            _ = app.Hybrid.RemoveAsync("price", TestContext.Current.CancellationToken);

        other.Verify(cache => cache.RemoveAsync("\u007Facme\u007Fprice", It.IsAny<CancellationToken>()), Times.Once);
        Assert.Single(app.Services.GetServices<HybridCache>());
    }

    [Fact]
    public async Task AHostDoesNotStartWithAHybridCacheThatCameAfterwards()
    {
        var builder = Host.CreateEmptyApplicationBuilder(null);
        builder.Services.AddBoundedCacheHybridTenants().AddSingleton(Mock.Of<HybridCache>());
        using var host = builder.Build();

        var error = await Assert.ThrowsAsync<InvalidOperationException>(() => host.StartAsync(TestContext.Current.CancellationToken));

        Assert.Contains("registered after AddBoundedCacheHybridTenants()", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task AHostDoesNotStartWithAHybridCacheThatHasAKey()
    {
        var builder = Host.CreateEmptyApplicationBuilder(null);
        builder.Services.AddBoundedCacheHybridTenants().AddKeyedHybridCache("pages");
        using var host = builder.Build();

        var error = await Assert.ThrowsAsync<InvalidOperationException>(() => host.StartAsync(TestContext.Current.CancellationToken));

        Assert.Contains("service key pages", error.Message, StringComparison.Ordinal);
        Assert.Throws<InvalidOperationException>(host.Services.GetRequiredService<HybridCache>);
    }

    [Fact]
    public async Task AHostStartsWhereAllIsWell()
    {
        var builder = Host.CreateEmptyApplicationBuilder(null);
        builder.Services.AddBoundedDistributedCache().AddBoundedCacheHybridTenants().AddHybridCache();
        using var host = builder.Build();

        await host.StartAsync(TestContext.Current.CancellationToken);
        await host.StopAsync(TestContext.Current.CancellationToken);
    }

    [Fact]
    public void TheAdapterTakesBuffersWhereTheCacheDoes()
    {
        using var bounded = App.WithTenants();
        using var other = new App(services => services.AddSingleton<IDistributedCache>(new WithoutBuffers()).AddBoundedCacheHybridTenants());

        Assert.IsType<BufferTenantLevel2Cache>(bounded.Level2(HybridRegistration.Level2Key));
        Assert.IsType<TenantLevel2Cache>(other.Level2(HybridRegistration.Level2Key));
    }

    [Fact]
    public void TheMaximumKeyLengthLeavesRoomForTheTenant()
    {
        using var app = new App(services => services.AddBoundedCacheHybridTenants().AddHybridCache(options => options.MaximumKeyLength = 100));
        using var unlimited = new App(services => services.AddBoundedCacheHybridTenants().AddHybridCache(options => options.MaximumKeyLength = int.MaxValue));

        Assert.Equal(358, app.Services.GetRequiredService<IOptions<HybridCacheOptions>>().Value.MaximumKeyLength);
        Assert.Equal(int.MaxValue, unlimited.Services.GetRequiredService<IOptions<HybridCacheOptions>>().Value.MaximumKeyLength);
    }

    [Fact]
    public void NullArgumentsAreRefused()
    {
        var services = new ServiceCollection();

        Assert.Throws<ArgumentNullException>("services", () => ((IServiceCollection)null!).AddBoundedCacheHybridTenants());
        Assert.Throws<ArgumentNullException>("services", () => ((IServiceCollection)null!).AddBoundedCacheHybridTenants(_ => { }));
        Assert.Throws<ArgumentNullException>("configure", () => services.AddBoundedCacheHybridTenants(null!));
        Assert.Empty(services);
    }

    private static CancellationToken Token(bool isCancellable) =>
        isCancellable ? TestContext.Current.CancellationToken : CancellationToken.None;

    private static async Task AssertKeepsApartAsync(App app, CancellationToken token, object? cacheKey = null)
    {
        foreach (var tenantId in new[] { "acme", "zenith", null })
        {
            using (app.Enter(tenantId))
            {
                Assert.Equal($"{tenantId}'s", await app.Hybrid.GetOrCreateAsync("price", _ => ValueTask.FromResult($"{app.Tenants.TenantId}'s"), cancellationToken: token));
                await Eventually.IsTrueAsync(() => app.Level2Has(tenantId, "price", cacheKey));
            }
        }

        using (app.Tenants.Use("acme"))
            await app.Hybrid.RemoveAsync("price", token);

        Assert.False(app.Level2Has("acme", "price", cacheKey));
        Assert.True(app.Level2Has("zenith", "price", cacheKey));
        Assert.True(app.Level2Has(null, "price", cacheKey));
    }

    private sealed class WithoutBuffers : IDistributedCache
    {
        private readonly MemoryDistributedCache _cache = new(Options.Create(new MemoryDistributedCacheOptions()));

        public byte[]? Get(string key) => _cache.Get(key);

        public Task<byte[]?> GetAsync(string key, CancellationToken token = default) => _cache.GetAsync(key, token);

        public void Set(string key, byte[] value, DistributedCacheEntryOptions options) => _cache.Set(key, value, options);

        public Task SetAsync(string key, byte[] value, DistributedCacheEntryOptions options, CancellationToken token = default) =>
            _cache.SetAsync(key, value, options, token);

        public void Refresh(string key) => _cache.Refresh(key);

        public Task RefreshAsync(string key, CancellationToken token = default) => _cache.RefreshAsync(key, token);

        public void Remove(string key) => _cache.Remove(key);

        public Task RemoveAsync(string key, CancellationToken token = default) => _cache.RemoveAsync(key, token);
    }
}
