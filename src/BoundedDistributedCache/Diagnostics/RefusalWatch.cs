using BoundedCache.Expiration;

namespace BoundedCache.Diagnostics;

/// <summary>
/// Says when to tell of values that are too large: of the first, and then once a minute at most, with how many went
/// untold. Whoever moves the time of the next telling is alone in it.
/// </summary>
internal sealed class RefusalWatch
{
    private const long Never = long.MinValue;

    private long _tellAt = Never;
    private long _untold;

    /// <summary>Counts a value that was refused.</summary>
    /// <returns>Whether to tell of it, and of so many <paramref name="others"/>.</returns>
    public bool IsToTell(Now now, out long others)
    {
        others = 0;
        Interlocked.Increment(ref _untold);
        long tellAt = Volatile.Read(ref _tellAt);
        if (tellAt != Never && now.Monotonic < tellAt && now.Monotonic >= tellAt - TimeSpan.TicksPerMinute)
        {
            return false;
        }

        if (Interlocked.CompareExchange(ref _tellAt, now.Monotonic + TimeSpan.TicksPerMinute, tellAt) != tellAt)
        {
            return false;
        }

        others = Interlocked.Exchange(ref _untold, 0) - 1;
        return true;
    }
}
