using BoundedCache.Tests.Support;
using Microsoft.Extensions.Caching.Distributed;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;
using Moq;

namespace BoundedCache.Tests;

public class ServiceCollectionExtensionsTests
{
    private static readonly IConfiguration EmptyConfiguration = new ConfigurationBuilder().Build();

    public static TheoryData<Func<IServiceCollection, IServiceCollection>> Additions =>
    [
        new(services => services.AddBoundedDistributedCache()) { Label = "plain" },
        new(services => services.AddBoundedDistributedCache(_ => { })) { Label = "with an action" },
        new(services => services.AddBoundedDistributedCache(EmptyConfiguration)) { Label = "with configuration" },
        new(services => services.AddKeyedBoundedDistributedCache(null)) { Label = "with a null key" },
    ];

    public static TheoryData<Func<IServiceCollection, IServiceCollection>> KeyedAdditions =>
    [
        new(services => services.AddKeyedBoundedDistributedCache("pages")) { Label = "plain" },
        new(services => services.AddKeyedBoundedDistributedCache("pages", _ => { })) { Label = "with an action" },
        new(services => services.AddKeyedBoundedDistributedCache("pages", EmptyConfiguration)) { Label = "with configuration" },
    ];

    [Theory]
    [MemberData(nameof(Additions), DisableDiscoveryEnumeration = true)]
    public void ThreeServicesAreOneObject(Func<IServiceCollection, IServiceCollection> add)
    {
        using var container = new TestContainer(services => Assert.Same(services, add(services)));

        var cache = container.Services.GetRequiredService<BoundedDistributedCache>();

        Assert.Same(cache, container.Services.GetRequiredService<IDistributedCache>());
        Assert.Same(cache, container.Services.GetRequiredService<IBufferDistributedCache>());
    }

    [Theory]
    [MemberData(nameof(KeyedAdditions), DisableDiscoveryEnumeration = true)]
    public void ThreeKeyedServicesAreOneObject(Func<IServiceCollection, IServiceCollection> add)
    {
        using var container = new TestContainer(services => Assert.Same(services, add(services)));

        var cache = container.Services.GetRequiredKeyedService<BoundedDistributedCache>("pages");

        Assert.Same(cache, container.Services.GetRequiredKeyedService<IDistributedCache>("pages"));
        Assert.Same(cache, container.Services.GetRequiredKeyedService<IBufferDistributedCache>("pages"));
    }

    [Fact]
    public void KeyedCachesAreApartFromOneAnotherAndFromTheOneWithoutAKey()
    {
        using var container = new TestContainer(services => services
            .AddBoundedDistributedCache()
            .AddKeyedBoundedDistributedCache("pages")
            .AddKeyedBoundedDistributedCache("sessions"));

        BoundedDistributedCache[] caches = [container.Cache, Keyed(container, "pages"), Keyed(container, "sessions")];

        Assert.Distinct(caches);
    }

    [Fact]
    public void AKeyedCacheIsNotTheCacheOfTheContainer()
    {
        using var container = new TestContainer(services => services.AddKeyedBoundedDistributedCache("pages"));

        Assert.Null(container.Services.GetService<IDistributedCache>());
        Assert.Null(container.Services.GetService<BoundedDistributedCache>());
    }

    [Fact]
    public void WinsOverAnEarlierMemoryCache()
    {
        using var container = new TestContainer(services => services.AddDistributedMemoryCache().AddBoundedDistributedCache());

        Assert.IsType<BoundedDistributedCache>(container.Services.GetRequiredService<IDistributedCache>());
    }

    [Fact]
    public void WinsOverEarlierRegistrationsOfAnyOfItsServices()
    {
        var other = new BoundedDistributedCache(Options.Create(new BoundedDistributedCacheOptions()));
        using var container = new TestContainer(services => services
            .AddSingleton<IDistributedCache>(other)
            .AddSingleton<IBufferDistributedCache>(other)
            .AddSingleton(other)
            .AddKeyedSingleton<IDistributedCache>("pages", other)
            .AddKeyedSingleton<IDistributedCache>(KeyedService.AnyKey, other)
            .AddBoundedDistributedCache()
            .AddKeyedBoundedDistributedCache("pages"));

        Assert.NotSame(other, container.Services.GetRequiredService<IDistributedCache>());
        Assert.NotSame(other, container.Services.GetRequiredService<IBufferDistributedCache>());
        Assert.NotSame(other, container.Services.GetRequiredService<BoundedDistributedCache>());
        Assert.NotSame(other, container.Services.GetRequiredKeyedService<IDistributedCache>("pages"));
    }

