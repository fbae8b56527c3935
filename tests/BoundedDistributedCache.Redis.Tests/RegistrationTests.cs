using BoundedCache.Tenancy;
using Microsoft.Extensions.Caching.Distributed;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
using StackExchange.Redis;

namespace BoundedCache.Redis.Tests;

public sealed class RegistrationTests
{
    [Fact]
    public async Task TheInterfacesResolveToBothTiersAndTheClassToTheNearOne()
    {
        await using var provider = new ServiceCollection().AddBoundedCacheRedisTier("localhost:1").BuildServiceProvider();

        var cache = provider.GetRequiredService<IDistributedCache>();

        Assert.IsType<RedisTieredCache>(cache);
        Assert.Same(cache, provider.GetRequiredService<IBufferDistributedCache>());
        Assert.Same(((RedisTieredCache)cache).NearTier, provider.GetRequiredService<BoundedDistributedCache>());
    }

    [Fact]
    public async Task TheOrderOfTheMethodsDoesNotMatterAndTenantsStandOutermost()
    {
        Action<IServiceCollection>[] calls =
        [
            services => services.AddBoundedDistributedCache(options => options.MaxEntries = 7),
            services => services.AddBoundedCacheRedisTier("localhost:1"),
            services => services.AddBoundedCacheTenants(),
        ];
        int[][] orders = [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]];

        foreach (var order in orders)
        {
            var services = new ServiceCollection();
            foreach (var call in order)
                calls[call](services);
            await using var provider = services.BuildServiceProvider();

            var cache = Assert.IsType<RedisTenantCache>(provider.GetRequiredService<IDistributedCache>());
            Assert.Same(cache, provider.GetRequiredService<IBufferDistributedCache>());
            Assert.Same(cache.NearTier, provider.GetRequiredService<BoundedDistributedCache>());
            Assert.Equal(7, cache.NearTier.GetStatistics().MaxEntries);
            Assert.Single(provider.GetServices<ITenantCacheLevel>());
        }
    }

    [Fact]
    public async Task CalledTwiceThereIsOneTierWithTheOptionsOfBoth()
    {
        await using var provider = new ServiceCollection()
            .AddBoundedCacheRedisTier("localhost:1")
            .AddBoundedCacheRedisTier(options => options.InstanceName = "shop:")
            .BuildServiceProvider();

        Assert.Equal("shop:", Assert.IsType<RedisTieredCache>(provider.GetRequiredService<IDistributedCache>()).Keys.InstanceName);
        Assert.Single(provider.GetServices<ITenantCacheLevel>());
    }

    [Fact]
    public async Task AKeyedTierIsBehindTheCacheOfItsKeyAlone()
    {
        await using var provider = new ServiceCollection()
            .AddBoundedDistributedCache()
            .AddKeyedBoundedCacheRedisTier("sessions", "localhost:1")
            .BuildServiceProvider();

        Assert.IsType<BoundedDistributedCache>(provider.GetRequiredService<IDistributedCache>());
        Assert.IsType<RedisTieredCache>(provider.GetRequiredKeyedService<IDistributedCache>("sessions"));
        Assert.NotNull(provider.GetRequiredKeyedService<IBoundedCacheAdmin>("sessions"));
    }

    [Fact]
    public async Task OptionsComeFromAConfiguration()
    {
        var configuration = new ConfigurationBuilder().AddInMemoryCollection(new Dictionary<string, string?>
        {
            ["Configuration"] = "localhost:1",
            ["InstanceName"] = "shop:",
            ["MaxStaleness"] = "00:00:10",
            ["MaxStalenessWhenDisconnected"] = "00:10:00",
            ["MaxOperationsInFlight"] = "20",
            ["QueueTimeout"] = "00:00:02",
            ["OperationTimeout"] = "00:00:03",
        }).Build();
        await using var provider = new ServiceCollection().AddBoundedCacheRedisTier(configuration).BuildServiceProvider();

        var options = provider.GetRequiredService<IOptions<RedisTierOptions>>().Value;

        Assert.Equal(
            ("localhost:1", "shop:", 10, 600, 20, 2, 3),
            (options.Configuration, options.InstanceName, options.MaxStaleness.TotalSeconds, options.MaxStalenessWhenDisconnected!.Value.TotalSeconds, options.MaxOperationsInFlight, options.QueueTimeout.TotalSeconds, options.OperationTimeout!.Value.TotalSeconds));
    }

    [Theory]
    [MemberData(nameof(Wrong))]
    public void AnOptionOutOfRangeIsRefusedByName(string option, Action<RedisTierOptions> configure)
    {
        var options = new RedisTierOptions { Configuration = "localhost:1,password=hidden" };
        configure(options);

        var result = new RedisTierOptionsValidator().Validate(null, options);

        Assert.True(result.Failed);
        Assert.Contains(option, result.FailureMessage, StringComparison.Ordinal);
        Assert.DoesNotContain("hidden", result.FailureMessage, StringComparison.Ordinal);
    }

    public static TheoryData<string, Action<RedisTierOptions>> Wrong() => new()
    {
        { nameof(RedisTierOptions.Configuration), options => options.Configuration = " " },
        { nameof(RedisTierOptions.Configuration), options => options.Configuration = "localhost:1,password=hidden,connectTimeout=soon" },
        { nameof(RedisTierOptions.Configuration), options => options.Configuration = "password=hidden" },
        { nameof(RedisTierOptions.ConfigurationOptions), options => (options.Configuration, options.ConfigurationOptions) = (null, new ConfigurationOptions { Password = "hidden" }) },
        { nameof(RedisTierOptions.ConfigurationOptions), options => options.ConfigurationOptions = new ConfigurationOptions() },
        { nameof(RedisTierOptions.ConnectionMultiplexerFactory), options => options.ConnectionMultiplexerFactory = _ => null! },
        { nameof(RedisTierOptions.InstanceName), options => options.InstanceName = "\uD800" },
        { nameof(RedisTierOptions.InstanceName), options => options.InstanceName = null! },
        { nameof(RedisTierOptions.MaxStaleness), options => options.MaxStaleness = TimeSpan.Zero },
        { nameof(RedisTierOptions.MaxStaleness), options => options.MaxStaleness = TimeSpan.FromDays(2) },
        { nameof(RedisTierOptions.MaxStalenessWhenDisconnected), options => options.MaxStalenessWhenDisconnected = TimeSpan.FromSeconds(1) },
        { nameof(RedisTierOptions.MaxOperationsInFlight), options => options.MaxOperationsInFlight = 0 },
        { nameof(RedisTierOptions.QueueTimeout), options => options.QueueTimeout = TimeSpan.Zero },
        { nameof(RedisTierOptions.OperationTimeout), options => options.OperationTimeout = TimeSpan.FromMilliseconds(1) },
    };

    [Fact]
    public async Task AHostRefusesToStartWithWrongOptions()
    {
        var services = new ServiceCollection();
        services.AddLogging();
        services.AddBoundedCacheRedisTier(options => options.MaxStaleness = TimeSpan.Zero);
        await using var provider = services.BuildServiceProvider();

        Assert.Throws<OptionsValidationException>(() => provider.GetRequiredService<IStartupValidator>().Validate());
    }
}
