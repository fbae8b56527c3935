using System.Globalization;

namespace BoundedCache.Stress.Tests.Soak;

/// <summary>How long a soak takes, and what its operations are drawn from. The schedule of threads is not in the seed.</summary>
/// <param name="Duration">The whole of it.</param>
/// <param name="Round">On one cache, until it is looked at.</param>
/// <param name="Seed">Of all random numbers.</param>
/// <param name="IsWatched">Whether somebody asked for it, and waits.</param>
internal sealed record SoakPlan(TimeSpan Duration, TimeSpan Round, int Seed, bool IsWatched)
{
    /// <summary>What <c>./test.sh soak</c> asks for by the environment; else a few seconds.</summary>
    public static SoakPlan FromEnvironment()
    {
        string? minutes = Environment.GetEnvironmentVariable("BOUNDED_CACHE_SOAK_MINUTES");
        string? seed = Environment.GetEnvironmentVariable("BOUNDED_CACHE_SOAK_SEED");
        TimeSpan duration = string.IsNullOrEmpty(minutes)
            ? TimeSpan.FromSeconds(TestScale.Of(quick: 5, full: 30))
            : TimeSpan.FromMinutes(double.Parse(minutes, CultureInfo.InvariantCulture));

        // At least two laps over the shapes, so that there is something to compare.
        TimeSpan round = duration / (2 * SoakShape.All.Length);
        TimeSpan longest = TimeSpan.FromSeconds(5);
        return new SoakPlan(
            duration,
            round < longest ? round : longest,
            string.IsNullOrEmpty(seed) ? Random.Shared.Next() : int.Parse(seed, CultureInfo.InvariantCulture),
            IsWatched: !string.IsNullOrEmpty(minutes));
    }
}
