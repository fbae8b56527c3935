namespace BoundedCache.Benchmarks.Measuring;

/// <param name="Name">Who it is.</param>
/// <param name="Measure">Does the work of one round and says how long it took, in nanoseconds.</param>
/// <param name="Check">Looks, untimed, whether the work was done; throws <see cref="RefusedException"/> if not.</param>
internal sealed record Contestant(string Name, Func<double> Measure, Action Check);

/// <summary>The times of one contestant, a value a round.</summary>
internal sealed record Times(string Name, double[] Rounds, string? Refusal)
{
    /// <summary>These times divided by another's, round by round: what disturbed both cancels out.</summary>
    public double[] Over(Times other) => [.. Rounds.Zip(other.Rounds, (mine, its) => mine / its)];

    public double Median => Quartiles.Of(Rounds).Median;
}

/// <summary>
/// Has contestants do the same work in turn within one run, so that what disturbs one disturbs all. Who begins moves on
/// from round to round, and there are as many more rounds as it takes for each to begin as often as the others.
/// </summary>
internal static class Contest
{
    public static IReadOnlyList<Times> Run(IReadOnlyList<Contestant> contestants, Scale scale, Action? beforeRound = null)
    {
        int counted = (scale.Rounds + contestants.Count - 1) / contestants.Count * contestants.Count;
        int rounds = scale.WarmUpRounds + counted;
        double[][] times = [.. contestants.Select(_ => new double[rounds])];
        string?[] refusals = new string?[contestants.Count];
        for (int round = 0; round < rounds; round++)
        {
            beforeRound?.Invoke();
            for (int turn = 0; turn < contestants.Count; turn++)
            {
                int who = (turn + round) % contestants.Count;
                if (refusals[who] is null)
                {
                    times[who][round] = Measure(contestants[who], out refusals[who]);
                }
            }
        }

        return [.. contestants.Select((contestant, who) => new Times(contestant.Name, times[who][scale.WarmUpRounds..], refusals[who]))];
    }

    private static double Measure(Contestant contestant, out string? refusal)
    {
        try
        {
            GC.Collect(1, GCCollectionMode.Forced, blocking: true);
            double time = contestant.Measure();
            contestant.Check();
            refusal = null;
            return time;
        }
        catch (RefusedException exception)
        {
            refusal = exception.Message;
            return double.NaN;
        }
    }
}
