using System.Text;
using BoundedCache.Benchmarks.Measuring;

namespace BoundedCache.Benchmarks.Reporting;

/// <summary>What one command found: Markdown for people, figures to be judged, and charts.</summary>
/// <param name="id">Names the part of the document that it replaces.</param>
internal sealed class Section(string id)
{
    private readonly StringBuilder _text = new();
    private readonly List<Figure> _figures = [];
    private readonly List<Chart> _charts = [];

    public string Id => id;

    public IReadOnlyList<Figure> Figures => _figures;

    public IReadOnlyList<Chart> Charts => _charts;

    /// <summary>Whether it says only why there are no figures.</summary>
    public bool HasFailed { get; private init; }

    public string Markdown => _text.ToString().TrimEnd();

    /// <summary>A section without figures.</summary>
    public static Section Failed(string id, string why) => new Section(id) { HasFailed = true }.Paragraph($"**No figures.** {why}");

    public Section Heading(string heading)
    {
        _text.AppendLine($"### {heading}").AppendLine();
        return this;
    }

    public Section Paragraph(string paragraph)
    {
        _text.AppendLine(paragraph).AppendLine();
        return this;
    }

    public Section Table(Table table)
    {
        _text.AppendLine(table.ToString());
        return this;
    }

    public Section Chart(Chart chart)
    {
        _charts.Add(chart);
        _text.AppendLine($"![{chart.Title}](charts/{chart.Name}.svg)").AppendLine();
        return this;
    }

    /// <summary>A table of figures beside their targets.</summary>
    public Section Judge(IReadOnlyCollection<Figure> figures)
    {
        _figures.AddRange(figures);
        Table table = new("Figure", "Ours", "Median", "Quartiles", "Target", "");
        foreach (Figure figure in figures)
        {
            table.Row(
                figure.Name,
                figure.Ours,
                Format.Ratio(figure.Value.Median),
                $"{Format.Ratio(figure.Value.Lower)} to {Format.Ratio(figure.Value.Upper)}",
                figure.Target.ToString(),
                figure.Verdict switch
                {
                    Verdict.Met => "met",
                    Verdict.Straddles => "not missed: the range straddles it",
                    _ => "**missed**",
                });
        }

        return Table(table);
    }
}
