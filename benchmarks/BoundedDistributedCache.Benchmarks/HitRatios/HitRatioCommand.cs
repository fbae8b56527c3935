using System.Globalization;
using BoundedCache.Benchmarks.Measuring;
using BoundedCache.Benchmarks.Peers;
using BoundedCache.Benchmarks.Reporting;
using BoundedCache.Benchmarks.Workloads;

namespace BoundedCache.Benchmarks.HitRatios;

/// <summary>Replays traces through the real cache and through peers, and says how far each is from exact LRU.</summary>
internal static class HitRatioCommand
{
    private const double PointsByEntries = 0.3;
    private const double PointsByBytes = 1;
    private const int EqualValue = 4_000;
    private const int DefaultMaxEntries = 10_000;

    private static readonly int[] Rooms = [10, 30, 100, 1_000];

    private static readonly (string Trace, int[] Entries)[] Sizes =
    [
        ("web12", [100, 500, 1_000, 2_000, 5_000]),
        ("orm-busy", [1_000, 5_000, 10_000, 20_000, 40_000]),
        ("gli", [100, 500, 1_000, 1_500, 2_000]),
        ("sprite", [100, 200, 500, 1_000, 2_000]),
        ("oltp", [1_000, 2_000, 5_000, 10_000, 15_000]),
        ("w106", [5_000, 10_000, 20_000, 50_000, 100_000]),
        ("zipf-1.0", [50, 100, 200, 500]),
        ("cloudphysics", [500, 1_000, 5_000, 10_000, 20_000]),
        ("weblog", [100, 500, 1_000, 2_000, 5_000]),
    ];

    private const string MemoryIsARace = $"{PeerSet.Memory} makes room in the background, 5 % at a time, while the replay goes on as fast as it can, and what is set meanwhile it rejects: its figures are those of a race, and come out otherwise in another run or on another machine.";

    /// <param name="traces">What is replayed. Their sizes and times count where bytes do, and for what is known of them.</param>
    public static Section Run(IReadOnlyList<Trace> traces)
    {
        Trace[] sized = [.. traces.Where(trace => trace.Sizes is not null)];
        Progress progress = new("hitratio", 1 + traces.Sum(trace => SizesOf(trace).Length + Rooms.Length) + (8 * sized.Length));
        Section section = new("hitratio");

        progress.Step("known answers");
        (IReadOnlyList<string> wrong, int right) = KnownAnswers.Check(traces);
        if (wrong.Count > 0)
        {
            throw new InvalidOperationException($"Known answers came out otherwise, so nothing else would be right:{Environment.NewLine}{string.Join(Environment.NewLine, wrong)}");
        }

        section.Paragraph($"Real requests, replayed by one thread: a miss is followed by a set. {right} answers that are known of these traces came out right, those of time-to-idle through the cache itself. A figure here is how many points (hits in 100 requests) the cache is below exact LRU; better counts as met.");
        ScanResistance scanResistance = new();
        ByEntries(traces, progress, section, scanResistance);
        ByBytes(traces, sized, progress, section, scanResistance);
        scanResistance.AddTo(section);
        progress.End();
        return section;
    }

    private static int[] SizesOf(Trace trace) =>
        Sizes.FirstOrDefault(known => known.Trace == trace.Name).Entries
        ?? [.. new[] { 0.01, 0.05, 0.1, 0.25, 0.5 }.Select(share => Math.Max(10, (int)(share * trace.KeyCount)))];

