using BoundedCache.Tests.Support;
using Microsoft.Extensions.Caching.Distributed;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Moq;

namespace BoundedCache.Tests.Expiration;

public sealed class ExpirationSweeperTests : IDisposable
{
    private const int SweepFailed = 100;
    private const int Swept = 101;
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(60);
    private static readonly DistributedCacheEntryOptions Brief = new() { AbsoluteExpirationRelativeToNow = TimeSpan.FromSeconds(1) };
    private static readonly AsyncLocal<string?> Ambient = new();

    private readonly TestContainer _container = new(services => services.AddBoundedDistributedCache());

    private static CancellationToken Token => Deadline.Token;

    public void Dispose() => _container.Dispose();

    [Fact]
    public async Task RemovesWhatHasExpiredThoughNobodyTouchesTheCache()
    {
        _container.Cache.Set("brief", [1], Brief);
        _container.Cache.Set("lasting", [1], new DistributedCacheEntryOptions());
        await _container.Sweeper.StartAsync(Token);

        _container.Clock.Advance(Interval);
        var log = await _container.NextLogAsync(Swept);

        Assert.Equal(1, _container.Cache.Count);
        Assert.Equal(LogLevel.Debug, log.Level);
        Assert.Equal("default", log.GetStructuredStateValue("CacheName"));
        Assert.Equal("1", log.GetStructuredStateValue("Removed"));
        Assert.Equal(typeof(BoundedDistributedCache).FullName, log.Category);
    }

    [Fact]
    public async Task SweepsAgainAtEveryInterval()
    {
        await _container.Sweeper.StartAsync(Token);

        for (var sweep = 1; sweep <= 3; sweep++)
        {
            _container.Cache.Set("key", [1], Brief);
            _container.Clock.Advance(Interval);
            await _container.NextLogAsync(Swept, number: sweep);

            Assert.Equal(0, _container.Cache.Count);
        }
    }

    [Fact]
    public async Task SweepsNothingBeforeTheInterval()
    {
        await _container.Sweeper.StartAsync(Token);

        _container.Clock.Advance(Interval - TimeSpan.FromTicks(1));
        await _container.Sweeper.StopAsync(Token);

        Assert.Empty(_container.LogsOf(Swept));
    }

    [Fact]
    public async Task MakesEachTimerBeforeStartReturns()
    {
        using var container = new TestContainer(services => services
            .AddBoundedDistributedCache()
            .AddKeyedBoundedDistributedCache("pages")
            .AddKeyedBoundedDistributedCache("sessions"));

        await container.Sweeper.StartAsync(Token);

        Assert.Equal(3, container.Clock.LiveTimers);
    }

    [Fact]
    public async Task SweepsEachCacheAtAnIntervalOfItsOwnThoughNobodyResolvedIt()
    {
        using var container = new TestContainer(services => services
            .AddKeyedBoundedDistributedCache("often", options => options.SweepInterval = TimeSpan.FromSeconds(20))
            .AddKeyedBoundedDistributedCache("seldom", options => options.SweepInterval = TimeSpan.FromSeconds(30)));
        await container.Sweeper.StartAsync(Token);

        container.Clock.Advance(TimeSpan.FromSeconds(20));
        await container.NextLogAsync(Swept);
        container.Clock.Advance(TimeSpan.FromSeconds(10));
        await container.NextLogAsync(Swept, number: 2);

        Assert.Equal(["often", "seldom"], container.LogsOf(Swept).Select(log => log.GetStructuredStateValue("CacheName")));
    }

    [Fact]
    public async Task LogsAFailingSweepWithItsExceptionAndSweepsAgain()
    {
        var fault = new InvalidOperationException("no time");
        _container.Cache.Set("key", [1], Brief);
        await _container.Sweeper.StartAsync(Token);

        _container.Clock.Fault = fault;
        _container.Clock.Advance(Interval);
        var log = await _container.NextLogAsync(SweepFailed);
        _container.Clock.Fault = null;
        _container.Clock.Advance(Interval);
        await _container.NextLogAsync(Swept);

        Assert.Equal(LogLevel.Error, log.Level);
        Assert.Same(fault, log.Exception);
        Assert.Equal("default", log.GetStructuredStateValue("CacheName"));
        Assert.Equal(0, _container.Cache.Count);
    }

    [Fact]
    public async Task ALogSinkThatThrowsEndsNoSweep()
    {
        var told = new SemaphoreSlim(0);
        var sink = new Mock<ILogger<BoundedDistributedCache>>();
        sink.Setup(logger => logger.IsEnabled(It.IsAny<LogLevel>())).Returns(true);
        sink.Setup(logger => logger.Log(It.IsAny<LogLevel>(), It.IsAny<EventId>(), It.IsAny<It.IsAnyType>(), It.IsAny<Exception?>(), It.IsAny<Func<It.IsAnyType, Exception?, string>>()))
            .Callback(() => told.Release())
            .Throws<InvalidOperationException>();
        using var container = new TestContainer(services => services.AddBoundedDistributedCache().AddSingleton(sink.Object));
        await container.Sweeper.StartAsync(Token);

        container.Clock.Fault = new InvalidOperationException("no time");
        container.Clock.Advance(Interval);
        await told.WaitAsync(Token);
        container.Clock.Fault = null;
        container.Cache.Set("key", [1], Brief);
        container.Clock.Advance(Interval);
        await told.WaitAsync(Token);

        Assert.Equal(0, container.Cache.Count);
    }

