using System.Text.RegularExpressions;
using ScottPlot;

namespace BoundedCache.Benchmarks.Reporting;

/// <summary>One series of bars, a value a group: not a number where it was refused, 0 where it takes no part.</summary>
internal sealed record Series(string Name, double[] Values);

/// <summary>Groups of bars, for light and dark pages alike.</summary>
/// <param name="Name">Of the file, without its ending.</param>
/// <param name="Title">What is shown.</param>
/// <param name="Unit">Of the values.</param>
/// <param name="Groups">What stands under each group; may have two lines.</param>
/// <param name="Series">What stands side by side in each group.</param>
internal sealed partial record Chart(string Name, string Title, string Unit, string[] Groups, Series[] Series)
{
    private const int Width = 900;
    private const int Height = 420;
    private const float Outline = 1;

    // What the groups' labels have beside the left axis, and what a character takes of it at most.
    private const int LabelsWidth = 820;
    private const int CharacterWidth = 7;
    private const int BetweenLabels = 3;

    // Of one peer in one chart, before they are as pale as can be.
    private const double Shades = 3;

    private static readonly Color Text = Palette.ToColor(Palette.TextOnLight);

    public void Save(string directory)
    {
        Directory.CreateDirectory(directory);
        File.WriteAllText(Path.Combine(directory, Name + ".svg"), ToSvg());
    }

    [GeneratedRegex("font-family=\"[^\"]*\"")]
    private static partial Regex FontFamily();

    [GeneratedRegex("<svg [^>]*>")]
    private static partial Regex Start();

    public string ToSvg()
    {
        using Plot plot = new();
        plot.FigureBackground.Color = Colors.Transparent;
        plot.DataBackground.Color = Colors.Transparent;
        plot.Axes.Color(Text);
        plot.Grid.MajorLineColor = Text.WithAlpha(0.25);
        plot.Grid.XAxisStyle.IsVisible = false;
        plot.Title(Title);
        plot.Axes.Title.Label.ForeColor = Text;
        plot.YLabel(Unit);

        for (int series = 0; series < Series.Length; series++)
        {
            AddBars(plot, series);
        }

        int labelsHeight = AddLabels(plot);
        plot.Axes.Margins(bottom: 0, top: 0.1);
        plot.HideLegend();
        if (Series.Length > 1)
        {
            Legend legend = plot.ShowLegend(Edge.Bottom).Legend;
            legend.Orientation = Orientation.Horizontal;
            legend.TightHorizontalWrapping = true;
            legend.BackgroundColor = Colors.Transparent;
            legend.OutlineColor = Colors.Transparent;
            legend.ShadowColor = Colors.Transparent;
            legend.FontColor = Text;
        }

        // The font and the brightness of whoever looks at it, not those of the machine that drew it.
        string svg = FontFamily().Replace(plot.GetSvgXml(Width, Height + labelsHeight), "font-family=\"sans-serif\"");
        return Start().Replace(svg, $"$0{Environment.NewLine}\t{Style}", 1);
    }

    private static string Style => $$"""
        <style>@media (prefers-color-scheme: dark) { [fill="{{Palette.TextOnLight}}"] { fill: {{Palette.TextOnDark}} } [stroke="{{Palette.TextOnLight}}"] { stroke: {{Palette.TextOnDark}} } }</style>
        """;

    private double PositionOf(int series, int group) => (group * (Series.Length + 1)) + series;

    private void AddBars(Plot plot, int series)
    {
        string colour = Palette.Of(Series[series].Name);

        // Others of the same peer are paler inside, but have the same outline.
        int earlier = Series.Take(series).Count(other => Palette.Of(other.Name) == colour);
        Color fill = Palette.ToColor(colour).WithAlpha(Math.Max(0, 1 - (earlier / Shades)));
        List<Bar> bars = [];
        foreach ((int group, double value) in Series[series].Values.Index())
        {
            bars.Add(new Bar
            {
                Position = PositionOf(series, group),
                Value = double.IsFinite(value) ? value : 0,
                FillColor = fill,
                LineColor = Palette.ToColor(colour),
                LineWidth = Outline,
            });
            if (double.IsNaN(value))
            {
                AddRefusal(plot, PositionOf(series, group));
            }
        }

        plot.Add.Bars(bars);
        plot.Legend.ManualItems.Add(new LegendItem
        {
            LabelText = Series[series].Name,
            FillColor = fill,
            OutlineColor = Palette.ToColor(colour),
            OutlineWidth = Outline,
        });
    }

    private static void AddRefusal(Plot plot, double position)
    {
        ScottPlot.Plottables.Text refused = plot.Add.Text("refused", position, 0);
        refused.LabelFontColor = Text;
        refused.LabelFontSize = 11;
        refused.LabelRotation = -90;
        refused.LabelAlignment = Alignment.MiddleLeft;
        refused.OffsetY = -3;
    }

    /// <summary>Labels that are too wide to stand side by side are turned.</summary>
    /// <returns>What they then take more of the height.</returns>
    private int AddLabels(Plot plot)
    {
        int longest = Groups.SelectMany(group => group.Split('\n')).Append("").Max(line => line.Length);
        bool isTurned = (longest * CharacterWidth) + BetweenLabels > LabelsWidth / Math.Max(1, Groups.Length);
        string[] labels = [.. Groups.Select(group => isTurned ? group.Replace('\n', ' ') : group)];
        Tick[] ticks = [.. labels.Select((label, group) => new Tick(PositionOf(0, group) + ((Series.Length - 1) / 2.0), label))];
        plot.Axes.Bottom.TickGenerator = new ScottPlot.TickGenerators.NumericManual(ticks);
        plot.Axes.Bottom.MajorTickStyle.Length = 0;
        if (!isTurned)
        {
            return 0;
        }

        int height = labels.Max(label => label.Length) * CharacterWidth;
        plot.Axes.Bottom.TickLabelStyle.Rotation = -90;
        plot.Axes.Bottom.TickLabelStyle.Alignment = Alignment.MiddleRight;
        plot.Axes.Bottom.MinimumSize = height;
        return height;
    }
}
