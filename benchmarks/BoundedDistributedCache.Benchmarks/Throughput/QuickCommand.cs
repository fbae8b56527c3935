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
        Func<IEnumerable<Figure>>[] measures =
        [
            figures.GetHit,
            figures.GetHitSliding,
            figures.TryGet,
            figures.ReadOnlyTwoThreads,
            () => figures.Mixed().Take(1),
            figures.SetExisting,
            figures.SetNewOneThread,
        ];
        Progress progress = new("quick", measures.Length);
        List<Figure> found = [];
        foreach (Func<IEnumerable<Figure>> measure in measures)
        {
            progress.Step("ratios");
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
            bool isRight = figure.Target.Eased(Ease).IsRight(figure.Value.Median);
            missed += isRight ? 0 : 1;
            output.WriteLine(FormattableString.Invariant($"{figure.Name} {figure.Value.Median:0.00} {figure.Target.Limit:0.##} {(isRight ? "ok" : "MISS")}"));
        }

        return missed == 0 ? 0 : 1;
    }
}
