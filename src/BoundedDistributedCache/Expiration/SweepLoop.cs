using System.Threading.Channels;
using BoundedCache.Diagnostics;
using Microsoft.Extensions.Logging;

namespace BoundedCache.Expiration;

/// <summary>Sweeps one cache at each tick of its timer, until it is stopped or the cache is disposed.</summary>
/// <remarks>
/// Not a <see cref="PeriodicTimer"/>: where the provider can't make its timer, the finalizer of one ends the process.
/// </remarks>
internal sealed class SweepLoop : IDisposable
{
    private const int IntervalsUntilLate = 3;

    // A collection of garbage or a busy thread pool may hold sweeps up for many of the shortest intervals.
    private static readonly TimeSpan _leastPatience = TimeSpan.FromSeconds(5);

    private readonly BoundedDistributedCache _cache;
    private readonly string _name;
    private readonly TimeSpan _interval;
    private readonly TimeProvider _timeProvider;
    private readonly ILogger _logger;
    private readonly ITimer _timer;
    private readonly CancellationTokenSource _stopping = new();
    private long _lastSweep;

    // Since when a sweep is due or under way, by the machine's clock; 0 where none is. Another clock may leap, and all that
    // was due meanwhile is due now.
    private long _busySince;

    // One tick waits at most; another is dropped. Unless it is asked to, a channel's reader never goes on on the thread that
    // writes: with a fake clock that is whoever advances it, and must not be held up by a sweep.
    private readonly Channel<bool> _ticks = Channel.CreateBounded<bool>(1);

    /// <param name="cache">The cache to sweep.</param>
    /// <param name="options">Those of the cache.</param>
    /// <param name="timeProvider">Makes the timer, before this returns: a fake clock may be advanced right after.</param>
    /// <param name="logger">Does not throw.</param>
    internal SweepLoop(BoundedDistributedCache cache, BoundedDistributedCacheOptions options, TimeProvider timeProvider, ILogger logger)
    {
        _cache = cache;
        _name = options.Name;
        _timeProvider = timeProvider;
        _logger = logger;
        _interval = options.SweepInterval;
        _lastSweep = timeProvider.GetTimestamp();

        var stopping = _stopping.Token;
        // Nothing of whoever starts the host (a request, an activity, a tenant) may reach into sweeps.
        using (ExecutionContext.SuppressFlow())
        {
            _timer = timeProvider.CreateTimer(static loop => ((SweepLoop)loop!).Tick(), this, _interval, _interval);
            Completion = Task.Run(() => RunAsync(stopping), CancellationToken.None);
        }

        cache.Sweeper = this;
    }

    /// <summary>Never fails.</summary>
    internal Task Completion { get; }

    internal TimeSpan Interval => _interval;

    /// <summary>
    /// Whether no sweep ran to its end for three intervals, five seconds at least, and none is under way or due that has
    /// been so for less.
    /// </summary>
    internal bool IsLate
    {
        get
        {
            var patience = TimeSpan.FromTicks(Math.Max(IntervalsUntilLate * _interval.Ticks, _leastPatience.Ticks));
            var busySince = Volatile.Read(ref _busySince);
            return SinceLastSweep > patience && (busySince == 0 || Environment.TickCount64 - busySince > patience.TotalMilliseconds);
        }
    }

    /// <summary>The time since a sweep last ran to its end, or since the loop began where none has.</summary>
    internal TimeSpan SinceLastSweep => _timeProvider.GetElapsedTime(Volatile.Read(ref _lastSweep));

    /// <summary>No sweep begins any more, and one that runs is cut short; <see cref="Completion"/> tells when.</summary>
    public void Dispose()
    {
        _stopping.Cancel();
        _ticks.Writer.TryComplete();
        _timer.Dispose();
        _stopping.Dispose();
    }

    private void Tick()
    {
        Interlocked.CompareExchange(ref _busySince, Environment.TickCount64, 0);
        _ticks.Writer.TryWrite(true);
    }

    private async Task RunAsync(CancellationToken stopping)
    {
        while (await _ticks.Reader.WaitToReadAsync(CancellationToken.None).ConfigureAwait(false))
        {
            _ticks.Reader.TryRead(out _);
            if (stopping.IsCancellationRequested || !Sweep(stopping))
                return;
        }
    }

    /// <returns>Whether there is a next sweep.</returns>
    private bool Sweep(CancellationToken stopping)
    {
        try
        {
            var removed = SweepOnce(stopping, out var took);
            _logger.Swept(_name, removed, took.TotalMilliseconds);
        }
        catch (OperationCanceledException) when (stopping.IsCancellationRequested)
        {
            return false;
        }
        catch (ObjectDisposedException exception) when (exception.ObjectName == typeof(BoundedDistributedCache).FullName)
        {
            return false;
        }
        catch (Exception exception)
        {
            _logger.SweepFailed(exception, _name, _interval);
        }

        return true;
    }

    private int SweepOnce(CancellationToken stopping, out TimeSpan took)
    {
        Volatile.Write(ref _busySince, Environment.TickCount64);
        try
        {
            var started = _timeProvider.GetTimestamp();
            var removed = _cache.Sweep(stopping);
            var ended = _timeProvider.GetTimestamp();
            Volatile.Write(ref _lastSweep, ended);
            took = _timeProvider.GetElapsedTime(started, ended);
            return removed;
        }
        finally
        {
            Volatile.Write(ref _busySince, _ticks.Reader.Count > 0 ? Environment.TickCount64 : 0);
        }
    }
}
