using BoundedCache.Expiration;
using StackExchange.Redis;

namespace BoundedCache.Redis;

/// <summary>The renewals of sliding entries that are booked, in the order in which they are due: one for each name.</summary>
/// <remarks>
/// <para>
/// Each fetch and each write makes a copy with a use of its own. The first use of it takes over the booking of its name, with
/// what is known already. Where the deadlines differ, one of the two tells of an entry that is gone, and the one which
/// Redis has heard of last stays. When a booking's time has come, it ends if Redis knows of the last use, it is put off
/// if Redis was told meanwhile, and otherwise the entry is renewed.
/// </para>
/// <para>
/// Bounded, places in the queue too: where no room is left, a use has its entry renewed at once, if a place to Redis is free, and otherwise, or if
/// that fails, the next use tries again. While Redis is away nothing is tried, and bookings stay. There is one timer, set to
/// the earliest; what is due goes out a batch at a time.
/// </para>
/// <para>
/// All state is under the lock; what to do is decided there and done outside, for the clock, the timer and the client are not
/// to be waited for. A reader stores its use and looks whether it is booked, without a fence between the two. So whoever ends a
/// booking sets that back, has all processors go through a fence, and looks once more: either he sees the use, or the
/// reader saw that it is to be booked.
/// </para>
/// </remarks>
internal sealed class RenewalSchedule : IDisposable
{
    internal const int MaxBooked = 1 << 16;

    private const int Batch = 128;

    // A renewal that failed is tried again this much later, while the entry may still be there.
    private static readonly TimeSpan Again = TimeSpan.FromSeconds(1);

    private readonly Lock _lock = new();
    private readonly Dictionary<string, Booking> _bookings = new(StringComparer.Ordinal);
    private readonly PriorityQueue<Booking, long> _queue = new();
    private readonly RedisOperations _operations;
    private readonly RedisCommands _commands;
    private readonly TierStatus _status;
    private readonly CacheClock _clock;
    private readonly Action<SlidingUse> _changed;
    private readonly int _maxBooked;
    private readonly ITimer _timer;
    private long _dueNext = long.MaxValue;
    private int _settings;
    private bool _isDraining;
    private bool _isDisposed;

