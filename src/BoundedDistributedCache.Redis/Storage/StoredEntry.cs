using BoundedCache.Expiration;
using StackExchange.Redis;

namespace BoundedCache.Redis;

/// <summary>
/// An entry as it lies in Redis, in the format of <c>Microsoft.Extensions.Caching.StackExchangeRedis</c>: a hash with
/// <c>absexp</c> and <c>sldexp</c> (ticks, or -1), <c>data</c>, and no field beside them, which an overwrite by that package
/// would leave standing beside new data. The key's time to live is the nearer of both.
/// </summary>
/// <param name="Value">The value.</param>
/// <param name="Absolute">UTC ticks; <see cref="NotPresent"/> where there is none.</param>
/// <param name="Sliding">Ticks; <see cref="NotPresent"/> where there is none.</param>
/// <param name="TimeToLive">What was left of the key; <see langword="null"/> where it does not expire.</param>
internal readonly record struct StoredEntry(byte[] Value, long Absolute, long Sliding, TimeSpan? TimeToLive)
{
    internal const long NotPresent = -1;

    internal const string AbsoluteField = "absexp";
    internal const string SlidingField = "sldexp";
    internal const string DataField = "data";

    internal static readonly RedisValue[] Fields = [AbsoluteField, SlidingField, DataField];

    /// <param name="fields">Those of <see cref="Fields"/>, and perhaps more after them.</param>
    /// <param name="timeToLive">Of the key, as it was then or before.</param>
    /// <returns>What was found; <see langword="null"/> where there is no entry.</returns>
    internal static StoredEntry? From(RedisValue[] fields, TimeSpan? timeToLive) =>
        (byte[]?)fields[2] is { } value ? new StoredEntry(value, TicksOf(fields[0]), TicksOf(fields[1]), timeToLive) : null;

    internal static HashEntry[] ToFields(byte[] value, Deadlines deadlines) =>
    [
        new(AbsoluteField, Field(deadlines.Absolute)),
        new(SlidingField, Field(deadlines.Sliding)),
        new(DataField, value),
    ];

    /// <summary>For how long a key with those deadlines lives if nobody uses it; <see langword="null"/>: for good.</summary>
    internal static TimeSpan? TimeToLiveOf(Deadlines deadlines, Now now)
    {
        var left = deadlines.Sliding;
        if (deadlines.Absolute != Deadlines.None)
            left = Math.Min(left, deadlines.Absolute - now.Utc);
        return left == Deadlines.None ? null : TimeSpan.FromTicks(Math.Max(left, TimeSpan.TicksPerMillisecond));
    }

    /// <summary>
    /// When it expires. An entry that slides is renewed, so its time to live says nothing. For any other the earlier of its
    /// absolute time and its time to live counts: that package's overwrite without an expiry leaves the old one standing.
    /// </summary>
    internal Deadlines DeadlinesAt(Now now)
    {
        var absolute = Absolute == NotPresent ? Deadlines.None : Absolute;
        if (Sliding != NotPresent)
            return new Deadlines(absolute, Sliding);
        if (TimeToLive is { } left && left.Ticks < Deadlines.None - now.Utc)
            absolute = Math.Min(absolute, now.Utc + left.Ticks);
        return new Deadlines(absolute, Deadlines.None);
    }

    internal static long Field(long deadline) => deadline == Deadlines.None ? NotPresent : deadline;

    private static long TicksOf(RedisValue field) => field.TryParse(out long ticks) && ticks > 0 ? ticks : NotPresent;
}
