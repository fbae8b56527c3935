using Microsoft.Extensions.Caching.Distributed;

namespace BoundedCache.Expiration;

/// <summary>
/// When an entry expires, in ticks: at <see cref="Absolute"/> in UTC, and once it was not used for
/// <see cref="Sliding"/>; <see cref="None"/> where it does not.
/// </summary>
internal readonly record struct Deadlines(long Absolute, long Sliding)
{
    public const long None = long.MaxValue;

    public static readonly Deadlines Never = new(None, None);

    public bool AreNever => Absolute == None && Sliding == None;

    /// <summary>The earlier of both absolute times counts; one too far away to be told is never.</summary>
    public static Deadlines From(DateTimeOffset? absolute, TimeSpan? relative, TimeSpan? sliding, Now now)
    {
        long deadline = absolute?.UtcTicks ?? None;
        if (relative is { } span && span.Ticks < None - now.Utc)
        {
            deadline = Math.Min(deadline, now.Utc + span.Ticks);
        }

        return new Deadlines(deadline, sliding?.Ticks ?? None);
    }

    public static Deadlines From(DistributedCacheEntryOptions options, Now now) =>
        From(options.AbsoluteExpiration, options.AbsoluteExpirationRelativeToNow, options.SlidingExpiration, now);

    public bool HavePassed(Now now) => now.Utc >= Absolute;
}
