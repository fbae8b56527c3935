using BoundedCache.Benchmarks.Measuring;
using BoundedCache.Benchmarks.Peers;

namespace BoundedCache.Benchmarks.Reporting;

/// <summary>What stands first in the document: where and when, and which targets were met.</summary>
internal static class Overview
{
    public static Section Of(IReadOnlyList<Section> sections)
    {
        List<Figure> figures = [.. sections.SelectMany(section => section.Figures)];
        Section summary = new Section("summary")
            .Paragraph($"{figures.Count} figures have a target: {Count(Verdict.Met)} met, {Count(Verdict.Straddles)} not missed but straddled by the range between the quartiles, {Count(Verdict.Missed)} missed.");
        string[] failed = [.. sections.Where(section => section.HasFailed).Select(section => $"`{section.Id}`")];
        if (failed.Length > 0)
        {
            summary.Paragraph($"Not among them, because refused or failed: {string.Join(", ", failed)}.");
        }

        Table table = new("", "Figure", "Median", "Target", "");
        foreach ((int index, Figure figure) in Charted(figures).Index())
        {
            table.Row($"{index + 1}", figure.Name, Format.Ratio(figure.Value.Median), figure.Target.ToString(), figure.Verdict switch
            {
                Verdict.Met => "met",
                Verdict.Straddles => "straddled",
                _ => "**missed**",
            });
        }

        summary.Table(table);
        return figures.Count == 0 ? summary : summary.Chart(Relative(Charted(figures)));

        int Count(Verdict verdict) => figures.Count(figure => figure.Verdict == verdict);
    }

    /// <summary>Those whose target has a size to be a share of; what must be nothing at all stands in its own table.</summary>
    private static Figure[] Charted(List<Figure> figures) => [.. figures.Where(figure => figure.Target.Limit > 0)];

    /// <summary>Each ratio that has a target as a share of it, at most 1 being right whichever way it is judged.</summary>
    private static Chart Relative(Figure[] ratios)
    {
        return new Chart(
            "targets",
            "Each ratio as a share of its target (up to 1 is right), numbered as in the table",
            "share of target",
            [.. Enumerable.Range(1, ratios.Length).Select(number => $"{number}")],
            [new Series(PeerSet.Bounded, [.. ratios.Select(figure => figure.Target.IsAtMost ? figure.Value.Median / figure.Target.Limit : figure.Target.Limit / figure.Value.Median)])]);
    }
}
