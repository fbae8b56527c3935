using BoundedCache.Expiration;
using BoundedCache.Storage;

namespace BoundedCache.Redis;

/// <summary>
/// When a sliding entry was used on this node, and up to which use Redis knows.
/// </summary>
/// <remarks>
/// Redis expires the entry one window after the use that it knows of, <see cref="RenewedFor"/>. The first use after that one
/// books a renewal for half a window after it, and the renewal tells Redis of the last use there was until then. So in
/// half a window Redis hears of an entry once at most from a node, and it never expires an entry within a window of a use,
/// as long as renewals come through in the other half.
/// <code>
/// field        written by                        guard
/// _lastUse     readers                           none: a write that is lost is a use at nearly the same time
/// _renewedFor  whoever runs the renewal          it is booked, so there is one
/// _isBooked    whoever books; the renewal's end  compare-and-swap from 0
/// </code>
/// </remarks>
internal sealed class SlidingUse
{
    /// <summary>What one takes in memory beside the characters of its name, in bytes.</summary>
    internal const int Size = 112;

    private readonly RenewalSchedule _schedule;
    private long _lastUse;
    private long _renewedFor;
    private int _isBooked;

    /// <param name="schedule">Where renewals are booked.</param>
    /// <param name="partition">Whose entry it is.</param>
    /// <param name="key">The key.</param>
    /// <param name="name">The key's name in Redis.</param>
    /// <param name="deadlines">The deadlines in Redis.</param>
    /// <param name="renewedFor">The use that Redis knows of, in monotonic ticks.</param>
    internal SlidingUse(RenewalSchedule schedule, Partition partition, string key, string name, Deadlines deadlines, long renewedFor)
    {
        _schedule = schedule;
        Partition = partition;
        Key = key;
        Name = name;
        Deadlines = deadlines;
        _renewedFor = _lastUse = renewedFor;
    }

    internal Partition Partition { get; }

    internal string Key { get; }

    internal string Name { get; }

    internal Deadlines Deadlines { get; }

    internal long LastUse => Volatile.Read(ref _lastUse);

    internal long RenewedFor => Volatile.Read(ref _renewedFor);

    /// <summary>When the next renewal is due, if there is a use to tell of.</summary>
    internal long Due => RenewedFor + (Deadlines.Sliding / 2);

    internal void Use(Now now)
    {
        if (now.Monotonic <= LastUse)
            return;
        Volatile.Write(ref _lastUse, now.Monotonic);
        if (Volatile.Read(ref _isBooked) == 0)
            Book();
    }

    /// <summary>The renewal came to its end.</summary>
    /// <param name="renewedFor">The use that Redis knows of now.</param>
    internal void EndRenewal(long renewedFor)
    {
        Volatile.Write(ref _renewedFor, Math.Max(renewedFor, RenewedFor));
        Interlocked.Exchange(ref _isBooked, 0);

        // A use that came while it was still booked booked nothing.
        if (LastUse > RenewedFor)
            Book();
    }

    /// <summary>There was no room for the booking; the next use tries again.</summary>
    internal void Unbook() => Interlocked.Exchange(ref _isBooked, 0);

    private void Book()
    {
        if (Interlocked.CompareExchange(ref _isBooked, 1, 0) == 0)
            _schedule.Book(this);
    }
}
