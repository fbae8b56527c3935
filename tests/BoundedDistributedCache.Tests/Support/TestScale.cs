namespace BoundedCache.Tests.Support;

/// <summary>How much a test does: little in <c>./test.sh</c>, more in <c>./test.sh full</c>.</summary>
internal static class TestScale
{
    public static bool IsFull { get; } = Environment.GetEnvironmentVariable("BOUNDED_CACHE_TESTS") == "full";

    public static int Of(int quick, int full) => IsFull ? full : quick;
}
