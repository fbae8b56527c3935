using System.Globalization;
using BoundedCache.AspNetCore.Tests.Support;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.Caching.Distributed;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Time.Testing;

namespace BoundedCache.AspNetCore.Tests.Health;

public sealed class BoundedCacheHealthCheckTests : IDisposable
{
    private const int Swept = 101;
    private const int SweepFailed = 100;
    private const string Check = "bounded_cache";
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan MinimumAge = TimeSpan.FromMinutes(5);

    private readonly StubbornClock _clock = new();
    private ServiceProvider? _services;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    private BoundedDistributedCache Cache => _services!.GetRequiredService<BoundedDistributedCache>();

    public void Dispose() => _services?.Dispose();

    [Fact]
    public async Task AFullCacheIsHealthyAndTellsItsFigures()
    {
        await StartAsync();
        Fill(1_500);
        Cache.Get("key1499");

        var entry = await CheckAsync();

        Assert.Equal(HealthStatus.Healthy, entry.Status);
        Assert.Null(entry.Description);
        Assert.Equal(1_000, entry.Data["default.entries"]);
        Assert.Equal(1_000, entry.Data["default.entries_limit"]);
        Assert.Equal(Cache.SizeBytes, entry.Data["default.bytes"]);
        Assert.Equal(10_000_000L, entry.Data["default.bytes_limit"]);
        Assert.Equal(1L, entry.Data["default.requests"]);
        Assert.Equal(1.0, entry.Data["default.hit_ratio"]);
        Assert.Equal(500L, entry.Data["default.evictions"]);
        Assert.Equal(0L, entry.Data["default.rejections"]);
        Assert.Equal(0.0, entry.Data["default.last_evicted_age_seconds"]);
        Assert.Equal(0.0, entry.Data["default.seconds_since_sweep"]);
    }

    [Fact]
    public async Task BeforeTheFirstSweepTheTimeCountsFromTheStart()
    {
        _clock.TimersFire = false;
        await StartAsync();

        _clock.Advance(3 * Interval);
        Assert.Equal(HealthStatus.Healthy, (await CheckAsync()).Status);

        _clock.Advance(TimeSpan.FromTicks(1));
        var late = await CheckAsync();
        Assert.Equal(HealthStatus.Unhealthy, late.Status);
        Assert.Contains("'default' was not swept for 00:03:00", late.Description, StringComparison.Ordinal);
    }

    [Fact]
    public async Task ASweepMakesItHealthyForThreeIntervals()
    {
        await StartAsync();
        _clock.Advance(Interval);
        await NextLogAsync(Swept);
        _clock.TimersFire = false;

        _clock.Advance(3 * Interval);
        Assert.Equal(HealthStatus.Healthy, (await CheckAsync()).Status);

        _clock.Advance(TimeSpan.FromTicks(1));
        Assert.Equal(HealthStatus.Unhealthy, (await CheckAsync()).Status);
    }

    [Fact]
    public async Task FiveSecondsAreNeverLate()
    {
        _clock.TimersFire = false;
        await StartAsync(interval: TimeSpan.FromMilliseconds(100));

        _clock.Advance(TimeSpan.FromSeconds(5));
        Assert.Equal(HealthStatus.Healthy, (await CheckAsync()).Status);

        _clock.Advance(TimeSpan.FromTicks(1));
        Assert.Equal(HealthStatus.Unhealthy, (await CheckAsync()).Status);
    }

    [Fact]
    public async Task ASweepThatIsDueIsNotLateYetHoweverFarTheClockLeapt()
    {
        await StartAsync();

        _clock.Advance(TimeSpan.FromHours(1));

        Assert.Equal(HealthStatus.Healthy, (await CheckAsync()).Status);
    }

    [Fact]
    public async Task ADisposedCacheIsAFailureAndHidesNoOther()
    {
        await StartAsync();
        _services!.GetRequiredKeyedService<BoundedDistributedCache>("pages").Dispose();

        var entry = await CheckAsync();

        Assert.Equal(HealthStatus.Unhealthy, entry.Status);
        Assert.Contains("'pages' was disposed", entry.Description, StringComparison.Ordinal);
        Assert.Contains("default.entries", entry.Data.Keys);
    }

