using BoundedCache.Benchmarks.Measuring;

namespace BoundedCache.Benchmarks.Reporting;

/// <summary>What stands first in the document: where and when, and which targets were met.</summary>
internal static class Overview
{
    public static Section Of(IReadOnlyList<Section> sections)
    {
        List<Figure> figures = [.. sections.SelectMany(section => section.Figures)];
        string[] missed = [.. figures.Where(figure => figure.Verdict == Verdict.Missed).Select(figure => figure.Name)];
        Section summary = new Section("summary")
            .Paragraph(Machine.Versions())
            .Paragraph($"{figures.Count} figures have a target: {figures.Count(figure => figure.Verdict == Verdict.Met)} met, {figures.Count(figure => figure.Verdict == Verdict.Straddles)} not missed but straddled by the range between the quartiles, {missed.Length} missed.");
        foreach (string name in missed)
        {
            summary.Paragraph($"- missed: {name}");
        }

        return figures.Count == 0 ? summary : summary.Chart(Relative(figures));
    }

    /// <summary>Each ratio that has a target as a share of it, at most 1 being right whichever way it is judged.</summary>
    private static Chart Relative(List<Figure> figures)
    {
        Figure[] ratios = [.. figures.Where(figure => figure.Name.Contains('/', StringComparison.Ordinal) && figure.Target.Limit > 0)];
        return new Chart(
            "targets",
            "Each ratio as a share of its target (up to 1 is right), in the order of the tables",
            "share of target",
            [.. Enumerable.Range(1, ratios.Length).Select(number => $"{number}")],
            [new Series("median", [.. ratios.Select(figure => figure.Target.IsAtMost ? figure.Value.Median / figure.Target.Limit : figure.Target.Limit / figure.Value.Median)])]);
    }
}
