namespace BoundedCache.Expiration;

/// <summary>
/// Monotonic time folded into 32 bits, rounded down, so that a slot stays small. Rounding keeps the order: where a
/// deadline has passed, its due time has passed too. A due time only says where to look closer; the entry's own
/// deadlines decide.
/// </summary>
internal static class DueTime
{
    public const int Never = int.MaxValue;

    private const int GranuleShift = 22;

    /// <param name="monotonic">Ticks of <see cref="Now.Monotonic"/>; <see cref="long.MaxValue"/> for never.</param>
    /// <param name="origin">The cache's first reading of the monotonic clock.</param>
    public static int Of(long monotonic, long origin)
    {
        if (monotonic == long.MaxValue)
        {
            return Never;
        }

        // Both ends saturate: what is that far away is looked at again when the clock has got there.
        return (int)Math.Clamp((monotonic >> GranuleShift) - (origin >> GranuleShift), int.MinValue, Never - 1);
    }
}
