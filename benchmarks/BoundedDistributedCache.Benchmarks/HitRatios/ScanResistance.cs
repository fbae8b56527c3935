using System.Globalization;
using BoundedCache.Benchmarks.Measuring;
using BoundedCache.Benchmarks.Reporting;

namespace BoundedCache.Benchmarks.HitRatios;

/// <summary>Both eviction policies side by side, in every cell that was replayed, and what is asked of the second.</summary>
internal sealed class ScanResistance
{
    private const double MostBelow = 0.6;

    private static readonly (string Trace, string Room, double Points)[] Gains =
    [
        ("web12", "1,000 entries", 2.5),
        ("oltp", "1,000 entries", 6),
        ("gli", "1,000 entries", 15),
    ];

    private readonly List<(string Trace, string Room, double Lru, double ScanResistant, double? Lfu)> _cells = [];

    public void Add(string trace, string room, double lru, double scanResistant, double? lfu = null) =>
        _cells.Add((trace, room, lru, scanResistant, lfu));

    public void AddTo(Section section)
    {
        if (_cells.Count == 0)
        {
            return;
        }

        double[] above = [.. _cells.Select(cell => cell.ScanResistant - cell.Lru)];
        List<Figure> figures =
        [
            Figure("ScanResistant below Lru, worst cell, points", -above.Min(), Target.AtMost(MostBelow), $"{above.Count(points => points >= -MostBelow)} of {above.Length} cells within"),
        ];
        foreach ((string trace, string room, double points) in Gains)
        {
            foreach ((string _, string _, double lru, double scanResistant, double? _) in _cells.Where(cell => cell.Trace == trace && cell.Room == room))
            {
                figures.Add(Figure($"ScanResistant above Lru, {trace}, {room}, points", scanResistant - lru, Target.AtLeast(points), $"{Two(scanResistant)} %"));
            }
        }

        Table table = new("Trace", "Room for", "Lru %", "ScanResistant %", "Points above", "ConcurrentLfu %");
        foreach ((string trace, string room, double lru, double scanResistant, double? lfu) in _cells)
        {
            table.Row(trace, room, Two(lru), Two(scanResistant), Format.Points(scanResistant - lru), lfu is { } percent ? Two(percent) : "");
        }

        section.Heading("Hit ratios of the two eviction policies");
        section.Paragraph(FormattableString.Invariant($"The same requests through the cache with `EvictionPolicy.Lru` and with `EvictionPolicy.ScanResistant`, which is better by {above.Average():0.00} points on the average of {above.Length} cells."));
        section.Judge(figures);
        section.Table(table);
    }

    private static Figure Figure(string name, double value, Target target, string ours) =>
        new(name, Quartiles.Of([value]), target, ours);

    private static string Two(double percent) => percent.ToString("F2", CultureInfo.InvariantCulture);
}
