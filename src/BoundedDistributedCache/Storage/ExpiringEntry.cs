using BoundedCache.Expiration;

namespace BoundedCache.Storage;

/// <summary>
/// An entry with deadlines. <c>_lastAccess</c> is the one word where use and expiry meet.
/// </summary>
/// <remarks>
/// A reader raises the last access by compare-and-swap, and only when time has moved; nobody lowers it. Whoever finds
/// the entry expired swaps the last access that he judged by for <see cref="Dead"/>; where that fails the entry was
/// used meanwhile, and is judged again. So a use that succeeded is never followed by an expiry that overlooked it,
/// and an entry once declared expired can't be used again, whatever the clock does.
/// </remarks>
internal class ExpiringEntry : Entry
{
    private const long Dead = long.MinValue;

    private readonly Deadlines _deadlines;
    private long _lastAccess;

    public ExpiringEntry(string key, int hash, byte[] value, Deadlines deadlines, Now now)
        : this(key, hash, value, deadlines, now, hasTenant: false)
    {
    }

    protected ExpiringEntry(string key, int hash, byte[] value, Deadlines deadlines, Now now, bool hasTenant, int extraCharge = 0)
        : base(key, hash, value, expires: true, hasTenant, extraCharge)
    {
        _deadlines = deadlines;
        _lastAccess = now.Monotonic;
    }

    /// <summary>Uses the entry: true where it is alive, which for a sliding one starts its window anew.</summary>
    public bool TryUse(Now now)
    {
        while (true)
        {
            long lastAccess = Volatile.Read(ref _lastAccess);
            if (lastAccess == Dead)
            {
                return false;
            }

            if (IsPast(now, lastAccess))
            {
                if (Interlocked.CompareExchange(ref _lastAccess, Dead, lastAccess) == lastAccess)
                {
                    return false;
                }
            }
            else if (_deadlines.Sliding == Deadlines.None
                || now.Monotonic <= lastAccess
                || Interlocked.CompareExchange(ref _lastAccess, now.Monotonic, lastAccess) == lastAccess)
            {
                return true;
            }
        }
    }

    /// <summary>True where the entry has expired; from then on nobody can use it.</summary>
    public bool TryExpire(Now now)
    {
        while (true)
        {
            long lastAccess = Volatile.Read(ref _lastAccess);
            if (lastAccess == Dead)
            {
                return true;
            }

            if (!IsPast(now, lastAccess))
            {
                return false;
            }

            if (Interlocked.CompareExchange(ref _lastAccess, Dead, lastAccess) == lastAccess)
            {
                return true;
            }
        }
    }

    /// <summary>Whether it has expired, as far as one look tells; for whoever will judge again.</summary>
    public bool HasExpired(Now now)
    {
        long lastAccess = Volatile.Read(ref _lastAccess);
        return lastAccess == Dead || IsPast(now, lastAccess);
    }

    /// <summary>
    /// The earliest monotonic time at which the entry could be expired if it is not used again;
    /// <see cref="long.MinValue"/> where it has been declared expired.
    /// </summary>
    public long NextDeadline(Now now)
    {
        long lastAccess = Volatile.Read(ref _lastAccess);
        if (lastAccess == Dead)
        {
            return long.MinValue;
        }

        long absolute = _deadlines.Absolute == Deadlines.None ? Deadlines.None : _deadlines.Absolute - now.UtcOffset;
        long sliding = _deadlines.Sliding >= Deadlines.None - lastAccess ? Deadlines.None : lastAccess + _deadlines.Sliding;
        return Math.Min(absolute, sliding);
    }

    private bool IsPast(Now now, long lastAccess) =>
        now.Utc >= _deadlines.Absolute || now.Monotonic - lastAccess >= _deadlines.Sliding;
}
