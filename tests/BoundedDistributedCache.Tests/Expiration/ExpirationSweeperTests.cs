using BoundedCache.Expiration;
using BoundedCache.Tests.Support;
using Microsoft.Extensions.Caching.Distributed;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Testing;
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
        Integrity.Check(_container.Cache);
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
        Integrity.Check(container.Cache);
    }

    [Fact]
    public async Task RunsOutsideTheContextOfWhoeverStartsIt()
    {
        var seen = new TaskCompletionSource<string?>();
        Ambient.Value = "a caller's";

        await _container.Sweeper.StartAsync(Token);
        _container.Clock.OnTimestamp = () => seen.TrySetResult(Ambient.Value);
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
        using var release = new ManualResetEventSlim();
        await BeginASweepAsync(release);

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
        using var release = new ManualResetEventSlim();
        await BeginASweepAsync(release);

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

    public enum UserCode
    {
        OptionsCallback,
        LogSink,
        MakingOfATimer,
    }

    public static TheoryData<UserCode> UserCodeOfAStart => [.. Enum.GetValues<UserCode>()];

    [Theory]
    [MemberData(nameof(UserCodeOfAStart))]
    public async Task AStopWithinAStartLeavesNothingBehind(UserCode place)
    {
        ExpirationSweeper? sweeper = null;
        Task? stopped = null;
        using var container = ContainerThatRuns(place, () => stopped ??= sweeper!.StopAsync(Token));
        sweeper = container.Sweeper;

        await sweeper.StartAsync(Token);

        Assert.NotNull(stopped);
        await stopped;
        Assert.Equal(0, container.Clock.LiveTimers);
        await sweeper.StartAsync(Token);
        Assert.Equal(1, container.Clock.LiveTimers);
    }

    [Theory]
    [MemberData(nameof(UserCodeOfAStart))]
    public async Task ADisposeWithinAStartLeavesNothingBehind(UserCode place)
    {
        ExpirationSweeper? sweeper = null;
        using var container = ContainerThatRuns(place, () => sweeper!.Dispose());
        sweeper = container.Sweeper;

        await sweeper.StartAsync(Token);

        await Assert.ThrowsAsync<ObjectDisposedException>(() => sweeper.StartAsync(Token));
        Assert.Equal(0, container.Clock.LiveTimers);
    }

    [Theory]
    [MemberData(nameof(UserCodeOfAStart))]
    public async Task AnotherThreadMayStopWhileUserCodeOfAStartRuns(UserCode place)
    {
        ExpirationSweeper? sweeper = null;
        var hasStopped = false;
        using var container = ContainerThatRuns(place, () => hasStopped = StopsOnAnotherThread(sweeper!));
        sweeper = container.Sweeper;

        await sweeper.StartAsync(Token);

        Assert.True(hasStopped);
    }

    [Fact]
    public async Task AnotherThreadMayStopWhileAStopDisposesTimers()
    {
        var hasStopped = false;
        var sweeper = _container.Sweeper;
        _container.Clock.OnDisposeTimer = () => hasStopped = StopsOnAnotherThread(sweeper);
        await sweeper.StartAsync(Token);

        await sweeper.StopAsync(Token);

        Assert.True(hasStopped);
    }

    [Fact]
    public async Task AStartAfterAStopWithinAStartIsTheOneThatStays()
    {
        var starts = 0;
        _container.Clock.OnCreateTimer = () =>
        {
            if (++starts > 1)
                return;
            Assert.True(_container.Sweeper.StopAsync(Token).IsCompletedSuccessfully);
            Assert.True(_container.Sweeper.StartAsync(Token).IsCompletedSuccessfully);
        };

        await _container.Sweeper.StartAsync(Token);
        var running = _container.Clock.LiveTimers;
        await _container.Sweeper.StopAsync(Token);

        Assert.Equal((1, 0), (running, _container.Clock.LiveTimers));
    }

    [Fact]
    public async Task StartsAnewAfterAStartThatFailed()
    {
        _container.Clock.OnCreateTimer = () => throw new InvalidOperationException("no timer");
        await Assert.ThrowsAsync<InvalidOperationException>(() => _container.Sweeper.StartAsync(Token));
        _container.Clock.OnCreateTimer = null;

        await _container.Sweeper.StartAsync(Token);

        Assert.Equal(1, _container.Clock.LiveTimers);
    }

    [Fact]
    public async Task AStartThatFailsAtOneCacheEndsTheSweepsOfThoseBefore()
    {
        using var container = new TestContainer(services => services
            .AddBoundedDistributedCache()
            .AddKeyedBoundedDistributedCache("pages"));
        var isFirst = true;
        container.Clock.OnCreateTimer = () =>
        {
            if (!isFirst)
                throw new InvalidOperationException("no timer");
            isFirst = false;
        };

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

    /// <summary>A container in which the start of the sweeper runs the action as code of a user.</summary>
    private static TestContainer ContainerThatRuns(UserCode place, Action action)
    {
        var container = new TestContainer(services => services
            .AddBoundedDistributedCache(options =>
            {
                options.MaxBytes = long.MaxValue;
                RunIf(UserCode.OptionsCallback);
            })
            .Configure<FakeLogCollectorOptions>(options => options.OutputSink = _ => RunIf(UserCode.LogSink)));
        container.Clock.OnCreateTimer = () => RunIf(UserCode.MakingOfATimer);
        return container;

        void RunIf(UserCode here)
        {
            if (place == here)
                action();
        }
    }

    private static bool StopsOnAnotherThread(ExpirationSweeper sweeper)
    {
        var stopped = Task.Run(() => sweeper.StopAsync(Token));
        return stopped.Wait(TimeSpan.FromSeconds(5), Token);
    }

    /// <summary>Starts, and returns when a sweep runs, which goes on until it is released.</summary>
    private async Task BeginASweepAsync(ManualResetEventSlim release)
    {
        var inSweep = new TaskCompletionSource();
        await _container.Sweeper.StartAsync(Token);
        _container.Clock.OnTimestamp = () =>
        {
            inSweep.TrySetResult();
            release.Wait(Token);
        };
        _container.Clock.Advance(Interval);
        await inSweep.Task.WaitAsync(Token);
    }
}
