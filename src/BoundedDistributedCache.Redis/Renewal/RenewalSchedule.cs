using BoundedCache.Expiration;
using StackExchange.Redis;

namespace BoundedCache.Redis;

/// <summary>The renewals of sliding entries that are booked, in the order in which they are due.</summary>
/// <remarks>
/// Bounded: where no room is left, a use has its entry renewed at once, if a place to Redis is free, and otherwise the next
/// use tries again. One timer, set to the earliest; what is due goes out a batch at a time.
/// </remarks>
internal sealed class RenewalSchedule : IDisposable
{
    internal const int MaxBooked = 1 << 16;

    private const int Batch = 128;

    // A renewal that failed is tried again this much later, while the entry is in use.
    private static readonly TimeSpan Again = TimeSpan.FromSeconds(1);

    private readonly Lock _lock = new();
    private readonly PriorityQueue<SlidingUse, long> _booked = new();
    private readonly RedisOperations _operations;
    private readonly RedisCommands _commands;
    private readonly CacheClock _clock;
    private readonly Action<SlidingUse> _changed;
    private readonly ITimer _timer;
    private long _dueNext = long.MaxValue;
    private bool _isDraining;
    private bool _isDisposed;

    /// <param name="operations">The way to Redis.</param>
    /// <param name="commands">What is sent there.</param>
    /// <param name="clock">The near tier's.</param>
    /// <param name="timeProvider">Whose timer it is.</param>
    /// <param name="changed">Told of an entry that turned out to be another one in Redis, or none.</param>
    internal RenewalSchedule(RedisOperations operations, RedisCommands commands, CacheClock clock, TimeProvider timeProvider, Action<SlidingUse> changed)
    {
        _operations = operations;
        _commands = commands;
        _clock = clock;
        _changed = changed;
        _timer = timeProvider.CreateTimer(static state => _ = ((RenewalSchedule)state!).DrainAsync(), this, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
    }

    internal int Count
    {
        get
        {
            lock (_lock)
                return _booked.Count;
        }
    }

    internal void Book(SlidingUse use) => Book(use, use.Due);

    public void Dispose()
    {
        lock (_lock)
        {
            _isDisposed = true;
            _booked.Clear();
        }

        _timer.Dispose();
    }

    private void Book(SlidingUse use, long due)
    {
        bool isNext;
        lock (_lock)
        {
            if (_isDisposed)
                return;
            if (_booked.Count >= MaxBooked)
            {
                if (_operations.Gate.InFlight < _operations.Gate.Places)
                    _ = RenewAsync(use);
                else
                    use.Unbook();
                return;
            }

            _booked.Enqueue(use, due);
            isNext = due < _dueNext && !_isDraining;
            if (isNext)
                _dueNext = due;
        }

        if (isNext)
            SetTimer();
    }

    private void SetTimer()
    {
        // The clock is user code, so it is read outside the lock; of two threads that set the timer, either wakes in time,
        // for both look at what is next.
        var now = _clock.Read();
        lock (_lock)
        {
            if (_isDisposed || _isDraining || !_booked.TryPeek(out _, out var due))
                return;
            _dueNext = due;
            _timer.Change(TimeSpan.FromTicks(Math.Clamp(due - now.Monotonic, TimeSpan.TicksPerMillisecond, TimeSpan.TicksPerDay)), Timeout.InfiniteTimeSpan);
        }
    }

    private async Task DrainAsync()
    {
        lock (_lock)
        {
            if (_isDraining || _isDisposed)
                return;
            _isDraining = true;
        }

        try
        {
            for (var due = TakeDue(_clock.Read()); due.Count > 0; due = TakeDue(_clock.Read()))
                await Task.WhenAll(due.Select(RenewAsync)).ConfigureAwait(false);
        }
        finally
        {
            lock (_lock)
            {
                _isDraining = false;
                _dueNext = long.MaxValue;
            }

            SetTimer();
        }
    }

    private List<SlidingUse> TakeDue(Now now)
    {
        List<SlidingUse> taken = [];
        lock (_lock)
        {
            while (taken.Count < Batch && _booked.TryPeek(out var use, out var due) && due <= now.Monotonic)
            {
                _booked.Dequeue();
                taken.Add(use);
            }
        }

        return taken;
    }

    private async Task RenewAsync(SlidingUse use)
    {
        var lastUse = use.LastUse;
        try
        {
            var isSame = await _operations.RunAsync(OperationKind.Renew, use.Name, SendAsync, use, CancellationToken.None).ConfigureAwait(false);
            lastUse = Math.Max(lastUse, use.RenewedFor);
            use.EndRenewal(isSame ? lastUse : long.MaxValue);
            if (!isSame)
                _changed(use);
        }
        catch (Exception)
        {
            // The entry expires in Redis one window after the use that it knows of; until then, and while the copy is in
            // use here, there is something to be told.
            var now = _clock.Read();
            if (now.Monotonic - use.LastUse < use.Deadlines.Sliding)
                Book(use, now.Monotonic + Again.Ticks);
            else
                use.EndRenewal(use.LastUse);
        }
    }

    private async Task<bool> SendAsync(IDatabase database, SlidingUse use)
    {
        var timeToLive = TimeToLiveOf(use);
        if (timeToLive <= TimeSpan.Zero)
            return true;
        return await _commands.RenewAsync(database, use.Name, StoredEntry.Field(use.Deadlines.Absolute), StoredEntry.Field(use.Deadlines.Sliding), timeToLive).ConfigureAwait(false);
    }

    private TimeSpan TimeToLiveOf(SlidingUse use)
    {
        var now = _clock.Read();
        var left = use.LastUse + use.Deadlines.Sliding - now.Monotonic;
        if (use.Deadlines.Absolute != Deadlines.None)
            left = Math.Min(left, use.Deadlines.Absolute - now.Utc);
        return TimeSpan.FromTicks(left);
    }
}