    [Fact]
    public async Task RunsOutsideTheContextOfWhoeverStartsIt()
    {
        var seen = new TaskCompletionSource<string?>();
        _container.Clock.OnTimestamp = () => seen.TrySetResult(Ambient.Value);
        Ambient.Value = "a caller's";

        await _container.Sweeper.StartAsync(Token);
        _container.Clock.Advance(Interval);

        Assert.Null(await seen.Task.WaitAsync(Token));
        Assert.Equal("a caller's", Ambient.Value);
    }

    [Fact]
    public async Task StartsAlsoWhereTheContextDoesNotFlow()
    {
        Task started;
        using (ExecutionContext.SuppressFlow())
            started = _container.Sweeper.StartAsync(Token);
        await started;

        _container.Clock.Advance(Interval);

        await _container.NextLogAsync(Swept);
    }

    [Fact]
    public async Task AStopDisposesTheTimersAndAwaitsTheSweepThatRuns()
    {
        using var inSweep = new SemaphoreSlim(0);
        using var release = new ManualResetEventSlim();
        _container.Clock.OnTimestamp = () =>
        {
            inSweep.Release();
            release.Wait(Token);
        };
        await _container.Sweeper.StartAsync(Token);
        _container.Clock.Advance(Interval);
        await inSweep.WaitAsync(Token);

        var stopped = _container.Sweeper.StopAsync(Token);
        var timersWhileStopping = _container.Clock.LiveTimers;
        var wasStoppedDuringTheSweep = stopped.IsCompleted;
        release.Set();
        await stopped;

        Assert.Equal(0, timersWhileStopping);
        Assert.False(wasStoppedDuringTheSweep);
    }

    [Fact]
    public async Task AStopWaitsNoLongerThanItsHost()
    {
        using var inSweep = new SemaphoreSlim(0);
        using var release = new ManualResetEventSlim();
        _container.Clock.OnTimestamp = () =>
        {
            inSweep.Release();
            release.Wait(Token);
        };
        await _container.Sweeper.StartAsync(Token);
        _container.Clock.Advance(Interval);
        await inSweep.WaitAsync(Token);

        var stopped = _container.Sweeper.StopAsync(new CancellationToken(canceled: true));

        Assert.True(stopped.IsCompletedSuccessfully);
        release.Set();
    }

    [Fact]
    public async Task StartsAnewAfterAStop()
    {
        await _container.Sweeper.StartAsync(Token);
        await _container.Sweeper.StopAsync(Token);

        await _container.Sweeper.StartAsync(Token);
        _container.Clock.Advance(Interval);
        await _container.NextLogAsync(Swept);

        Assert.Equal(1, _container.Clock.LiveTimers);
    }

    [Fact]
    public async Task ASecondStartDoesNothing()
    {
        await _container.Sweeper.StartAsync(Token);
        await _container.Sweeper.StartAsync(Token);

        Assert.Equal(1, _container.Clock.LiveTimers);
    }

    [Fact]
    public async Task AStopWithoutAStartDoesNothing()
    {
        await _container.Sweeper.StopAsync(Token);

        Assert.Equal(0, _container.Clock.LiveTimers);
    }

    [Fact]
    public async Task ADisposeWithoutAStopEndsEverything()
    {
        await _container.Sweeper.StartAsync(Token);

        _container.Services.Dispose();

        Assert.Equal(0, _container.Clock.LiveTimers);
    }

    [Fact]
    public void ADisposeWithoutAStartDoesNothing() => _container.Sweeper.Dispose();

    [Fact]
    public async Task DoesNotStartAfterItsDispose()
    {
        var sweeper = _container.Sweeper;
        _container.Services.Dispose();

        await Assert.ThrowsAsync<ObjectDisposedException>(() => sweeper.StartAsync(Token));
        await sweeper.StopAsync(Token);
        sweeper.Dispose();
    }

    [Fact]
    public async Task AStartThatFailsLeavesNothingBehind()
    {
        using var container = new TestContainer(services => services
            .AddBoundedDistributedCache()
            .AddKeyedBoundedDistributedCache("pages")
            .AddKeyedSingleton<BoundedDistributedCache>("pages", (_, _) => throw new InvalidOperationException("no cache")));

        await Assert.ThrowsAsync<InvalidOperationException>(() => container.Sweeper.StartAsync(Token));

        Assert.Equal(0, container.Clock.LiveTimers);
    }

    [Fact]
    public async Task DoesNotStartWithWrongOptions()
    {
        using var container = new TestContainer(services => services.AddBoundedDistributedCache(options => options.SweepInterval = TimeSpan.Zero));

        await Assert.ThrowsAsync<OptionsValidationException>(() => container.Sweeper.StartAsync(Token));
    }

    [Fact]
    public async Task AHostStartsAndStopsIt()
    {
        var clock = new ObservedTimeProvider();
        var builder = Host.CreateEmptyApplicationBuilder(new HostApplicationBuilderSettings());
        builder.Services.AddSingleton<TimeProvider>(clock).AddBoundedDistributedCache();
        using var host = builder.Build();

        await host.StartAsync(Token);
        var running = clock.LiveTimers;
        await host.StopAsync(Token);

        Assert.Equal((1, 0), (running, clock.LiveTimers));
    }
}
