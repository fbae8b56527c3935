using System.Threading.Channels;
using Microsoft.Extensions.Logging;

namespace BoundedCache.AspNetCore.Dashboard;

/// <summary>
/// Takes a sample every <see cref="Interval"/> and hands it to all who listen; while nobody does, it does nothing. A
/// listener that does not keep up misses samples.
/// </summary>
internal sealed class DashboardSampler(Func<byte[]> take, TimeProvider timeProvider, ILogger logger)
{
    internal const int MaxListeners = 32;

    internal static readonly TimeSpan Interval = TimeSpan.FromSeconds(1);

    // Under the lock. Who takes the run away cancels and disposes it, after he has left the lock.
    private readonly Lock _lock = new();
    private readonly HashSet<Channel<byte[]>> _listeners = [];
    private CancellationTokenSource? _run;
    private byte[]? _latest;
    private bool _toldOfFailure;

    /// <summary>Whether samples are being taken.</summary>
    internal bool IsRunning
    {
        get
        {
            lock (_lock)
                return _run is not null;
        }
    }

    /// <summary>The sample that listeners got last, or a new one where nobody listens.</summary>
    public byte[] TakeOrReuse()
    {
        lock (_lock)
        {
            if (_latest is { } latest)
                return latest;
        }

        return take();
    }

    /// <returns><see langword="null"/> where as many listen as may.</returns>
    public Listening? TryListen()
    {
        var channel = Channel.CreateBounded<byte[]>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropOldest, SingleReader = true });
        CancellationTokenSource? started = null;
        lock (_lock)
        {
            if (_listeners.Count == MaxListeners)
                return null;
            _listeners.Add(channel);
            if (_run is null)
                _run = started = new CancellationTokenSource();
            else if (_latest is { } latest)
                channel.Writer.TryWrite(latest);
        }

        if (started is not null)
            Start(started, started.Token);
        return new Listening(this, channel);
    }

    // The loop outlives the request that started it, and so must not run in its context.
    private void Start(CancellationTokenSource run, CancellationToken ended)
    {
        if (ExecutionContext.IsFlowSuppressed())
        {
            _ = Task.Run(() => RunAsync(run, ended), CancellationToken.None);
            return;
        }

        using (ExecutionContext.SuppressFlow())
            _ = Task.Run(() => RunAsync(run, ended), CancellationToken.None);
    }

    private async Task RunAsync(CancellationTokenSource run, CancellationToken ended)
    {
        try
        {
            do
            {
                Publish(run, take());
                await Task.Delay(Interval, timeProvider, ended).ConfigureAwait(false);
            }
            while (!ended.IsCancellationRequested);
        }
        catch (OperationCanceledException) when (ended.IsCancellationRequested)
        {
        }
        catch (Exception exception)
        {
            if (!Interlocked.Exchange(ref _toldOfFailure, true))
                logger.DashboardSampleFailed(exception);
            End(run);
        }
    }

    private void Publish(CancellationTokenSource run, byte[] sample)
    {
        lock (_lock)
        {
            if (_run != run)
                return;
            _latest = sample;
            Volatile.Write(ref _toldOfFailure, false);
            foreach (var listener in _listeners)
                listener.Writer.TryWrite(sample);
        }
    }

    /// <summary>Ends a run that failed, and the streams of all who listen.</summary>
    private void End(CancellationTokenSource run)
    {
        lock (_lock)
        {
            if (_run != run)
                return;
            foreach (var listener in _listeners)
                listener.Writer.TryComplete();
            _listeners.Clear();
            _run = null;
            _latest = null;
        }

        run.Dispose();
    }

    private void Leave(Channel<byte[]> channel)
    {
        CancellationTokenSource? idle;
        lock (_lock)
        {
            // Not there where its run failed: who listens now is of another one.
            if (!_listeners.Remove(channel) || _listeners.Count > 0)
                return;
            idle = _run;
            _run = null;
            _latest = null;
        }

        idle?.Cancel();
        idle?.Dispose();
    }

    /// <summary>One who listens, until it is disposed.</summary>
    internal sealed class Listening(DashboardSampler sampler, Channel<byte[]> channel) : IDisposable
    {
        /// <summary>The newest sample that was not read yet. Ends where samples can't be taken.</summary>
        public ChannelReader<byte[]> Samples => channel.Reader;

        public void Dispose() => sampler.Leave(channel);
    }
}
