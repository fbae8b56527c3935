using BoundedCache.Tests.Support;
using Microsoft.Extensions.Caching.Distributed;
using Microsoft.Extensions.Caching.Memory;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace BoundedCache.Tests.Diagnostics;

public class StartupChecksTests
{
    private const int MaxBytesNearMemory = 102;
    private const int LeftOver = 103;
    private const int Started = 106;
    private const int Idle = 107;

    private static readonly long AvailableBytes = GC.GetGCMemoryInfo().TotalAvailableMemoryBytes;

    [Fact]
    public void CachesOfOneNameAreRefusedWithTheOptionToSet()
    {
        using var container = new TestContainer(services => services
            .AddBoundedDistributedCache()
            .AddKeyedBoundedDistributedCache("pages", options => options.Name = "default"));

        var exception = Assert.Throws<OptionsValidationException>(() => Start(container));

        Assert.Equal("pages", exception.OptionsName);
        Assert.Equal(
            "BoundedDistributedCacheOptions.Name is 'default' for the cache without a service key and the cache with the service key pages (System.String): "
            + "the caches of a container must have different names. Set the option of one of them.",
            exception.Message);
    }

    [Fact]
    public void KeysWithTheSameTextAreRefusedUntilANameIsSet()
    {
        using var clash = new TestContainer(services => services
            .AddKeyedBoundedDistributedCache(1)
            .AddKeyedBoundedDistributedCache("1"));
        using var resolved = new TestContainer(services => services
            .AddKeyedBoundedDistributedCache(1)
            .AddKeyedBoundedDistributedCache("1", options => options.Name = "one"));

        Assert.Contains("the service key 1 (System.Int32) and the cache with the service key 1 (System.String)", Assert.Throws<OptionsValidationException>(() => Start(clash)).Message, StringComparison.Ordinal);
        Start(resolved);
    }

    [Fact]
    public void AllClashesAreReportedAtOnce()
    {
        using var container = new TestContainer(services =>
        {
            foreach (var name in new[] { "a", "b" })
            {
                services.AddKeyedBoundedDistributedCache(name);
                services.AddKeyedBoundedDistributedCache(name + name, options => options.Name = name);
            }
        });

        var exception = Assert.Throws<OptionsValidationException>(() => Start(container));

        Assert.Equal(2, exception.Failures.Count());
    }

    [Fact]
    public void NamesThatDifferInCaseAreDifferent()
    {
        using var container = new TestContainer(services => services
            .AddKeyedBoundedDistributedCache("pages")
            .AddKeyedBoundedDistributedCache("Pages"));

        Start(container);

        Assert.Equal(2, container.Clock.LiveTimers);
    }

    [Fact]
    public void TellsTheLimitsThatEachCacheStartsWith()
    {
        using var container = new TestContainer(services => services
            .AddBoundedDistributedCache(options => options.MaxEntries = 5)
            .AddKeyedBoundedDistributedCache("pages", options => options.MaxBytes = 4_000));

        Start(container);

        var logs = container.LogsOf(Started);
        Assert.All(logs, log => Assert.Equal(LogLevel.Information, log.Level));
        Assert.Equal(["default", "pages"], logs.Select(log => log.GetStructuredStateValue("CacheName")));
        Assert.Equal("5", logs[0].GetStructuredStateValue("MaxEntries"));
        Assert.Equal("4000", logs[1].GetStructuredStateValue("MaxBytes"));
    }