    private static void ByEntries(IReadOnlyList<Trace> traces, Progress progress, Section section, ScanResistance scanResistance)
    {
        string[] others = PeerSet.WithLimit[1..];
        Table table = new([.. new[] { "Trace", "Entries", "Exact LRU %", "Ours %", "Points below", "Within 0.3" }, .. others.Select(name => name + " %")]);
        List<double> below = [];
        List<(string Trace, double[] Percent)> charted = [];
        foreach (Trace trace in traces)
        {
            string[] keys = KeysOf(trace);
            byte[][] values = Enumerable.Repeat(new byte[1], keys.Length).ToArray();
            foreach (int entries in SizesOf(trace))
            {
                progress.Step($"{trace.Name}, {entries} entries");
                double exact = Percent(ExactLru.Hits(trace.Keys, trace.KeyCount, entries), trace);
                double[] found = [.. PeerSet.WithLimit.Select(PercentOf)];
                double scanResistantly = PercentOf(PeerSet.ScanResistant);
                below.Add(exact - found[0]);
                scanResistance.Add(trace.Name, $"{Format.Count(entries)} entries", found[0], scanResistantly, found[Array.IndexOf(PeerSet.WithLimit, PeerSet.Lfu)]);
                if (entries == Middle(trace))
                {
                    charted.Add(($"{trace.Name}\n@{Format.Count(entries)}", [found[0], scanResistantly, .. found[1..], exact]));
                }

                table.Row([trace.Name, Format.Count(entries), Two(exact), Two(found[0]), Format.Points(exact - found[0]), IsMet(exact - found[0], PointsByEntries), .. found[1..].Select(Two)]);

                double PercentOf(string name)
                {
                    using Peer peer = PeerSet.Make(name, entries, valueLength: 1, inForeground: true);
                    return Percent(peer.Replay(trace.Keys, keys, values), trace);
                }
            }
        }

        section.Heading("Hit ratios by entries");
        JudgeWorst(section, "below exact LRU by entries, worst cell, points", below, PointsByEntries);
        section.Table(table);
        section.Paragraph($"{MemoryIsARace} {PeerSet.Lfu} does not admit a key that is asked for less often than what would have to go (TinyLFU), by design: where requests are for what was new a moment ago, it is below exact LRU, and where popularity lasts, above.");
        string[] series = [PeerSet.Bounded, PeerSet.ScanResistant, .. others, "exact LRU"];
        section.Chart(new Chart(
            "hitratio",
            "Hits in 100 requests, each trace at its middle size",
            "%",
            [.. charted.Select(of => of.Trace)],
            [.. series.Select((name, index) => new Series(name, [.. charted.Select(of => of.Percent[index])]))]));

        static int Middle(Trace trace) => SizesOf(trace)[SizesOf(trace).Length / 2];
    }

    private static void ByBytes(IReadOnlyList<Trace> traces, Trace[] sized, Progress progress, Section section, ScanResistance scanResistance)
    {
        Table table = new("Trace", "Room for", "MaxEntries", "Exact LRU %", "Ours %", "Points below", "Within 1", PeerSet.Memory + " %");
        List<double> below = [];
        foreach (Trace trace in traces)
        {
            string[] keys = KeysOf(trace);
            byte[][] values = Enumerable.Repeat(new byte[EqualValue], keys.Length).ToArray();
            long charge = ChargeOf(keys[^1].Length, EqualValue);
            foreach (int room in Rooms)
            {
                progress.Step($"{trace.Name}, room for {room} equal values");
                double memory = MemoryPercent(trace, keys, values, (long)room * EqualValue);
                foreach (int maxEntries in new[] { DefaultMaxEntries, int.MaxValue })
                {
                    double exact = Percent(ExactLru.Hits(trace.Keys, trace.KeyCount, Math.Min(room, maxEntries)), trace);
                    double ours = OursPercent(trace, keys, values, maxEntries, room * charge, EvictionPolicy.Lru);
                    Row(trace, $"{Format.Count(room)} equal values", maxEntries, exact, ours, memory);

                    // The policy charges each entry a little more: the same values are to fit.
                    long scanCharge = ChargeOf(keys[^1].Length, EqualValue, EvictionPolicy.ScanResistant);
                    scanResistance.Add(trace.Name, $"{Format.Count(room)} equal values{Beside(maxEntries)}", ours, OursPercent(trace, keys, values, maxEntries, room * scanCharge, EvictionPolicy.ScanResistant));
                }
            }
        }

        foreach (Trace trace in sized)
        {
            string[] keys = KeysOf(trace);
            uint[] sizeOf = KnownAnswers.SizeOf(trace.Keys, trace.Sizes!, trace.KeyCount);

            // Entries of one size share their array: what is held is the same, and the machine need not have the memory.
            Dictionary<uint, byte[]> bySize = sizeOf.Distinct().ToDictionary(size => size, size => new byte[size]);
            byte[][] values = [.. sizeOf.Select(size => bySize[size])];
            long overhead = ChargeOf(keys[^1].Length, 0);
            for (int step = 1; step <= 8; step++)
            {
                long maxBytes = step * (128L << 20);
                progress.Step($"{trace.Name}, {maxBytes >> 20} MiB");
                double memory = MemoryPercent(trace, keys, values, maxBytes);
                foreach (int maxEntries in new[] { DefaultMaxEntries, int.MaxValue })
                {
                    double exact = Percent(ExactLru.Hits(trace.Keys, trace.KeyCount, maxEntries, maxBytes, key => overhead + ((sizeOf[key] + 7) & ~7L)), trace);
                    double ours = OursPercent(trace, keys, values, maxEntries, maxBytes, EvictionPolicy.Lru);
                    Row(trace, $"{maxBytes >> 20} MiB", maxEntries, exact, ours, memory);
                    scanResistance.Add(trace.Name, $"{maxBytes >> 20} MiB{Beside(maxEntries)}", ours, OursPercent(trace, keys, values, maxEntries, maxBytes, EvictionPolicy.ScanResistant));
                }
            }
        }

        section.Heading("Hit ratios by bytes");
        section.Paragraph($"Equal values are of {Format.Count(EqualValue)} bytes. Exact LRU charges what this cache charges, with key and bookkeeping; {PeerSet.Memory}, which counts values only, has room for as many values. Those of BitFaster have no limit of bytes.");
        JudgeWorst(section, "below exact LRU by bytes, worst cell, points", below, PointsByBytes);
        section.Table(table);
        section.Paragraph(MemoryIsARace);

        void Row(Trace trace, string room, int maxEntries, double exact, double ours, double memory)
        {
            below.Add(exact - ours);
            table.Row(
                trace.Name,
                room,
                maxEntries == int.MaxValue ? "int.MaxValue" : Format.Count(maxEntries),
                Two(exact),
                Two(ours),
                Format.Points(exact - ours),
                IsMet(exact - ours, PointsByBytes),
                Two(memory));
        }
    }

