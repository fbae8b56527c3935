using System.Diagnostics;

namespace BoundedCache.Benchmarks;

/// <summary>
/// Times the same work on this provider and on a peer, alternating within one run, so that what disturbs one disturbs
/// both; the figure is the ratio of a round, and its spread is shown.
/// </summary>
internal static class Comparison
{
    private const int Rounds = 9;
    private const int WarmUpRounds = 3;

    /// <returns>The median ratio, and the quartiles.</returns>
    public static Ratio Of(Action ours, Action peers)
    {
        for (int round = 0; round < WarmUpRounds; round++)
        {
            Time(ours);
            Time(peers);
        }

        double[] ratios = new double[Rounds];
        double[] times = new double[Rounds];
        for (int round = 0; round < Rounds; round++)
        {
            // Who goes first alternates too.
            double first = Time(round % 2 == 0 ? ours : peers);
            double second = Time(round % 2 == 0 ? peers : ours);
            times[round] = round % 2 == 0 ? first : second;
            ratios[round] = round % 2 == 0 ? first / second : second / first;
        }

        Array.Sort(ratios);
        Array.Sort(times);
        return new Ratio(ratios[Rounds / 2], ratios[Rounds / 4], ratios[Rounds - 1 - (Rounds / 4)], times[Rounds / 2]);
    }

    private static double Time(Action work)
    {
        long start = Stopwatch.GetTimestamp();
        work();
        return Stopwatch.GetElapsedTime(start).TotalNanoseconds;
    }
}

/// <param name="Median">Our time divided by the peer's.</param>
/// <param name="LowerQuartile">A quarter of the rounds had at most this ratio.</param>
/// <param name="UpperQuartile">A quarter of the rounds had at least this ratio.</param>
/// <param name="OursInNanoseconds">Our median time for all the work of a round.</param>
internal readonly record struct Ratio(double Median, double LowerQuartile, double UpperQuartile, double OursInNanoseconds);