    [Fact]
    public void WarnsOfACacheThatIdlesSinceAnotherWasRegisteredLater()
    {
        using var container = new TestContainer(services =>
        {
            services.AddBoundedDistributedCache().AddKeyedBoundedDistributedCache("pages");
            services.AddSingleton<IDistributedCache, MemoryDistributedCache>();
        });

        Start(container);

        var log = Assert.Single(container.LogsOf(Idle));
        Assert.Equal(LogLevel.Warning, log.Level);
        Assert.Equal("default", log.GetStructuredStateValue("CacheName"));
        Assert.Contains("MemoryDistributedCache", log.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void WarnsOfAKeyedCacheThatIdles()
    {
        using var container = new TestContainer(services =>
        {
            services.AddBoundedDistributedCache().AddKeyedBoundedDistributedCache("pages");
            services.AddKeyedSingleton<IDistributedCache>("pages", (_, _) => new MemoryDistributedCache(Options.Create(new MemoryDistributedCacheOptions())));
        });

        Start(container);

        Assert.Equal("pages", Assert.Single(container.LogsOf(Idle)).GetStructuredStateValue("CacheName"));
    }

    [Fact]
    public void ACacheThatWasRegisteredLastIsNotIdle()
    {
        using var container = new TestContainer(services =>
        {
            services.AddDistributedMemoryCache().AddBoundedDistributedCache();
            services.AddDistributedMemoryCache();
            services.AddBoundedCacheTenants();
        });

        Start(container);

        Assert.Empty(container.LogsOf(Idle));
    }

    [Fact]
    public void WarnsOfMoreBytesThanThreeQuartersOfTheMemory()
    {
        using var container = new TestContainer(services => services
            .AddKeyedBoundedDistributedCache("pages", options => options.MaxBytes = AvailableBytes / 4 * 3)
            .AddKeyedBoundedDistributedCache("sessions", options => options.MaxBytes = (AvailableBytes / 4 * 3) + 1));

        Start(container);

        var log = Assert.Single(container.LogsOf(MaxBytesNearMemory));
        Assert.Equal(LogLevel.Warning, log.Level);
        Assert.Equal("sessions", log.GetStructuredStateValue("CacheName"));
        Assert.Contains("BoundedDistributedCacheOptions.MaxBytes", log.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void SaysNothingOfTheDefaultLimits()
    {
        using var container = new TestContainer(services => services.AddBoundedDistributedCache());

        Start(container);

        Assert.Empty(container.Warnings);
    }

    public static TheoryData<Action<IServiceCollection>> LeftOvers =>
    [
        new(services => services.Configure<MemoryDistributedCacheOptions>(options => options.SizeLimit = 1)) { Label = "Configure" },
        new(services => services.PostConfigure<MemoryDistributedCacheOptions>(options => options.SizeLimit = 1)) { Label = "PostConfigure" },
        new(services => services.ConfigureOptions<ConfiguresMemoryCache>()) { Label = "ConfigureOptions" },
        new(services => services.AddDistributedMemoryCache(options => options.SizeLimit = 1)) { Label = "AddDistributedMemoryCache" },
    ];

    [Theory]
    [MemberData(nameof(LeftOvers), DisableDiscoveryEnumeration = true)]
    public void WarnsOfConfigurationThatIsLeftOverFromTheMemoryCache(Action<IServiceCollection> leave)
    {
        using var before = new TestContainer(services =>
        {
            leave(services);
            services.AddBoundedDistributedCache();
        });
        using var after = new TestContainer(services =>
        {
            services.AddBoundedDistributedCache().AddKeyedBoundedDistributedCache("pages");
            leave(services);
        });

        Start(before);
        Start(after);

        foreach (var container in new[] { before, after })
        {
            var log = Assert.Single(container.LogsOf(LeftOver));
            Assert.Equal(LogLevel.Warning, log.Level);
            Assert.Contains("MemoryDistributedCacheOptions", log.Message, StringComparison.Ordinal);
            Assert.Contains("BoundedDistributedCacheOptions", log.Message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void SaysNothingOfAMemoryCacheThatNobodyConfigures()
    {
        using var container = new TestContainer(services => services
            .AddDistributedMemoryCache()
            .AddMemoryCache(options => options.SizeLimit = 1)
            .AddBoundedDistributedCache());

        Start(container);

        Assert.Empty(container.Warnings);
    }

    [Fact]
    public void SaysNothingOfAMemoryCacheThatIsStillTheCacheOfTheContainer()
    {
        using var container = new TestContainer(services => services
            .AddDistributedMemoryCache(options => options.SizeLimit = 1)
            .AddKeyedBoundedDistributedCache("sessions"));

        Start(container);

        Assert.Empty(container.Warnings);
    }

    private static void Start(TestContainer container)
    {
        var started = container.Sweeper.StartAsync(TestContext.Current.CancellationToken);
        Assert.True(started.IsCompletedSuccessfully);
    }

    private sealed class ConfiguresMemoryCache : IConfigureOptions<MemoryDistributedCacheOptions>
    {
        public void Configure(MemoryDistributedCacheOptions options) => options.SizeLimit = 1;
    }
}