    /// <param name="operations">The way to Redis.</param>
    /// <param name="commands">What is sent there.</param>
    /// <param name="status">Tells whether Redis is away.</param>
    /// <param name="clock">The near tier's.</param>
    /// <param name="timeProvider">Whose timer it is.</param>
    /// <param name="changed">Told of an entry that turned out to be another one in Redis, or none.</param>
    /// <param name="maxBooked">How many names may be booked.</param>
    internal RenewalSchedule(
        RedisOperations operations, RedisCommands commands, TierStatus status, CacheClock clock, TimeProvider timeProvider, Action<SlidingUse> changed, int maxBooked = MaxBooked)
    {
        _operations = operations;
        _commands = commands;
        _status = status;
        _clock = clock;
        _changed = changed;
        _maxBooked = maxBooked;
        // Nothing of whoever comes first may reach into renewals.
        using (ExecutionContext.SuppressFlow())
            _timer = timeProvider.CreateTimer(static state => _ = ((RenewalSchedule)state!).DrainAsync(), this, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
    }

    internal int Count
    {
        get
        {
            lock (_lock)
                return _bookings.Count;
        }
    }

    /// <summary>How many places in the queue are taken, also by what is due at another time by now.</summary>
    internal int Queued
    {
        get
        {
            lock (_lock)
                return _queue.Count;
        }
    }

    private bool IsAway => _status.State == TierState.Away;

    internal void Book(SlidingUse use)
    {
        bool isBooked, isNext = false;
        lock (_lock)
        {
            if (_isDisposed || use.IsBooked)
                return;
            isBooked = _bookings.TryGetValue(use.Name, out var booking);
            if (isBooked)
            {
                if (!booking!.TryPassTo(use))
                    return;
            }
            else if (_bookings.Count < _maxBooked)
            {
                booking = new Booking(use);
                _bookings.Add(use.Name, booking);
                isBooked = true;
            }
            else if (IsAway || _operations.Gate.InFlight >= _operations.Gate.Places)
            {
                return;
            }

            use.Booked();
            if (isBooked && !booking!.IsRunning)
                isNext = Enqueue(booking, use.Due);
        }

        if (!isBooked)
            _ = RenewAtOnceAsync(use);
        else if (isNext)
            SetTimer();
    }

    public void Dispose()
    {
        lock (_lock)
        {
            _isDisposed = true;
            _bookings.Clear();
            _queue.Clear();
        }

        _timer.Dispose();
    }

    // A booking stands in the queue where it is due first; where it is due later by then, it is put off.
    private bool Enqueue(Booking booking, long due)
    {
        if (due >= booking.LooksAt)
            return false;
        booking.LooksAt = due;
        _queue.Enqueue(booking, due);
        if (_queue.Count > (2 * _bookings.Count) + Batch)
            Weed();
        if (due >= _dueNext || _isDraining)
            return false;
        _dueNext = due;
        return true;
    }

    // Where a booking became due earlier, the place that it had stays until that is due. Of these there are at most as many as
    // of those that count, and a batch.
    private void Weed()
    {
        _queue.Clear();
        _queue.EnqueueRange(_bookings.Values.Where(booking => booking.LooksAt != long.MaxValue).Select(booking => (booking, booking.LooksAt)));
    }

    // One thread at a time sets the timer, and looks again where another wanted to meanwhile: so what was set last is right.
    private void SetTimer()
    {
        if (Interlocked.Increment(ref _settings) != 1)
            return;
        int seen;
        do
        {
            seen = Volatile.Read(ref _settings);
            try
            {
                SetTimerToNext();
            }
            catch (Exception)
            {
                Volatile.Write(ref _settings, 0);
                throw;
            }
        }
        while (Interlocked.CompareExchange(ref _settings, 0, seen) != seen);
    }

    private void SetTimerToNext()
    {
        var now = _clock.Read().Monotonic;
        long due;
        lock (_lock)
        {
            if (_isDisposed || _isDraining || !_queue.TryPeek(out _, out due))
                return;
            if (IsAway)
                due = Math.Max(due, now + Again.Ticks);
            _dueNext = due;
        }

        _timer.Change(TimeSpan.FromTicks(Math.Clamp(due - now, TimeSpan.TicksPerMillisecond, TimeSpan.TicksPerDay)), Timeout.InfiniteTimeSpan);
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
            while (!IsAway)
            {
                List<SlidingUse> idle = [];
                var now = _clock.Read().Monotonic;
                var (looked, due) = TakeDue(now, idle);
                try
                {
                    LookAgain(idle);
                }
                finally
                {
                    // What was taken ends whatever fails here, or nobody would ever look at it again.
                    End(await Task.WhenAll(due.Select(RenewAsync)).ConfigureAwait(false), now);
                }

                if (looked == 0)
                    break;
            }
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

    private (int Looked, List<Renewal> Due) TakeDue(long now, List<SlidingUse> idle)
    {
        var looked = 0;
        List<Renewal> taken = [];
        lock (_lock)
        {
            for (; looked < Batch && _queue.TryPeek(out var booking, out var due) && due <= now; looked++)
            {
                _queue.Dequeue();
                if (booking.LooksAt != due)
                    continue; // it is due at another time, or was ended
                booking.LooksAt = long.MaxValue;
                var use = booking.Use;
                if (now - use.LastUse >= use.Deadlines.Sliding)
                    use.Told(use.LastUse); // too late
                if (!use.HasNews)
                {
                    Remove(booking, idle);
                }
                else if (use.Due > now)
                {
                    Enqueue(booking, use.Due);
                }
                else
                {
                    booking.IsRunning = true;
                    taken.Add(new Renewal(booking, use));
                }
            }
        }

        return (looked, taken);
    }

    private void End(Renewal[] renewals, long now)
    {
        List<SlidingUse> idle = [];
        lock (_lock)
        {
            if (_isDisposed)
                return;
            foreach (var renewal in renewals)
            {
                var booking = renewal.Booking!;
                booking.IsRunning = false;
                renewal.Note();
                var use = booking.Use;
                if (use != renewal.Use && use.Deadlines == renewal.Use.Deadlines && renewal.Outcome == RenewalOutcome.Told)
                    use.Learn(renewal.Use);

                // Redis expires the entry one window after the use that it knows of; until then there is something to tell.
                if (!use.HasNews)
                    Remove(booking, idle);
                else
                    Enqueue(booking, renewal.Outcome == RenewalOutcome.Failed ? Math.Max(use.Due, now + Again.Ticks) : use.Due);
            }
        }

        foreach (var renewal in renewals)
        {
            if (renewal.Outcome == RenewalOutcome.Changed)
                _changed(renewal.Use);
        }

        LookAgain(idle);
    }

    private void Remove(Booking booking, List<SlidingUse> idle)
    {
        _bookings.Remove(booking.Use.Name);
        booking.Use.Unbook();
        idle.Add(booking.Use);
    }

    private void LookAgain(List<SlidingUse> idle)
    {
        if (idle.Count == 0)
            return;
        Interlocked.MemoryBarrierProcessWide();
        foreach (var use in idle)
        {
            if (use.HasNews)
                Book(use);
        }
    }

    // There is no booking to go back to, so whatever becomes of it, the next use books.
    private async Task RenewAtOnceAsync(SlidingUse use)
    {
        var renewal = await RenewAsync(new Renewal(null, use)).ConfigureAwait(false);
        lock (_lock)
        {
            renewal.Note();
            use.Unbook();
        }

        if (renewal.Outcome == RenewalOutcome.Changed)
            _changed(use);
    }

    private async Task<Renewal> RenewAsync(Renewal renewal)
    {
        try
        {
            var isSame = await _operations.RunAsync(OperationKind.Renew, renewal.Use.Name, SendAsync, renewal, CancellationToken.None).ConfigureAwait(false);
            renewal.Outcome = isSame ? RenewalOutcome.Told : RenewalOutcome.Changed;
        }
        catch (Exception)
        {
            renewal.Outcome = RenewalOutcome.Failed;
        }

        return renewal;
    }

    private Task<bool> SendAsync(IDatabase database, Renewal renewal)
    {
        var now = _clock.Read();
        var (use, deadlines) = (renewal.Use, renewal.Use.Deadlines);
        renewal.LastUse = use.LastUse;
        var left = renewal.LastUse + deadlines.Sliding - now.Monotonic;
        if (deadlines.Absolute != Deadlines.None && deadlines.Absolute - now.Utc <= left)
        {
            left = deadlines.Absolute - now.Utc;
            renewal.IsLast = true;
        }

        return left <= 0
            ? Task.FromResult(true)
            : _commands.RenewAsync(database, use.Name, StoredEntry.Field(deadlines.Absolute), StoredEntry.Field(deadlines.Sliding), TimeSpan.FromTicks(left));
    }

    private enum RenewalOutcome
    {
        Told,

        /// <summary>The entry is another one in Redis, or none.</summary>
        Changed,
        Failed,
    }

    /// <summary>The place of a name in the schedule.</summary>
    private sealed class Booking(SlidingUse use)
    {
        /// <summary>That of the copy which was used last.</summary>
        internal SlidingUse Use { get; private set; } = use;

        /// <summary>Where in the queue it counts; it may stand there a second time.</summary>
        internal long LooksAt { get; set; } = long.MaxValue;

        internal bool IsRunning { get; set; }

        internal bool TryPassTo(SlidingUse use)
        {
            if (Use.Deadlines != use.Deadlines && use.RenewedFor < Use.RenewedFor)
                return false;
            Use.Unbook();
            if (Use.Deadlines == use.Deadlines)
                use.Learn(Use);
            Use = use;
            return true;
        }
    }

    private sealed class Renewal(Booking? booking, SlidingUse use)
    {
        internal Booking? Booking => booking;

        internal SlidingUse Use => use;

        /// <summary>The use that Redis was told of.</summary>
        internal long LastUse { get; set; }

        /// <summary>Whether the entry lives until its absolute time now.</summary>
        internal bool IsLast { get; set; }

        internal RenewalOutcome Outcome { get; set; }

        internal void Note()
        {
            if (Outcome == RenewalOutcome.Failed)
                return;
            if (Outcome == RenewalOutcome.Changed || IsLast)
                use.ToldForGood();
            else
                use.Told(LastUse);
        }
    }
}
