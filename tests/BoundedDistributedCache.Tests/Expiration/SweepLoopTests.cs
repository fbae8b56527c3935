using System.Runtime.CompilerServices;
using BoundedCache.Expiration;
using BoundedCache.Tests.Support;
using Microsoft.Extensions.Logging.Testing;
using Microsoft.Extensions.Options;

namespace BoundedCache.Tests.Expiration;

public class SweepLoopTests
{
    private readonly ObservedTimeProvider _clock = new();
    private readonly FakeLogger _logger = new();
    private readonly BoundedDistributedCacheOptions _options = new();

    [Fact]
    public async Task EndsQuietlyWhenItsCacheIsDisposed()
    {
        using var cache = new BoundedDistributedCache(Options.Create(_options), _clock);
        using var loop = new SweepLoop(cache, _options, _clock, _logger);

        cache.Dispose();
        _clock.Advance(_options.SweepInterval);
        await loop.Completion.WaitAsync(Deadline.Token);

        Assert.Equal(0, _logger.Collector.Count);
    }

    [Fact]
    public async Task EndsWhenItIsDisposed()
    {
        using var cache = new BoundedDistributedCache(Options.Create(_options), _clock);
        var loop = new SweepLoop(cache, _options, _clock, _logger);

        loop.Dispose();
        await loop.Completion.WaitAsync(Deadline.Token);

        Assert.Equal(0, _clock.LiveTimers);
    }

    [Fact]
    public void ATimerThatCanNotBeMadeIsForWhoeverMakesTheLoopAndForNobodyElse()
    {
        using var cache = new BoundedDistributedCache(Options.Create(_options), _clock);
        _clock.OnCreateTimer = () => throw new InvalidOperationException("no timer");

        Assert.Throws<InvalidOperationException>(() => new SweepLoop(cache, _options, _clock, _logger));

        // What a finalizer throws would end the process.
        GC.Collect();
        GC.WaitForPendingFinalizers();
    }

    [LongFact]
    public async Task NeverSweepsOnTheThreadThatAdvancesTheClock()
    {
        using var cache = new BoundedDistributedCache(Options.Create(_options), _clock);
        using var loop = new SweepLoop(cache, _options, _clock, _logger);
        using var isAdvancing = new ThreadLocal<bool>();
        var sweepsOfTheAdvancer = 0;
        var deadline = Deadline.Token;
        _clock.OnTimestamp = () => sweepsOfTheAdvancer += isAdvancing.Value ? 1 : 0;

        for (var sweep = 1; sweep <= 50; sweep++)
        {
            isAdvancing.Value = true;
            _clock.Advance(_options.SweepInterval);
            isAdvancing.Value = false;
            while (_logger.Collector.Count < sweep)
                await Task.Delay(1, deadline);
        }

        Assert.Equal(0, sweepsOfTheAdvancer);
    }

    [Theory]
    [InlineData(60, 180)]
    [InlineData(1, 5)]
    public async Task IsLateOnceNoSweepCameToItsEndForThreeIntervalsAndFiveSeconds(int interval, int patience)
    {
        _options.SweepInterval = TimeSpan.FromSeconds(interval);
        using var cache = new BoundedDistributedCache(Options.Create(_options), _clock);
        using var loop = new SweepLoop(cache, _options, _clock, _logger);
        var asks = Environment.CurrentManagedThreadId;
        _clock.OnTimestamp = () =>
        {
            if (Environment.CurrentManagedThreadId != asks)
                throw new InvalidOperationException("no sweep");
        };

        for (var second = 0; second < patience; second += interval)
        {
            _clock.Advance(_options.SweepInterval);
            asks = Environment.CurrentManagedThreadId;
            var sweeps = (second / interval) + 1;
            SpinWait.SpinUntil(() => _logger.Collector.Count == sweeps, TimeSpan.FromMinutes(1));
        }

        Assert.False(loop.IsLate);
        _clock.Advance(TimeSpan.FromTicks(1));
        Assert.True(loop.IsLate);

        _clock.OnTimestamp = null;
        _clock.Advance(_options.SweepInterval);
        var deadline = Deadline.Token;
        while (loop.SinceLastSweep > _options.SweepInterval)
            await Task.Delay(1, deadline);
        Assert.False(loop.IsLate);
        Integrity.Check(cache);
    }

