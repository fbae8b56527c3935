using BoundedCache.AspNetCore.Tests.Support;
using Microsoft.AspNetCore.Session;
using Microsoft.Extensions.Caching.Distributed;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace BoundedCache.AspNetCore.Tests.Session;

public sealed class AddBoundedCacheSessionTests
{
    public static TheoryData<string, Action<IServiceCollection>> Orders => new()
    {
        { "after AddSession", services => services.AddSession().AddBoundedCacheSession("sessions") },
        { "before AddSession", services => services.AddBoundedCacheSession("sessions").AddSession() },
        { "twice, round AddSession", services => services.AddBoundedCacheSession("sessions").AddSession().AddBoundedCacheSession("sessions") },
        { "AddSession twice", services => services.AddSession().AddBoundedCacheSession("sessions").AddSession() },
        { "before the keyed cache", services => services.AddSession().AddBoundedCacheSession("sessions").AddKeyedBoundedDistributedCache("sessions") },
        { "after the keyed cache", services => services.AddKeyedBoundedDistributedCache("sessions").AddSession().AddBoundedCacheSession("sessions") },
        { "before the cache in memory", services => services.AddBoundedCacheSession("sessions").AddSession().AddDistributedMemoryCache() },
        { "after the cache in memory", services => services.AddDistributedMemoryCache().AddSession().AddBoundedCacheSession("sessions") },
    };

    [Theory]
    [MemberData(nameof(Orders))]
    public async Task SessionsAreInTheKeyedCacheWhateverTheOrder(string order, Action<IServiceCollection> register)
    {
        Assert.NotEmpty(order);
        await using var shop = await Shop.OpenAsync(services => register(services.AddBoundedDistributedCache()));
        using var browser = shop.NewBrowser();

        await browser.ReadAsync("/add/mug");

        Assert.Equal("mug,", await browser.ReadAsync("/cart"));
        Assert.Equal((1, 0), (shop.Cache("sessions").Count, shop.Cache().Count));
    }

    [Fact]
    public void TheStoreIsTheFrameworksOwnAndTheOnlyOne()
    {
        using var provider = new ServiceCollection().AddLogging()
            .AddSession().AddBoundedCacheSession("sessions").AddBoundedCacheSession("sessions").BuildServiceProvider();

        Assert.IsType<DistributedSessionStore>(Assert.Single(provider.GetServices<ISessionStore>()));
    }

    [Fact]
    public async Task TheDefaultCacheNeedNotBeBounded()
    {
        await using var shop = await Shop.OpenAsync(services =>
            services.AddDistributedMemoryCache().AddSession().AddBoundedCacheSession("sessions"));
        using var browser = shop.NewBrowser();

        await browser.ReadAsync("/add/mug");

        Assert.Equal(1, shop.Cache("sessions").Count);
        Assert.IsType<MemoryDistributedCache>(shop.Services.GetRequiredService<IDistributedCache>());
    }

    [Fact]
    public async Task TheLastKeyWins()
    {
        await using var shop = await Shop.OpenAsync(services =>
            services.AddBoundedCacheSession("first").AddSession().AddBoundedCacheSession("second"));
        using var browser = shop.NewBrowser();

        await browser.ReadAsync("/add/mug");

        Assert.Equal((0, 1), (shop.Cache("first").Count, shop.Cache("second").Count));
    }

    [Fact]
    public async Task AnyObjectCanBeTheKey()
    {
        await using var shop = await Shop.OpenAsync(services => services.AddSession().AddBoundedCacheSession(Store.Sessions));
        using var browser = shop.NewBrowser();

        await browser.ReadAsync("/add/mug");

        Assert.Equal(1, shop.Cache(Store.Sessions).Count);
    }

    [Fact]
    public void OptionsAreThoseOfTheKeyedCacheAndAddUp()
    {
        using var provider = new ServiceCollection()
            .AddKeyedBoundedDistributedCache("sessions", options => options.MaxEntries = 7)
            .AddBoundedCacheSession("sessions", options => options.IsolateValues = true)
            .AddBoundedCacheSession("sessions")
            .BuildServiceProvider();

        var options = provider.GetRequiredKeyedService<IOptions<BoundedDistributedCacheOptions>>("sessions").Value;

        Assert.Equal((7, true), (options.MaxEntries, options.IsolateValues));
        Assert.Equal(10_000, provider.GetRequiredService<IOptions<BoundedDistributedCacheOptions>>().Value.MaxEntries);
    }

    [Fact]
    public void KeyThatIsNullIsRefusedAndNothingIsRegistered()
    {
        var services = new ServiceCollection();

        var error = Assert.Throws<ArgumentNullException>("serviceKey", () => services.AddBoundedCacheSession(null!));
        Assert.Contains("cache of their own", error.Message);
        Assert.Throws<ArgumentNullException>("serviceKey", () => services.AddBoundedCacheSession(null!, _ => { }));
        Assert.Empty(services);
    }

    [Fact]
    public void OtherArgumentsThatAreNullAreRefused()
    {
        Assert.Throws<ArgumentNullException>("services", () => ((IServiceCollection)null!).AddBoundedCacheSession("sessions"));
        Assert.Throws<ArgumentNullException>("services", () => ((IServiceCollection)null!).AddBoundedCacheSession("sessions", _ => { }));
        Assert.Throws<ArgumentNullException>("configure", () => new ServiceCollection().AddBoundedCacheSession("sessions", null!));
    }

    [Fact]
    public void KeyThatStandsForEveryKeyIsRefused() =>
        Assert.Throws<ArgumentException>("serviceKey", () => new ServiceCollection().AddBoundedCacheSession(KeyedService.AnyKey));

    private enum Store
    {
        Sessions,
    }
}
