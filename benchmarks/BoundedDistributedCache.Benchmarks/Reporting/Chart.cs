using System.Text.RegularExpressions;
using ScottPlot;

namespace BoundedCache.Benchmarks.Reporting;

/// <summary>One series of bars, a value a group.</summary>
internal sealed record Series(string Name, double[] Values);

/// <summary>Groups of bars, for light and dark pages alike.</summary>
/// <param name="Name">Of the file, without its ending.</param>
/// <param name="Title">What is shown.</param>
/// <param name="Unit">Of the values.</param>
/// <param name="Groups">What stands under each group.</param>
/// <param name="Series">What stands side by side in each group.</param>
internal sealed partial record Chart(string Name, string Title, string Unit, string[] Groups, Series[] Series)
{
    private const int Width = 900;
    private const int Height = 420;

    // Middle tones: none vanishes on white or on black.
    private static readonly string[] Palette = ["#2f81f7", "#d9822b", "#3fa34d", "#b05fc4", "#c9484a", "#808a93", "#1f9ea8", "#b5892a", "#7d7df0", "#d0608f"];

    public void Save(string directory)
    {
        Directory.CreateDirectory(directory);
        File.WriteAllText(Path.Combine(directory, Name + ".svg"), ToSvg());
    }

    [GeneratedRegex("font-family=\"[^\"]*\"")]
    private static partial Regex FontFamily();

    public string ToSvg()
    {
        using Plot plot = new();
        plot.FigureBackground.Color = Colors.Transparent;
        plot.DataBackground.Color = Colors.Transparent;
        plot.Axes.Color(Color.FromHex("#808080"));
        plot.Grid.MajorLineColor = Color.FromHex("#808080").WithAlpha(0.25);
        plot.Title(Title);
        plot.Axes.Title.Label.ForeColor = Color.FromHex("#808080");
        plot.YLabel(Unit);

        for (int series = 0; series < Series.Length; series++)
        {
            Bar[] bars = [.. Series[series].Values.Select((value, group) => new Bar
            {
                Position = (group * (Series.Length + 1)) + series,
                Value = double.IsFinite(value) ? value : 0,
                FillColor = Color.FromHex(Palette[series % Palette.Length]),
                LineWidth = 0,
            })];
            plot.Add.Bars(bars).LegendText = Series[series].Name;
        }

        Tick[] ticks = [.. Groups.Select((name, group) => new Tick((group * (Series.Length + 1)) + ((Series.Length - 1) / 2.0), name))];
        plot.Axes.Bottom.TickGenerator = new ScottPlot.TickGenerators.NumericManual(ticks);
        plot.Axes.Bottom.MajorTickStyle.Length = 0;
        plot.Axes.Margins(bottom: 0, top: 0.1);
        if (Series.Length > 1)
        {
            Legend legend = plot.ShowLegend(Edge.Bottom).Legend;
            legend.Orientation = Orientation.Horizontal;
            legend.BackgroundColor = Colors.Transparent;
            legend.OutlineColor = Colors.Transparent;
            legend.ShadowColor = Colors.Transparent;
            legend.FontColor = Color.FromHex("#808080");
        }

        // The font of whoever looks at it, not that of the machine that drew it.
        return FontFamily().Replace(plot.GetSvgXml(Width, Height), "font-family=\"sans-serif\"");
    }
}