    [Fact]
    public async Task SweepsThatFailAreNone()
    {
        await StartAsync();
        for (var sweep = 1; sweep <= 4; sweep++)
        {
            _clock.Fault = new InvalidOperationException();
            _clock.Advance(Interval);
            await NextLogAsync(SweepFailed, sweep);
        }

        _clock.Fault = null;

        Assert.Equal(HealthStatus.Unhealthy, (await CheckAsync()).Status);
    }

    [Fact]
    public async Task WhatTheAppRemovesItselfIsNoSweepOfTheHost()
    {
        _clock.TimersFire = false;
        await StartAsync();
        _clock.Advance(4 * Interval);

        Cache.RemoveExpired();

        Assert.Equal(HealthStatus.Unhealthy, (await CheckAsync()).Status);
    }

    [Fact]
    public async Task ASweeperThatHasEndedIsAFailure()
    {
        await StartAsync();
        await Sweeper().StopAsync(Token);

        var entry = await CheckAsync();

        Assert.Equal(HealthStatus.Unhealthy, entry.Status);
        Assert.Contains("its sweeper has ended", entry.Description, StringComparison.Ordinal);
    }

    [Fact]
    public async Task ASweeperThatWasStartedAnewIsHealthy()
    {
        await StartAsync();
        await Sweeper().StopAsync(Token);
        await Sweeper().StartAsync(Token);

        Assert.Equal(HealthStatus.Healthy, (await CheckAsync()).Status);
    }

    [Fact]
    public async Task WithoutAHostItIsAFailure()
    {
        Build(checks => checks.AddBoundedDistributedCache());

        Assert.Contains("no host has started", (await CheckAsync()).Description, StringComparison.Ordinal);
    }

    [Fact]
    public async Task EntriesThatGoTooEarlyUnderPressureDegradeIt()
    {
        await StartAsync(checks => checks.AddBoundedDistributedCache(configure: options => options.MinimumEvictedAge = MinimumAge));
        Fill(1_500, TimeSpan.FromMilliseconds(1));

        var entry = await CheckAsync();

        Assert.Equal(HealthStatus.Degraded, entry.Status);
        Assert.Contains("'default'", entry.Description, StringComparison.Ordinal);
    }

    [Fact]
    public async Task ItIsWellAgainOnceNothingWasDroppedForAsLong()
    {
        _clock.TimersFire = false;
        await StartAsync(checks => checks.AddBoundedDistributedCache(configure: options => options.MinimumEvictedAge = MinimumAge), interval: TimeSpan.FromHours(1));
        Fill(1_500, TimeSpan.Zero);

        _clock.Advance(MinimumAge - TimeSpan.FromTicks(1));
        Assert.Equal(HealthStatus.Degraded, (await CheckAsync()).Status);

        _clock.Advance(TimeSpan.FromTicks(1));
        Assert.Equal(HealthStatus.Healthy, (await CheckAsync()).Status);
    }

    [Fact]
    public async Task EntriesThatGoAfterLongEnoughAreNoWorry()
    {
        _clock.TimersFire = false;
        await StartAsync(checks => checks.AddBoundedDistributedCache(configure: options => options.MinimumEvictedAge = MinimumAge), interval: TimeSpan.FromHours(1));
        Fill(1_500, TimeSpan.FromSeconds(1));

        Assert.Equal(HealthStatus.Healthy, (await CheckAsync()).Status);
    }

    [Fact]
    public async Task AFailureIsReportedAsWhatTheAppAskedFor()
    {
        Build(checks => checks.AddBoundedDistributedCache("cache", HealthStatus.Degraded, ["ready"], TimeSpan.FromSeconds(1)));

        var entry = await CheckAsync("cache");

        Assert.Equal(HealthStatus.Degraded, entry.Status);
        Assert.Equal(["ready"], entry.Tags);
    }

