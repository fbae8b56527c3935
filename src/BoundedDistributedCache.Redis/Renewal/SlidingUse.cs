using BoundedCache.Expiration;
using BoundedCache.Storage;

namespace BoundedCache.Redis;

/// <summary>
/// When a copy of a sliding entry was used on this node, and up to which use Redis knows.
/// </summary>
/// <remarks>
/// Redis expires the entry one window after the use that it knows of, <see cref="RenewedFor"/>. The first use after that one
/// books a renewal for half a window after it, and the renewal tells Redis of the last use there was until then. So in
/// half a window Redis hears of an entry about once from a node, and it never expires an entry within a window of a use, as
/// long as renewals come through in the other half. Every copy has a use of its own; <see cref="RenewalSchedule"/> sees to
/// it that a name is booked once.
/// <code>
/// field        written by               guard
/// _lastUse     readers, the schedule    compare-and-swap in the schedule; none in readers: what they lose to one another
///                                       is a use at nearly the same time
/// _renewedFor  the schedule             its lock
/// _isBooked    the schedule             its lock; read without, see there
/// </code>
/// </remarks>
internal sealed class SlidingUse
{
    /// <summary>What one takes in memory beside the characters of its name, in bytes.</summary>
    internal const int Size = 112;

    private readonly RenewalSchedule _schedule;
    private long _lastUse;
    private long _renewedFor;
    private bool _isBooked;

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

    /// <summary>Whether there is a use to tell Redis of.</summary>
    internal bool HasNews => LastUse > RenewedFor;

    /// <summary>When the next renewal is due, if there is a use to tell of.</summary>
    internal long Due => RenewedFor + (Deadlines.Sliding / 2);

    internal bool IsBooked => Volatile.Read(ref _isBooked);

    internal void Use(Now now)
    {
        if (now.Monotonic <= LastUse)
            return;
        Volatile.Write(ref _lastUse, now.Monotonic);
        if (!IsBooked)
            _schedule.Book(this);
    }

    internal void Booked() => Volatile.Write(ref _isBooked, true);

    /// <summary>The next use books, if there is anything to tell ever again.</summary>
    internal void Unbook() => Volatile.Write(ref _isBooked, RenewedFor == long.MaxValue);

    /// <summary>Redis knows of that use.</summary>
    internal void Told(long lastUse) => Volatile.Write(ref _renewedFor, Math.Max(lastUse, RenewedFor));

    /// <summary>Redis need not be told of any other.</summary>
    internal void ToldForGood() => Told(long.MaxValue);

    /// <summary>Takes over what another copy of the same entry knows.</summary>
    internal void Learn(SlidingUse other)
    {
        Told(other.RenewedFor);
        var lastUse = other.LastUse;
        long seen;
        while ((seen = LastUse) < lastUse && Interlocked.CompareExchange(ref _lastUse, lastUse, seen) != seen)
        {
        }
    }
}