    [Fact]
    public void AMemoryCacheThatIsAddedLaterChangesNothing()
    {
        using var container = new TestContainer(services => services.AddBoundedDistributedCache().AddDistributedMemoryCache());

        Assert.Same(container.Cache, container.Services.GetRequiredService<IDistributedCache>());
    }

    [Fact]
    public void AProviderThatIsAddedLaterOnPurposeWins()
    {
        using var container = new TestContainer(services => services
            .AddBoundedDistributedCache()
            .AddSingleton<IDistributedCache, MemoryDistributedCache>());

        Assert.IsType<MemoryDistributedCache>(container.Services.GetRequiredService<IDistributedCache>());
    }

    [Fact]
    public void TheLastCallWinsOverAProviderThatWasAddedSinceTheFirst()
    {
        using var container = new TestContainer(services => services
            .AddBoundedDistributedCache()
            .AddSingleton<IDistributedCache, MemoryDistributedCache>()
            .AddBoundedDistributedCache());

        Assert.Same(container.Cache, container.Services.GetRequiredService<IDistributedCache>());
    }

    [Fact]
    public void RepeatedCallsRegisterOneCache()
    {
        using var container = new TestContainer(services => services
            .AddBoundedDistributedCache()
            .AddKeyedBoundedDistributedCache("pages")
            .AddBoundedDistributedCache()
            .AddKeyedBoundedDistributedCache("pages"));

        Assert.Single(container.Services.GetServices<IDistributedCache>());
        Assert.Single(container.Services.GetServices<IBufferDistributedCache>());
        Assert.Single(container.Services.GetServices<BoundedDistributedCache>());
        Assert.Single(container.Services.GetKeyedServices<IDistributedCache>("pages"));
        Assert.Single(container.Services.GetServices<IHostedService>());
        Assert.Equal(2, container.Services.GetServices<CacheRegistration>().Count());
        Assert.Single(container.Services.GetServices<IValidateOptions<BoundedDistributedCacheOptions>>().OfType<BoundedDistributedCacheOptionsValidator>());
    }

    [Fact]
    public void WhatConfiguresACacheAddsUpInTheOrderOfTheCalls()
    {
        using var container = new TestContainer(services => services
            .AddBoundedDistributedCache(options => options.MaxEntries = 1)
            .AddKeyedBoundedDistributedCache("pages", options => options.MaxEntries = 2)
            .AddBoundedDistributedCache(options => options.MaxBytes = 3_000)
            .AddKeyedBoundedDistributedCache("pages", Configuration(("MaxBytes", "4000"), ("MaxEntries", "5"))));

        Assert.Equal((1, 3_000), Limits(OptionsOf(container, null)));
        Assert.Equal((5, 4_000), Limits(OptionsOf(container, "pages")));
    }

    [Fact]
    public void AllOptionsBindFromConfigurationByTheirNames()
    {
        using var container = new TestContainer(services => services.AddBoundedDistributedCache(Configuration(
            ("MaxEntries", "11"),
            ("MaxBytes", "22000000000"),
            ("SweepInterval", "00:00:33"),
            ("EvictionPolicy", "ScanResistant"),
            ("IsolateValues", "true"),
            ("DefaultSlidingExpiration", "00:44:00"),
            ("DefaultAbsoluteExpirationRelativeToNow", "55.00:00:00"),
            ("Name", "orders"),
            ("MaxEntriesPerTenant", "66"),
            ("MaxBytesPerTenant", "77000000000"),
            ("MaxTenantsInMetrics", "111"),
            ("Tenants:acme:MaxEntries", "8"),
            ("Tenants:acme:MaxBytes", "99000000000"))));

        var options = OptionsOf(container, null);

        Assert.Equivalent(
            new BoundedDistributedCacheOptions
            {
                MaxEntries = 11,
                MaxBytes = 22_000_000_000,
                SweepInterval = TimeSpan.FromSeconds(33),
                EvictionPolicy = EvictionPolicy.ScanResistant,
                IsolateValues = true,
                DefaultSlidingExpiration = TimeSpan.FromMinutes(44),
                DefaultAbsoluteExpirationRelativeToNow = TimeSpan.FromDays(55),
                Name = "orders",
                MaxEntriesPerTenant = 66,
                MaxBytesPerTenant = 77_000_000_000,
                MaxTenantsInMetrics = 111,
                Tenants = { ["acme"] = new TenantLimits { MaxEntries = 8, MaxBytes = 99_000_000_000 } },
            },
            options,
            strict: true);
        Assert.Equal(12, typeof(BoundedDistributedCacheOptions).GetProperties().Length);
    }

