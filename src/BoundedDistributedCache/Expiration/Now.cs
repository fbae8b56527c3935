namespace BoundedCache.Expiration;

/// <summary>
/// One reading of the clock, in ticks of 100 ns: <see cref="Monotonic"/> for idle times, <see cref="Utc"/> for
/// absolute deadlines. Their difference changes when the wall clock is set or the machine slept.
/// </summary>
internal readonly record struct Now(long Monotonic, long Utc)
{
    public long UtcOffset => Utc - Monotonic;
}