    private static void JudgeWorst(Section section, string name, List<double> below, double target)
    {
        if (below.Count > 0)
        {
            section.Judge([new Figure(name, Quartiles.Of([below.Max()]), Target.AtMost(target), $"{below.Count(points => points <= target)} of {below.Count} cells within")]);
        }
    }

    private static double OursPercent(Trace trace, string[] keys, byte[][] values, int maxEntries, long maxBytes, EvictionPolicy policy)
    {
        using BoundedDistributedCache cache = PeerSet.MakeBounded(maxEntries, maxBytes, policy: policy);
        using Peer<BoundedCalls> peer = new(PeerSet.Bounded, new BoundedCalls(cache, Workload.Never));
        return Percent(peer.Replay(trace.Keys, keys, values), trace);
    }

    private static double MemoryPercent(Trace trace, string[] keys, byte[][] values, long maxBytes)
    {
        using Peer<MemoryCalls> peer = new(PeerSet.Memory, new MemoryCalls(PeerSet.MakeMemory(maxBytes), Workload.Never));
        return Percent(peer.Replay(trace.Keys, keys, values), trace);
    }

    /// <summary>Keys of one length, so that equal values have equal charges.</summary>
    private static string[] KeysOf(Trace trace) =>
        [.. Enumerable.Range(0, trace.KeyCount).Select(key => key.ToString("D10", CultureInfo.InvariantCulture))];

    /// <summary>What the cache itself says that one entry takes.</summary>
    private static long ChargeOf(int keyLength, int valueLength, EvictionPolicy policy = EvictionPolicy.Lru)
    {
        using BoundedDistributedCache cache = PeerSet.MakeBounded(10, policy: policy);
        cache.Set(new string('k', keyLength), new byte[valueLength], Workload.Never);
        return cache.SizeBytes;
    }

    private static string Beside(int maxEntries) => maxEntries == int.MaxValue ? "" : $", {Format.Count(maxEntries)} entries";

    private static double Percent(long hits, Trace trace) => 100.0 * hits / trace.Keys.Length;

    private static string Two(double percent) => percent.ToString("F2", CultureInfo.InvariantCulture);

    private static string IsMet(double below, double target) => below <= target ? "yes" : "**no**";
}