    [Fact]
    public void WhatConfigurationDoesNotSayStaysAtItsDefault()
    {
        using var container = new TestContainer(services => services.AddBoundedDistributedCache(Configuration(("MaxEntries", "11"))));

        Assert.Equivalent(new BoundedDistributedCacheOptions { MaxEntries = 11 }, OptionsOf(container, null), strict: true);
    }

    [Fact]
    public void ConfigurationThatIsNoNumberIsRefusedWithItsPath()
    {
        using var container = new TestContainer(services => services.AddBoundedDistributedCache(Configuration(("MaxEntries", "many"))));

        var exception = Assert.Throws<InvalidOperationException>(() => container.Cache);

        Assert.Contains("MaxEntries", exception.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void OptionsOfAStringKeyCanBeConfiguredByThatNameBeforeAndAfter()
    {
        using var container = new TestContainer(services => services
            .Configure<BoundedDistributedCacheOptions>("pages", options => options.MaxEntries = 2)
            .AddKeyedBoundedDistributedCache("pages")
            .Configure<BoundedDistributedCacheOptions>("pages", options => options.MaxBytes = 3_000));

        Assert.Equal((2, 3_000), Limits(OptionsOf(container, "pages")));
    }

    [Fact]
    public void NoTwoKeysShareOptions()
    {
        object?[] keys = [null, "", "[]", "[", "[0] System.Object", "1", 1, 1L, DayOfWeek.Monday, typeof(string), new object(), new object(), (1, "a"), "[][]"];
        using var container = new TestContainer(services =>
        {
            for (var i = 0; i < keys.Length; i++)
            {
                var number = i + 1;
                services.AddKeyedBoundedDistributedCache(keys[i], options => options.Name = "-");
                services.AddKeyedBoundedDistributedCache(keys[i], options => options.MaxEntries = number);
            }
        });

        Assert.Equal(Enumerable.Range(1, keys.Length), keys.Select(key => OptionsOf(container, key).MaxEntries));
        Assert.Distinct(keys.Select(key => Keyed(container, key)));
    }

    [Theory]
    [InlineData(null)]
    [InlineData("pages")]
    public void TheOptionsOfACacheStayOneObjectHoweverOftenTheirConfigurationIsReloaded(string? serviceKey)
    {
        var configuration = new ConfigurationBuilder().AddInMemoryCollection().Build();
        using var container = new TestContainer(services => services.AddKeyedBoundedDistributedCache(serviceKey, configuration));
        var options = OptionsOf(container, serviceKey);

        configuration["MaxEntries"] = "11";
        configuration.Reload();

        Assert.Same(options, OptionsOf(container, serviceKey));
        Assert.Equal(10_000, options.MaxEntries);
    }

    [Fact]
    public void EqualKeysAreOneCache()
    {
        using var container = new TestContainer(services => services
            .AddKeyedBoundedDistributedCache((1, "a"), options => options.MaxEntries = 2)
            .AddKeyedBoundedDistributedCache((1, "a"), options => options.MaxBytes = 3_000));

        Assert.Equal((2, 3_000), Limits(OptionsOf(container, (1, "a"))));
    }

    [Fact]
    public void ANullKeyIsTheCacheWithoutAKey()
    {
        using var container = new TestContainer(services => services
            .AddBoundedDistributedCache(options => options.MaxEntries = 1)
            .AddKeyedBoundedDistributedCache(null, options => options.MaxBytes = 3_000));

        Assert.Equal((1, 3_000), Limits(OptionsOf(container, null)));
        Assert.Single(container.Services.GetServices<CacheRegistration>());
    }

    [Fact]
    public void CachesAreNamedDefaultOrByTheTextOfTheirKeyUnlessANameIsSet()
    {
        using var container = new TestContainer(services => services
            .AddBoundedDistributedCache()
            .AddKeyedBoundedDistributedCache("pages", Configuration(("MaxEntries", "5")))
            .AddKeyedBoundedDistributedCache(DayOfWeek.Monday)
            .AddKeyedBoundedDistributedCache(1.5)
            .AddKeyedBoundedDistributedCache("named", options => options.Name = "other")
            .AddKeyedBoundedDistributedCache("bound", Configuration(("Name", "default")))
            .AddKeyedBoundedDistributedCache("late")
            .PostConfigure<BoundedDistributedCacheOptions>("late", options => options.Name = "later"));

        Assert.Equal(
            ["default", "pages", "Monday", "1.5", "other", "default", "later"],
            new object?[] { null, "pages", DayOfWeek.Monday, 1.5, "named", "bound", "late" }.Select(key => OptionsOf(container, key).Name));
    }

    [Fact]
    public void TheClockOfTheContainerIsUsed()
    {
        using var container = new TestContainer(services => services.AddBoundedDistributedCache());
        container.Cache.Set("key", [1], new DistributedCacheEntryOptions { AbsoluteExpirationRelativeToNow = TimeSpan.FromMinutes(1) });

        container.Clock.Advance(TimeSpan.FromMinutes(1));

        Assert.Null(container.Cache.Get("key"));
    }

    [Fact]
    public void TheLoggersOfTheContainerAreUsed()
    {
        using var container = new TestContainer(services => services.AddKeyedBoundedDistributedCache("pages", options => options.MaxEntries = 1));
        var cache = Keyed(container, "pages");

        cache.Set("one", [1], new DistributedCacheEntryOptions());
        cache.Set("two", [1], new DistributedCacheEntryOptions());

        var log = Assert.Single(container.Logs);
        Assert.Equal(typeof(BoundedDistributedCache).FullName, log.Category);
        Assert.Equal("pages", log.GetStructuredStateValue("CacheName"));
    }

    [Fact]
    public void NeitherClockNorLoggersAreNeeded()
    {
        using var services = new ServiceCollection().AddBoundedDistributedCache().BuildServiceProvider();

        var cache = services.GetRequiredService<IDistributedCache>();
        cache.Set("key", [1], new DistributedCacheEntryOptions());

        Assert.Equal([1], cache.Get("key"));
        Assert.Single(services.GetServices<IHostedService>());
    }

    [Fact]
    public void ACacheWithWrongOptionsCanNotBeResolved()
    {
        using var container = new TestContainer(services => services
            .AddBoundedDistributedCache(options => options.MaxEntries = 0)
            .AddKeyedBoundedDistributedCache("pages", options => options.MaxBytes = 0));

        Assert.Contains("MaxEntries is 0", Assert.Throws<OptionsValidationException>(() => container.Cache).Message, StringComparison.Ordinal);
        Assert.Contains("MaxBytes of the cache 'pages' is 0", Assert.Throws<OptionsValidationException>(() => Keyed(container, "pages")).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void TheNameOfAKeyWithoutTextMustBeSet()
    {
        var silent = new KeyWithoutText();
        using var container = new TestContainer(services => services.AddKeyedBoundedDistributedCache("").AddKeyedBoundedDistributedCache(silent));

        var ofNoLength = Assert.Throws<OptionsValidationException>(() => Keyed(container, ""));
        var ofNone = Assert.Throws<OptionsValidationException>(() => Keyed(container, silent));

        Assert.Contains("BoundedDistributedCacheOptions.Name of the cache '[]' is ''", ofNoLength.Message, StringComparison.Ordinal);
        Assert.Contains($"BoundedDistributedCacheOptions.Name of the cache '[1] {typeof(KeyWithoutText)}' is ''", ofNone.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void AContainerThatKnowsNoServiceKeysHoldsTheCacheWithoutAKey()
    {
        var services = new ServiceCollection().AddBoundedDistributedCache();
        using var knowsKeys = services.BuildServiceProvider();
        var provider = new ProviderWithoutKeys(knowsKeys);

        var cache = services.Last(descriptor => descriptor.ServiceType == typeof(IDistributedCache)).ImplementationFactory!(provider);

        Assert.Same(knowsKeys.GetRequiredService<BoundedDistributedCache>(), cache);
    }

    [Fact]
    public void WhereATierIsBehindTheCacheCallersGetTheTier()
    {
        var tier = new Mock<IBufferDistributedCache>().Object;
        using var container = new TestContainer(services =>
        {
            services.AddBoundedDistributedCache().AddKeyedBoundedDistributedCache("pages");
            CacheRegistration.Find(services, "pages")!.Tier = _ => tier;
            Assert.Null(CacheRegistration.Find(services, "sessions"));
        });

        Assert.Same(tier, container.Services.GetRequiredKeyedService<IDistributedCache>("pages"));
        Assert.Same(tier, container.Services.GetRequiredKeyedService<IBufferDistributedCache>("pages"));
        Assert.IsType<BoundedDistributedCache>(Keyed(container, "pages"));
        Assert.Same(container.Cache, container.Services.GetRequiredService<IDistributedCache>());
    }

    [Fact]
    public void AHostStartsNothingWithWrongOptionsOfACacheThatNobodyResolves()
    {
        var other = new Mock<IHostedService>();
        var builder = Host.CreateEmptyApplicationBuilder(new HostApplicationBuilderSettings());
        builder.Services
            .AddSingleton(other.Object)
            .AddKeyedBoundedDistributedCache("pages", options => options.MaxEntries = 0);
        using var host = builder.Build();

        var exception = Assert.Throws<OptionsValidationException>(host.Start);

        Assert.Equal("pages", exception.OptionsName);
        other.Verify(service => service.StartAsync(It.IsAny<CancellationToken>()), Times.Never);
    }

    [Fact]
    public void AContainerDisposesItsCaches()
    {
        var container = new TestContainer(services => services.AddBoundedDistributedCache().AddKeyedBoundedDistributedCache("pages"));
        var cache = container.Cache;
        var pages = Keyed(container, "pages");
        Assert.Same(cache, container.Services.GetRequiredService<IDistributedCache>());

        container.Dispose();

        Assert.Throws<ObjectDisposedException>(() => cache.Count);
        Assert.Throws<ObjectDisposedException>(() => pages.Count);
    }

    [Fact]
    public void ContainersThatAreBuiltFromOneCollectionHaveCachesOfTheirOwn()
    {
        var services = new ServiceCollection().AddBoundedDistributedCache();
        using var one = services.BuildServiceProvider();
        using var other = services.BuildServiceProvider();

        Assert.NotSame(one.GetRequiredService<IDistributedCache>(), other.GetRequiredService<IDistributedCache>());
    }

    [Fact]
    public void AnyKeyIsRefused()
    {
        var exception = Assert.Throws<ArgumentException>(() => new ServiceCollection().AddKeyedBoundedDistributedCache(KeyedService.AnyKey));

        Assert.Equal("serviceKey", exception.ParamName);
        Assert.Contains("KeyedService.AnyKey", exception.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void NullArgumentsAreRefused()
    {
        IServiceCollection none = null!;
        var services = new ServiceCollection();

        Assert.Throws<ArgumentNullException>("services", () => none.AddBoundedDistributedCache());
        Assert.Throws<ArgumentNullException>("services", () => none.AddBoundedDistributedCache(_ => { }));
        Assert.Throws<ArgumentNullException>("services", () => none.AddBoundedDistributedCache(EmptyConfiguration));
        Assert.Throws<ArgumentNullException>("services", () => none.AddKeyedBoundedDistributedCache("pages"));
        Assert.Throws<ArgumentNullException>("services", () => none.AddKeyedBoundedDistributedCache("pages", _ => { }));
        Assert.Throws<ArgumentNullException>("services", () => none.AddKeyedBoundedDistributedCache("pages", EmptyConfiguration));
        Assert.Throws<ArgumentNullException>("configure", () => services.AddBoundedDistributedCache((Action<BoundedDistributedCacheOptions>)null!));
        Assert.Throws<ArgumentNullException>("configuration", () => services.AddBoundedDistributedCache((IConfiguration)null!));
        Assert.Throws<ArgumentNullException>("configure", () => services.AddKeyedBoundedDistributedCache("pages", (Action<BoundedDistributedCacheOptions>)null!));
        Assert.Throws<ArgumentNullException>("configuration", () => services.AddKeyedBoundedDistributedCache("pages", (IConfiguration)null!));
        Assert.Empty(services);
    }

    private static IConfiguration Configuration(params (string Option, string Value)[] values) => new ConfigurationBuilder()
        .AddInMemoryCollection(values.Select(value => KeyValuePair.Create<string, string?>(value.Option, value.Value)))
        .Build();

    private static BoundedDistributedCache Keyed(TestContainer container, object? serviceKey) =>
        container.Services.GetRequiredKeyedService<BoundedDistributedCache>(serviceKey);

    private static BoundedDistributedCacheOptions OptionsOf(TestContainer container, object? serviceKey) =>
        container.Services.GetServices<CacheRegistration>().Single(registration => Equals(registration.ServiceKey, serviceKey)).GetOptions(container.Services);

    private static (int Entries, long Bytes) Limits(BoundedDistributedCacheOptions options) => (options.MaxEntries, options.MaxBytes);

    private sealed class KeyWithoutText
    {
        public override string? ToString() => null;
    }
}
