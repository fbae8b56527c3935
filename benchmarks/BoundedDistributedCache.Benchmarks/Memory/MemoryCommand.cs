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
               select new Cell(PeerSet.Memory, count, KeyLength, ValueLength, Slides: true, HasTenant: false, CellState.Fresh),
            .. from count in counts
               from hasTenant in new[] { false, true }
               from slides in new[] { false, true }
               from state in new[] { CellState.Fresh, CellState.Churned }
               where slides || hasTenant || state == CellState.Churned
               select new Cell(PeerSet.Bounded, count, KeyLength, ValueLength, slides, hasTenant, state),
        ];
        Cell[] grid = [.. Grid(scale)];
        Progress progress = new("memory", perEntry.Length + grid.Length);
        Section section = new("memory");
        PerEntry(section, counts, Weigh(perEntry, weigh, progress));
        SizeBytes(section, Weigh(grid, weigh, progress));
        progress.End();
        return section;
    }

    /// <summary>
    /// Keys, values, expiry, tenants and histories; large values in small caches only, and the largest count once. And the
    /// other policy at its dearest: nobody uses what is set, so all of it is on probation, and after churn as many hashes
    /// of what went are remembered as ever will be.
    /// </summary>
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
        .. from slides in new[] { false, true }
           from state in new[] { CellState.Fresh, CellState.Churned }
           from count in new[] { scale.Entries, scale.LargeEntries }
           select new Cell(PeerSet.ScanResistant, count, KeyLength, ValueLength, slides, HasTenant: false, state),
        new Cell(PeerSet.Bounded, scale.HugeEntries, KeyLength, ValueLength, Slides: true, HasTenant: false, CellState.Churned),
    ];

    private static List<(Cell Cell, Weight Weight)> Weigh(Cell[] cells, Func<Cell, Weight> weigh, Progress progress)
    {
        List<(Cell, Weight)> weighed = [];
        foreach (Cell cell in cells)
        {
            progress.Step($"{(cell.Peer == PeerSet.ScanResistant ? PeerSet.Bounded : cell.Peer)}, {cell.Count} entries, {Describe(cell)}");
            weighed.Add((cell, weigh(cell)));
        }

        return weighed;
    }

    private static double Beyond((Cell Cell, Weight Weight) of) => ((double)of.Weight.HeapBytes / of.Weight.Entries) - of.Cell.KeyAndValue;

    private static void PerEntry(Section section, int[] counts, List<(Cell Cell, Weight Weight)> weighed)
    {
        section.Heading("Heap per entry beyond key and value");
        section.Paragraph($"Keys of {KeyLength} characters, values of {ValueLength} bytes, each with their headers left out; each cell in a process of its own, filled once, or (after churn) filled and then crowded out by as many new keys, which is when there is a ranking of victims. Both are judged by {PeerSet.Memory} filled once: it has nothing that comes with churn. In brackets: a full blocking collection with it on the heap.");
        List<Figure> figures = [];
        foreach (int count in counts)
        {
            foreach ((bool slides, double target) in new[] { (false, 0.62), (true, 0.8) })
            {
                double memory = Beyond(Find(new Kind(PeerSet.Memory, slides, HasTenant: false, CellState.Fresh), count));
                foreach (CellState state in new[] { CellState.Fresh, CellState.Churned })
                {
                    double ours = Beyond(Find(new Kind(PeerSet.Bounded, slides, HasTenant: false, state), count));
                    figures.Add(Judge($"heap per {(slides ? "expiring " : "")}entry{Describe(state)}/MemoryDistributedCache", count, ours, memory, target));
                }
            }
        }

        section.Judge(figures);

        Table table = new([.. new[] { "" }, .. counts.Select(count => Format.Count(count) + " entries")]);
        Kind[] kinds = [.. weighed.Select(of => KindOf(of.Cell)).Distinct()];
        foreach (Kind kind in kinds)
        {
            table.Row([NameOf(kind), .. counts.Select(count => Find(kind, count)).Select(of => FormattableString.Invariant($"{Beyond(of):0} B ({of.Weight.CollectionMilliseconds:0} ms)"))]);
        }

        section.Table(table);
        section.Chart(new Chart(
            "memory",
            "Bytes of heap per entry beyond key and value",
            "bytes",
            [.. counts.Select(count => Format.Count(count) + " entries")],
            [.. kinds.Where(kind => kind.State == CellState.Fresh).Select(kind => new Series(NameOf(kind), [.. counts.Select(count => Beyond(Find(kind, count)))]))]));

        (Cell Cell, Weight Weight) Find(Kind kind, int count) => weighed.Single(of => KindOf(of.Cell) == kind && of.Cell.Count == count);
    }

    private static Kind KindOf(Cell cell) => new(cell.Peer, cell.Slides, cell.HasTenant, cell.State);

    private static Figure Judge(string name, int count, double ours, double memory, double target) =>
        new($"{name}, {Format.Count(count)}", Quartiles.Of([ours / memory]), Target.AtMost(target), FormattableString.Invariant($"{ours:0} B"));

    private static string NameOf(Kind kind) =>
        $"{kind.Peer}{(kind.Slides ? ", sliding" : "")}{(kind.HasTenant ? ", with a tenant" : "")}{Describe(kind.State)}";

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
        $"key {cell.KeyLength}, value {cell.ValueLength} B{(cell.Peer == PeerSet.ScanResistant ? ", ScanResistant" : "")}{(cell.Slides ? ", sliding" : "")}{(cell.HasTenant ? ", tenant" : "")}{Describe(cell.State)}";

    private static string Describe(CellState state) => state switch
    {
        CellState.Churned => ", after churn",
        CellState.HalfExpired => ", half expired",
        _ => "",
    };

    /// <summary>What kind of entries of whom, however many.</summary>
    private sealed record Kind(string Peer, bool Slides, bool HasTenant, CellState State);
}
