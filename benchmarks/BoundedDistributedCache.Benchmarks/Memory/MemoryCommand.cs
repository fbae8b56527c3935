using BoundedCache.Benchmarks.Measuring;
using BoundedCache.Benchmarks.Peers;
using BoundedCache.Benchmarks.Reporting;

namespace BoundedCache.Benchmarks.Memory;

/// <summary>What entries cost on the heap, and whether <c>SizeBytes</c> says so.</summary>
internal static class MemoryCommand
{
    private const int KeyLength = 26;
    private const int ValueLength = 100;
    private const int LargeValue = 16 * 1024;
    private const double Tolerance = 0.1;

    public static Section Run(Scale scale, Func<Cell, Weight>? weigh = null)
    {
        weigh ??= CellProcess.Weigh;
        int[] counts = [scale.Entries, scale.LargeEntries, scale.HugeEntries];
        Cell[] perEntry =
        [
            .. from count in counts
               from peer in PeerSet.All
               select new Cell(peer, count, KeyLength, ValueLength, Slides: false, HasTenant: false, CellState.Fresh),
            .. from count in counts
               from peer in new[] { PeerSet.Bounded, PeerSet.Memory }
               select new Cell(peer, count, KeyLength, ValueLength, Slides: true, HasTenant: false, CellState.Fresh),
            .. from count in counts
               from slides in new[] { false, true }
               select new Cell(PeerSet.Bounded, count, KeyLength, ValueLength, slides, HasTenant: true, CellState.Fresh),
        ];
        Cell[] grid = [.. Grid(scale)];
        Progress progress = new("memory", perEntry.Length + grid.Length);
        Section section = new("memory");
        PerEntry(section, counts, Weigh(perEntry, weigh, progress));
        SizeBytes(section, Weigh(grid, weigh, progress));
        progress.End();
        return section;
    }

    /// <summary>Keys, values, expiry, tenants and histories; large values in small caches only, and the largest count once.</summary>
    internal static IEnumerable<Cell> Grid(Scale scale) =>
    [
        .. from keyLength in new[] { 5, KeyLength, 300 }
           from valueLength in new[] { 0, ValueLength, LargeValue }
           from slides in new[] { false, true }
           from hasTenant in new[] { false, true }
           from state in Enum.GetValues<CellState>()
           where slides || state != CellState.HalfExpired
           from count in valueLength == LargeValue ? new[] { scale.Entries } : [scale.Entries, scale.LargeEntries]
           select new Cell(PeerSet.Bounded, count, keyLength, valueLength, slides, hasTenant, state),
        new Cell(PeerSet.Bounded, scale.HugeEntries, KeyLength, ValueLength, Slides: true, HasTenant: false, CellState.Churned),
    ];

    private static List<(Cell Cell, Weight Weight)> Weigh(Cell[] cells, Func<Cell, Weight> weigh, Progress progress)
    {
        List<(Cell, Weight)> weighed = [];
        foreach (Cell cell in cells)
        {
            progress.Step($"{cell.Peer}, {cell.Count} entries, {Describe(cell)}");
            weighed.Add((cell, weigh(cell)));
        }

        return weighed;
    }

    private static double Beyond((Cell Cell, Weight Weight) of) => ((double)of.Weight.HeapBytes / of.Weight.Entries) - of.Cell.KeyAndValue;

