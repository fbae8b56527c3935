using BoundedCache.Diagnostics;
using BoundedCache.Tests.Support;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;
using Microsoft.Extensions.Primitives;
using Moq;

namespace BoundedCache.Tests.Diagnostics;

public sealed class OptionsWatchTests : IDisposable
{
    private const int RestartNeeded = 104;
    private const int ConfigurationInvalid = 105;

    private readonly IConfigurationRoot _configuration;
    private readonly TestContainer _container;

    public OptionsWatchTests()
    {
        _configuration = new ConfigurationBuilder()
            .AddInMemoryCollection(new Dictionary<string, string?>
            {
                ["Cache:MaxEntries"] = "10",
                ["Pages:MaxEntries"] = "20",
            })
            .Build();
        _container = new TestContainer(services => services
            .AddBoundedDistributedCache(_configuration.GetSection("Cache"))
            .AddKeyedBoundedDistributedCache("pages", _configuration.GetSection("Pages")));
        Assert.True(_container.Sweeper.StartAsync(TestContext.Current.CancellationToken).IsCompletedSuccessfully);
    }

    public void Dispose() => _container.Dispose();

    [Fact]
    public void WarnsThatAChangeNeedsARestart()
    {
        Change("Cache:MaxEntries", "11");

        var log = Assert.Single(_container.LogsOf(RestartNeeded));
        Assert.Equal(LogLevel.Warning, log.Level);
        Assert.Equal("default", log.GetStructuredStateValue("CacheName"));
        Assert.Equal("MaxEntries from 10 to 11", log.GetStructuredStateValue("Changes"));
        Assert.Contains("restart", log.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void LimitsOfTenantsFollowWithoutARestart()
    {
        var acme = _container.Cache.ForTenant("acme");
        Change("Cache:Tenants:acme:MaxEntries", "2");
        for (var i = 0; i < 5; i++)
            acme.Set("key" + i, [1], TestCache.NoExpiry);
        Assert.Equal(2, acme.Count);

        Change("Cache:Tenants:acme:MaxEntries", "4");
        for (var i = 5; i < 10; i++)
            acme.Set("key" + i, [1], TestCache.NoExpiry);
        Assert.Equal(4, acme.Count);

        Change("Cache:MaxEntriesPerTenant", "1");
        var other = _container.Cache.ForTenant("other");
        other.Set("key1", [1], TestCache.NoExpiry);
        other.Set("key2", [1], TestCache.NoExpiry);
        Assert.Equal(1, other.Count);
        Assert.Empty(_container.LogsOf(RestartNeeded));
    }

    [Fact]
    public void WarnsOfTheCacheThatTheChangeIsFor()
    {
        Change("Pages:MaxEntries", "21");

        Assert.Equal("pages", Assert.Single(_container.LogsOf(RestartNeeded)).GetStructuredStateValue("CacheName"));
    }

    [Fact]
    public void NamesAllOptionsThatChanged()
    {
        _configuration["Cache:MaxEntries"] = "11";
        _configuration["Cache:MaxBytes"] = "12";
        _configuration["Cache:SweepInterval"] = "00:00:13";
        _configuration["Cache:EvictionPolicy"] = "ScanResistant";
        _configuration["Cache:IsolateValues"] = "true";
        _configuration["Cache:DefaultSlidingExpiration"] = "00:00:14";
        _configuration["Cache:DefaultAbsoluteExpirationRelativeToNow"] = "00:00:15";
        _configuration["Cache:Name"] = "orders";
        _configuration["Cache:MaxTenantsInMetrics"] = "16";

        _configuration.Reload();

        Assert.Equal(
            "MaxEntries from 10 to 11, MaxBytes from 104857600 to 12, SweepInterval from 00:01:00 to 00:00:13, "
            + "EvictionPolicy from Lru to ScanResistant, IsolateValues from False to True, "
            + "DefaultSlidingExpiration from none to 00:00:14, DefaultAbsoluteExpirationRelativeToNow from none to 00:00:15, Name from default to orders, "
            + "MaxTenantsInMetrics from 0 to 16",
            Assert.Single(_container.LogsOf(RestartNeeded)).GetStructuredStateValue("Changes"));
    }

    [Fact]
    public void SaysNothingWhereAReloadChangesNothing()
    {
        _configuration.Reload();

        Assert.Empty(_container.LogsOf(RestartNeeded));
    }

    [Fact]
    public void TellsAChangeOnceHoweverOftenItIsReloaded()
    {
        Change("Cache:MaxEntries", "11");
        _configuration.Reload();

        Assert.Single(_container.LogsOf(RestartNeeded));
    }

    [Fact]
    public void TellsAChangeAgainAfterItWasTakenBack()
    {
        Change("Cache:MaxEntries", "11");
        Change("Cache:MaxEntries", "10");
        Change("Cache:MaxEntries", "11");

        Assert.Equal(2, _container.LogsOf(RestartNeeded).Count);
    }

    [Fact]
    public void ComparesWithWhatTheCacheWasMadeWith()
    {
        using var container = new TestContainer(services => services.AddBoundedDistributedCache(_configuration.GetSection("Cache")));
        Assert.Equal(0, container.Cache.Count);
        Change("Cache:MaxEntries", "11");
        Assert.True(container.Sweeper.StartAsync(TestContext.Current.CancellationToken).IsCompletedSuccessfully);

        Change("Cache:MaxEntries", "12");

        Assert.Equal("MaxEntries from 10 to 12", Assert.Single(container.LogsOf(RestartNeeded)).GetStructuredStateValue("Changes"));
    }

    [Fact]
    public void WarnsOfAnInvalidChangeAndSparesWhoeverReloads()
    {
        _configuration["Cache:MaxBytes"] = "0";
        Change("Cache:MaxEntries", "-1");

        var log = Assert.Single(_container.LogsOf(ConfigurationInvalid));
        Assert.Equal(LogLevel.Warning, log.Level);
        Assert.Equal("default", log.GetStructuredStateValue("CacheName"));
        Assert.IsType<OptionsValidationException>(log.Exception);
        Assert.Contains("BoundedDistributedCacheOptions.MaxEntries is -1: it must be at least 1.", log.Message, StringComparison.Ordinal);
        Assert.Contains("BoundedDistributedCacheOptions.MaxBytes is 0: it must be at least 1.", log.Message, StringComparison.Ordinal);
        Assert.Contains("The old values stay in force", log.Message, StringComparison.Ordinal);
        Assert.Empty(_container.LogsOf(RestartNeeded));
    }

    [Fact]
    public void WarnsOfAnInvalidChangeOfAKeyedCache()
    {
        Change("Pages:MaxEntries", "0");

        Assert.Equal("pages", Assert.Single(_container.LogsOf(ConfigurationInvalid)).GetStructuredStateValue("CacheName"));
    }

    [Fact]
    public void WarnsOfAChangeThatCanNotBeRead()
    {
        Change("Cache:MaxEntries", "many");

        Assert.Contains("MaxEntries", Assert.Single(_container.LogsOf(ConfigurationInvalid)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void TellsAnInvalidChangeOnceAndGoesOnWatching()
    {
        Change("Cache:MaxEntries", "0");
        _configuration.Reload();
        Change("Cache:MaxEntries", "11");
        Change("Cache:MaxEntries", "0");

        Assert.Equal([ConfigurationInvalid, RestartNeeded, ConfigurationInvalid], _container.Warnings.Select(log => log.Id.Id));
    }

    [Fact]
    public async Task AnInvalidChangeSparesWhoeverReloadsTheConfigurationOfAHost()
    {
        var builder = Host.CreateEmptyApplicationBuilder(new HostApplicationBuilderSettings());
        builder.Logging.AddFakeLogging();
        builder.Services
            .AddBoundedDistributedCache(_configuration.GetSection("Cache"))
            .AddKeyedBoundedDistributedCache("pages", _configuration.GetSection("Pages"));
        using var host = builder.Build();
        await host.StartAsync(TestContext.Current.CancellationToken);

        _configuration["Pages:MaxEntries"] = "0";
        Change("Cache:MaxEntries", "0");

        Assert.Equal(2, host.Services.GetFakeLogCollector().GetSnapshot().Count(log => log.Id.Id == ConfigurationInvalid));
    }

    [Fact]
    public void LooksAtTheLatestStateLastWhenSourcesTellAtOnce()
    {
        var other = new ConfigurationBuilder().AddInMemoryCollection().Build();
        var changeOther = () => { };
        using var container = new TestContainer(services => services
            .AddBoundedDistributedCache(_configuration.GetSection("Cache"))
            .AddBoundedDistributedCache(other)
            .AddBoundedDistributedCache(_ => changeOther()));
        Assert.True(container.Sweeper.StartAsync(TestContext.Current.CancellationToken).IsCompletedSuccessfully);
        changeOther = () =>
        {
            changeOther = () => { };
            Concurrently.Run(() =>
            {
                other["MaxEntries"] = "12";
                other.Reload();
            });
        };

        Change("Cache:MaxEntries", "11");

        Assert.Equal(
            ["MaxEntries from 10 to 11", "MaxEntries from 10 to 12"],
            container.LogsOf(RestartNeeded).Select(log => log.GetStructuredStateValue("Changes")));
    }

    [Fact]
    public void LooksOnceAtEachChange()
    {
        var looks = 0;
        using var container = new TestContainer(services => services
            .AddBoundedDistributedCache(_configuration.GetSection("Cache"))
            .AddBoundedDistributedCache(_ => looks++));
        Assert.True(container.Sweeper.StartAsync(TestContext.Current.CancellationToken).IsCompletedSuccessfully);
        looks = 0;

        _configuration.Reload();
        Assert.Equal(1, looks);

        _configuration.Reload();
        Assert.Equal(2, looks);
    }

    [Fact]
    public void ASourceThatCanNotBeWatchedLeavesNoOtherWatched()
    {
        using var changes = new CancellationTokenSource();
        var looks = 0;
        using var container = new TestContainer(services => services.AddBoundedDistributedCache(_ => looks++));
        var registration = container.Services.GetRequiredService<CacheRegistration>();
        var cache = new HostedCache(registration, registration.GetOptions(container.Services), container.Cache);
        var good = new Mock<IOptionsChangeTokenSource<BoundedDistributedCacheOptions>>();
        good.SetupSequence(source => source.GetChangeToken())
            .Returns(new CancellationChangeToken(changes.Token))
            .Returns(new CancellationChangeToken(CancellationToken.None));
        var bad = new Mock<IOptionsChangeTokenSource<BoundedDistributedCacheOptions>>();
        bad.Setup(source => source.GetChangeToken()).Throws<NotSupportedException>();

        Assert.Throws<NotSupportedException>(() => new OptionsWatch(
            cache,
            [good.Object, bad.Object],
            container.Services.GetRequiredService<IOptionsFactory<BoundedDistributedCacheOptions>>(),
            NullLogger.Instance));

        looks = 0;
        changes.Cancel();
        Assert.Equal(0, looks);
    }

    [Fact]
    public void LimitsOfTenantsFollowAValidChangeWithoutARestart()
    {
        var acme = _container.Cache.ForTenant("acme");
        acme.Set("a", [1], TestCache.NoExpiry);
        acme.Set("b", [1], TestCache.NoExpiry);

        Change("Cache:Tenants:acme:MaxEntries", "1");
        Change("Cache:Tenants:acme:MaxEntries", "0");
        acme.Set("c", [1], TestCache.NoExpiry);

        Assert.Equal(1, acme.Count);
        Assert.Empty(_container.LogsOf(RestartNeeded));
        Assert.Single(_container.LogsOf(ConfigurationInvalid));
    }

    [Fact]
    public async Task SaysNothingAfterAStop()
    {
        await _container.Sweeper.StopAsync(Deadline.Token);

        Change("Cache:MaxEntries", "11");

        Assert.Empty(_container.LogsOf(RestartNeeded));
    }

    private void Change(string path, string value)
    {
        _configuration[path] = value;
        _configuration.Reload();
    }
}