    [Fact]
    public async Task EveryCacheOfTheContainerIsCheckedUnlessOneIsNamed()
    {
        await StartAsync(checks => checks
            .AddBoundedDistributedCache()
            .AddBoundedDistributedCache("one", configure: options => options.CacheName = "pages"));

        Assert.Equal(["default", "pages"], CachesIn(await CheckAsync()));
        Assert.Equal(["pages"], CachesIn(await CheckAsync("one")));

        static IEnumerable<string> CachesIn(HealthReportEntry entry) => entry.Data.Keys.Select(key => key.Split('.')[0]).Distinct();
    }

    [Fact]
    public async Task ANameThatNoCacheHasIsAFailure()
    {
        await StartAsync(checks => checks.AddBoundedDistributedCache(configure: options => options.CacheName = "page"));

        var entry = await CheckAsync();

        Assert.Equal(HealthStatus.Unhealthy, entry.Status);
        Assert.Contains("'page'", entry.Description, StringComparison.Ordinal);
    }

    [Fact]
    public void RefusesAnAgeThatIsNone()
    {
        var exception = Assert.Throws<ArgumentException>(() =>
            Build(checks => checks.AddBoundedDistributedCache(configure: options => options.MinimumEvictedAge = TimeSpan.Zero)));

        Assert.Contains("MinimumEvictedAge is 00:00:00", exception.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task AHostThatHasStartedAnswersHealthy()
    {
        await using var app = await App.StartAsync(
            services => services.AddBoundedDistributedCache().AddHealthChecks().AddBoundedDistributedCache(),
            app => app.MapHealthChecks("/health"));
        using var browser = app.NewBrowser();

        Assert.Equal("Healthy", await browser.ReadAsync("/health"));
    }

    private void Build(Action<IHealthChecksBuilder> add, TimeSpan? interval = null)
    {
        var services = new ServiceCollection();
        services.AddLogging(logging => logging.SetMinimumLevel(LogLevel.Debug).AddFakeLogging());
        services.AddSingleton<TimeProvider>(_clock);
        services.AddBoundedDistributedCache(options =>
        {
            options.MaxEntries = 1_000;
            options.MaxBytes = 10_000_000;
            options.SweepInterval = interval ?? Interval;
        });
        services.AddKeyedBoundedDistributedCache("pages", options => options.SweepInterval = TimeSpan.FromDays(1));
        add(services.AddHealthChecks());
        _services = services.BuildServiceProvider();
    }

    private async Task StartAsync(Action<IHealthChecksBuilder>? add = null, TimeSpan? interval = null)
    {
        Build(add ?? (checks => checks.AddBoundedDistributedCache()), interval);
        await Sweeper().StartAsync(Token);
    }

    // Alone, so that no other hosted service is needed.
    private IHostedService Sweeper() =>
        _services!.GetServices<IHostedService>().Single(service => service.GetType().Assembly == typeof(BoundedDistributedCache).Assembly);

    private async Task<HealthReportEntry> CheckAsync(string name = Check) =>
        (await _services!.GetRequiredService<HealthCheckService>().CheckHealthAsync(check => check.Name == name, Token)).Entries[name];

    private void Fill(int count, TimeSpan pause = default)
    {
        for (var i = 0; i < count; i++)
        {
            Cache.Set("key" + i.ToString(CultureInfo.InvariantCulture), [1], new DistributedCacheEntryOptions());
            _clock.Advance(pause);
        }
    }

    private async Task NextLogAsync(int eventId, int number = 1)
    {
        // A sweeper that has died tells nothing any more: the test is to fail then, not to hang.
        using var deadline = CancellationTokenSource.CreateLinkedTokenSource(Token);
        deadline.CancelAfter(TimeSpan.FromMinutes(1));
        await foreach (var record in _services!.GetFakeLogCollector().GetLogsAsync(deadline.Token))
        {
            if (record.Id.Id == eventId && --number == 0)
                return;
        }
    }

    /// <summary>A clock whose timers can be held and which can fail.</summary>
    private sealed class StubbornClock : FakeTimeProvider
    {
        public bool TimersFire { get; set; } = true;

        public Exception? Fault { get; set; }

        public override DateTimeOffset GetUtcNow() => Fault is null ? base.GetUtcNow() : throw Fault;

        public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period) =>
            base.CreateTimer(
                fired =>
                {
                    if (TimersFire)
                        callback(fired);
                },
                state,
                dueTime,
                period);
    }
}