    private static void PerEntry(Section section, int[] counts, List<(Cell Cell, Weight Weight)> weighed)
    {
        section.Heading("Heap per entry beyond key and value");
        section.Paragraph($"Keys of {KeyLength} characters, values of {ValueLength} bytes, each with their headers left out; each cell in a process of its own. In brackets: a full blocking collection with it on the heap.");
        List<Figure> figures = [];
        foreach (int count in counts)
        {
            double memory = Beyond(Find(PeerSet.Memory, count, slides: false, hasTenant: false));
            double memorySliding = Beyond(Find(PeerSet.Memory, count, slides: true, hasTenant: false));
            figures.Add(Judge("heap per entry/MemoryDistributedCache", count, Beyond(Find(PeerSet.Bounded, count, slides: false, hasTenant: false)), memory, 0.62));
            figures.Add(Judge("heap per expiring entry/MemoryDistributedCache", count, Beyond(Find(PeerSet.Bounded, count, slides: true, hasTenant: false)), memorySliding, 0.8));
        }

        section.Judge(figures);

        Table table = new([.. new[] { "" }, .. counts.Select(count => Format.Count(count) + " entries")]);
        (string Peer, bool Slides, bool HasTenant)[] kinds = [.. weighed.Select(of => (of.Cell.Peer, of.Cell.Slides, of.Cell.HasTenant)).Distinct()];
        foreach ((string peer, bool slides, bool hasTenant) in kinds)
        {
            table.Row([NameOf(peer, slides, hasTenant), .. counts.Select(count => Find(peer, count, slides, hasTenant)).Select(of => FormattableString.Invariant($"{Beyond(of):0} B ({of.Weight.CollectionMilliseconds:0} ms)"))]);
        }

        section.Table(table);
        section.Chart(new Chart(
            "memory",
            "Bytes of heap per entry beyond key and value",
            "bytes",
            [.. counts.Select(count => Format.Count(count) + " entries")],
            [.. kinds.Select(kind => new Series(NameOf(kind.Peer, kind.Slides, kind.HasTenant), [.. counts.Select(count => Beyond(Find(kind.Peer, count, kind.Slides, kind.HasTenant)))]))]));

        (Cell Cell, Weight Weight) Find(string peer, int count, bool slides, bool hasTenant) =>
            weighed.Single(of => of.Cell.Peer == peer && of.Cell.Count == count && of.Cell.Slides == slides && of.Cell.HasTenant == hasTenant);
    }

    private static Figure Judge(string name, int count, double ours, double memory, double target) =>
        new($"{name}, {Format.Count(count)}", Quartiles.Of([ours / memory]), Target.AtMost(target), FormattableString.Invariant($"{ours:0} B"));

    private static string NameOf(string peer, bool slides, bool hasTenant) =>
        $"{peer}{(slides ? ", sliding" : "")}{(hasTenant ? ", with a tenant" : "")}";

    private static void SizeBytes(Section section, List<(Cell Cell, Weight Weight)> weighed)
    {
        section.Heading("Heap growth / SizeBytes");
        double[] away = [.. weighed.Select(of => Math.Abs(Share(of) - 1))];
        section.Judge([new Figure(
            "heap growth/SizeBytes, worst cell, away from 1",
            Quartiles.Of([away.Max()]),
            Target.AtMost(Tolerance),
            $"{away.Count(share => share <= Tolerance)} of {away.Length} cells within")]);
        Table table = new("Entries", "Cell", "Held", "SizeBytes", "Heap", "Heap / SizeBytes", "Collection", "");
        foreach ((Cell Cell, Weight Weight) of in weighed)
        {
            table.Row(
                Format.Count(of.Cell.Count),
                Describe(of.Cell),
                Format.Count(of.Weight.Entries),
                Format.Count(of.Weight.SizeBytes),
                Format.Count(of.Weight.HeapBytes),
                FormattableString.Invariant($"{Share(of):0.000}"),
                FormattableString.Invariant($"{of.Weight.CollectionMilliseconds:0.0} ms"),
                Math.Abs(Share(of) - 1) <= Tolerance ? "" : "**missed**");
        }

        section.Table(table);
    }

    private static double Share((Cell Cell, Weight Weight) of) => (double)of.Weight.HeapBytes / of.Weight.SizeBytes;

    private static string Describe(Cell cell) =>
        $"key {cell.KeyLength}, value {cell.ValueLength} B{(cell.Slides ? ", sliding" : "")}{(cell.HasTenant ? ", tenant" : "")}{cell.State switch
        {
            CellState.Churned => ", after churn",
            CellState.HalfExpired => ", half expired",
            _ => "",
        }}";
}
