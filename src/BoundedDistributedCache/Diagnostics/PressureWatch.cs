using BoundedCache.Expiration;

namespace BoundedCache.Diagnostics;

/// <summary>
/// Says when a limit is hit hard: where as many live entries are dropped within a minute as are held, what is stored is
/// gone within a minute unless it is used. Looks once a minute, and tells once an hour at most.
/// </summary>
/// <remarks>A full cache drops entries, and that is no news. Whoever moves the time of the next look is alone in it.</remarks>
internal sealed class PressureWatch
{
    private const long Never = long.MinValue;

    private long _lookAt = Never;
    private long _since;
    private long _evictions;

    public bool IsDue(Now now) => IsDue(now, Volatile.Read(ref _lookAt));

    /// <param name="now">The time, at which it is due.</param>
    /// <param name="evictions">Live entries dropped so far.</param>
    /// <param name="held">Entries held.</param>
    /// <param name="inAMinute">How many were dropped in a minute since the last look.</param>
    /// <returns>Whether to tell.</returns>
    public bool IsHard(Now now, long evictions, long held, out long inAMinute)
    {
        inAMinute = 0;
        long lookAt = Volatile.Read(ref _lookAt);
        if (!IsDue(now, lookAt)
            || Interlocked.CompareExchange(ref _lookAt, now.Monotonic + TimeSpan.TicksPerMinute, lookAt) != lookAt)
        {
            return false;
        }

        if (lookAt != Never && now.Monotonic > _since)
        {
            inAMinute = (long)((double)(evictions - _evictions) * TimeSpan.TicksPerMinute / Math.Max(1, now.Monotonic - _since));
        }

        _since = now.Monotonic;
        _evictions = evictions;
        bool isHard = inAMinute >= Math.Max(1, held);
        if (isHard)
        {
            Volatile.Write(ref _lookAt, now.Monotonic + TimeSpan.TicksPerHour);
        }

        return isHard;
    }

    /// <summary>Nobody looks more than an hour ahead: what is further away was set before the clock was set back.</summary>
    private static bool IsDue(Now now, long lookAt) => now.Monotonic >= lookAt || now.Monotonic < lookAt - TimeSpan.TicksPerHour;
}