    [Fact]
    public void IsNotLateWhileASweepIsUnderWayUnlessItHasBeenForLongerThanThat()
    {
        using var cache = new BoundedDistributedCache(Options.Create(_options), _clock);
        using var loop = new SweepLoop(cache, _options, _clock, _logger);
        using var isUnderWay = new ManualResetEventSlim();
        using var mayEnd = new ManualResetEventSlim();
        var asks = Environment.CurrentManagedThreadId;
        _clock.OnTimestamp = () =>
        {
            if (Environment.CurrentManagedThreadId != asks)
            {
                isUnderWay.Set();
                mayEnd.Wait(Deadline.Token);
            }
        };

        _clock.Advance(_options.SweepInterval);
        isUnderWay.Wait(Deadline.Token);
        _clock.Advance(10 * _options.SweepInterval);

        Assert.False(loop.IsLate);
        BusySince(loop) -= (long)(3 * _options.SweepInterval).TotalMilliseconds + 1;
        Assert.True(loop.IsLate);
        mayEnd.Set();
    }

    [Fact]
    public async Task ASweepThatWaitedLongForItsTurnIsNotLateOnceItIsUnderWay()
    {
        using var cache = new BoundedDistributedCache(Options.Create(_options), _clock);
        using var loop = new SweepLoop(cache, _options, _clock, _logger);
        var wasLate = new TaskCompletionSource<bool>();
        _clock.OnTimestamp = () =>
        {
            _clock.OnTimestamp = null;
            _clock.Advance(10 * _options.SweepInterval);
            wasLate.SetResult(loop.IsLate);
        };

        BusySince(loop) = Environment.TickCount64 - (long)(10 * _options.SweepInterval).TotalMilliseconds;
        _clock.Advance(_options.SweepInterval);

        Assert.False(await wasLate.Task.WaitAsync(Deadline.Token));
    }

    // The loop is held up by its logger, at the end of a sweep.
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task IsNotLateWhileASweepIsDue(bool isDueBeforeTheLastEnds)
    {
        SweepLoop? loop = null;
        var busySince = new TaskCompletionSource<long>();
        var wasLate = new TaskCompletionSource<bool>();
        var logger = new FakeLogger(_ =>
        {
            busySince.TrySetResult(BusySince(loop!));
            _clock.Advance(10 * _options.SweepInterval);
            wasLate.TrySetResult(loop!.IsLate);
        });
        using var cache = new BoundedDistributedCache(Options.Create(_options), _clock);
        loop = new SweepLoop(cache, _options, _clock, logger);
        _clock.OnTimestamp = () =>
        {
            _clock.OnTimestamp = null;
            if (isDueBeforeTheLastEnds)
                _clock.Advance(_options.SweepInterval);
        };

        _clock.Advance(_options.SweepInterval);

        Assert.Equal(isDueBeforeTheLastEnds, await busySince.Task.WaitAsync(Deadline.Token) != 0);
        Assert.False(await wasLate.Task.WaitAsync(Deadline.Token));
        loop.Dispose();
        await loop.Completion.WaitAsync(Deadline.Token);
    }

    [Fact]
    public async Task CancelsTheSweepThatRuns()
    {
        using var cache = new BoundedDistributedCache(Options.Create(_options), _clock);
        var loop = new SweepLoop(cache, _options, _clock, _logger);
        _clock.OnTimestamp = () =>
        {
            loop.Dispose();
            throw new OperationCanceledException();
        };

        _clock.Advance(_options.SweepInterval);
        await loop.Completion.WaitAsync(Deadline.Token);

        Assert.Equal(0, _logger.Collector.Count);
    }

    [UnsafeAccessor(UnsafeAccessorKind.Field, Name = "_busySince")]
    private static extern ref long BusySince(SweepLoop loop);
}
