using BoundedCache.Benchmarks.Measuring;

namespace BoundedCache.Benchmarks.Throughput;

/// <summary>The eight ratios that matter most, judged with some room, for the run is short and the machine may be busy.</summary>
internal static class QuickCommand
{
    public const double Ease = 1.15;

    /// <returns>0 where all are right, 1 where one is not.</returns>
    public static int Run(Scale scale, TextWriter output)
    {
        Figures figures = new(scale);
        (string Name, Func<IEnumerable<Figure>> Measure)[] measures =
        [
            ("get hit", figures.GetHit),
            ("get hit, sliding", figures.GetHitSliding),
            ("try get, 100 B", figures.TryGet),
            ("two threads", figures.ReadOnlyTwoThreads),
            ("90/10, two threads", () => figures.Mixed().Take(1)),
            ("set existing", figures.SetExisting),
            ("set new", figures.SetNewOneThread),
        ];
        Progress progress = new("quick", measures.Length);
        List<Figure> found = [];
        foreach ((string name, Func<IEnumerable<Figure>> measure) in measures)
        {
            progress.Step(name);
            found.AddRange(measure().Where(figure => figure.Name.Contains('/', StringComparison.Ordinal)));
        }

        progress.End();
        return Print(found, output);
    }

    public static int Print(IEnumerable<Figure> figures, TextWriter output)
    {
        int missed = 0;
        foreach (Figure figure in figures)
        {
            bool isMissed = figure.Target.Eased(Ease).Judge(figure.Value) == Verdict.Missed;
            missed += isMissed ? 1 : 0;
            output.WriteLine(FormattableString.Invariant($"{figure.Name} {figure.Value.Median:0.00} {figure.Target.Limit:0.##} {(isMissed ? "MISS" : "ok")}"));
        }

        return missed == 0 ? 0 : 1;
    }
}
