using Microsoft.Extensions.Time.Testing;

namespace BoundedCache.Tests.Support;

/// <summary>A fake clock that counts the timers that are alive, and that can fail or hold up whoever asks it.</summary>
internal sealed class ObservedTimeProvider : FakeTimeProvider
{
    private int _liveTimers;

    public int LiveTimers => Volatile.Read(ref _liveTimers);

    /// <summary>Thrown at whoever asks for the time, while it is set.</summary>
    public Exception? Fault { get; set; }

    /// <summary>Run on the thread that asks for a timestamp, as each sweep does when it begins.</summary>
    public Action? OnTimestamp { get; set; }

    /// <summary>Run on the thread that makes a timer, before it is made.</summary>
    public Action? OnCreateTimer { get; set; }

    /// <summary>Run on the thread that disposes a timer, after it is disposed.</summary>
    public Action? OnDisposeTimer { get; set; }

    public override DateTimeOffset GetUtcNow() => Fault is null ? base.GetUtcNow() : throw Fault;

    public override long GetTimestamp()
    {
        OnTimestamp?.Invoke();
        return base.GetTimestamp();
    }

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        OnCreateTimer?.Invoke();
        return new CountedTimer(this, base.CreateTimer(callback, state, dueTime, period));
    }

    private sealed class CountedTimer : ITimer
    {
        private readonly ObservedTimeProvider _owner;
        private readonly ITimer _timer;
        private int _isDisposed;

        public CountedTimer(ObservedTimeProvider owner, ITimer timer)
        {
            _owner = owner;
            _timer = timer;
            Interlocked.Increment(ref owner._liveTimers);
        }

        public bool Change(TimeSpan dueTime, TimeSpan period) => _timer.Change(dueTime, period);

        public void Dispose()
        {
            if (Interlocked.Exchange(ref _isDisposed, 1) == 0)
                Interlocked.Decrement(ref _owner._liveTimers);
            _timer.Dispose();
            _owner.OnDisposeTimer?.Invoke();
        }

        public ValueTask DisposeAsync()
        {
            Dispose();
            return ValueTask.CompletedTask;
        }
    }
}
