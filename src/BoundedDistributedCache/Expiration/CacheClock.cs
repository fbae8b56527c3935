namespace BoundedCache.Expiration;

/// <summary>
/// The time as the cache sees it. With the system's provider that is the coarse monotonic tick count, and UTC is
/// that plus an offset; any other provider is asked for <see cref="TimeProvider.GetUtcNow"/> alone, which then serves
/// as both, so that a simple fake decides everything.
/// </summary>
/// <remarks>
/// A provider is user code: call <see cref="Read"/> before a lock is taken, never under one. The offset is measured
/// by whoever reads the time a second or more after the last measurement, and stored only where it moved by more
/// than the tick count's own coarseness explains, so that deadlines do not jitter. Two threads that measure at once
/// store the same thing.
/// </remarks>
internal sealed class CacheClock
{
    private const long MeasureEveryMilliseconds = 1_000;
    private const long OffsetTolerance = 50 * TimeSpan.TicksPerMillisecond;

    private readonly TimeProvider? _provider;
    private long _utcOffset;
    private long _measuredAt;

    public CacheClock(TimeProvider provider)
    {
        if (ReferenceEquals(provider, TimeProvider.System))
        {
            _measuredAt = Environment.TickCount64;
            while (!TryMeasureOffset(out _utcOffset))
            {
            }
        }
        else
        {
            _provider = provider;
        }
    }

    public Now Read()
    {
        if (_provider is not null)
        {
            long utc = _provider.GetUtcNow().UtcTicks;
            return new Now(utc, utc);
        }

        long milliseconds = Environment.TickCount64;
        if (milliseconds - Volatile.Read(ref _measuredAt) >= MeasureEveryMilliseconds)
        {
            FollowSystemClock(milliseconds);
        }

        long monotonic = milliseconds * TimeSpan.TicksPerMillisecond;
        return new Now(monotonic, monotonic + Volatile.Read(ref _utcOffset));
    }

    /// <summary>
    /// False where the thread was held up between looking at the two clocks, which would pass for a step of one of them.
    /// </summary>
    private static bool TryMeasureOffset(out long offset)
    {
        long milliseconds = Environment.TickCount64;
        offset = TimeProvider.System.GetUtcNow().UtcTicks - (milliseconds * TimeSpan.TicksPerMillisecond);
        return (Environment.TickCount64 - milliseconds) * TimeSpan.TicksPerMillisecond <= OffsetTolerance;
    }

    private void FollowSystemClock(long milliseconds)
    {
        Volatile.Write(ref _measuredAt, milliseconds);
        if (TryMeasureOffset(out long offset) && Math.Abs(offset - Volatile.Read(ref _utcOffset)) > OffsetTolerance)
        {
            Volatile.Write(ref _utcOffset, offset);
        }
    }
}
