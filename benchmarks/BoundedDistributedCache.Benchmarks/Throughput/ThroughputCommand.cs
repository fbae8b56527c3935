using BoundedCache.Benchmarks.Measuring;
using BoundedCache.Benchmarks.Peers;
using BoundedCache.Benchmarks.Reporting;
using BoundedCache.Benchmarks.Workloads;

namespace BoundedCache.Benchmarks.Throughput;

/// <summary>Operations per second of all peers, over threads, mixes and distributions; and the ratios that have a target.</summary>
internal static class ThroughputCommand
{
    private static readonly Mix[] Mixes = [Mix.ReadOnly, Mix.Reads90, Mix.Reads50, Mix.NewKeys];

    public static Section Run(Scale scale)
    {
        Figures figures = new(scale);
        (string Name, Func<IEnumerable<Figure>> Measure)[] judged =
        [
            ("get hit", figures.GetHit),
            ("get hit, sliding", figures.GetHitSliding),
            ("get async hit", figures.GetAsyncHit),
            ("counting", figures.Counting),
            ("try get, 100 B", figures.TryGet),
            ("try get, 16 KB", figures.TryGetLarge),
            ("two threads", figures.TwoThreads),
            ("90/10, two threads", figures.Mixed),
            ("set existing", figures.SetExisting),
            ("set new", figures.SetNew),
            ("set new, more entries", figures.SetNewMiddle),
            ("get hit, many entries", figures.GetHitLarge),
            ("scan resistance", figures.ScanResistance),
        ];
        Load[] loads = Loads(scale);
        Progress progress = new("throughput", judged.Length + (loads.Length * Mixes.Length * scale.ThreadCounts.Count()));

        Section section = new("throughput");
        List<Figure> found = [];
        foreach ((string name, Func<IEnumerable<Figure>> measure) in judged)
        {
            progress.Step(name);
            found.AddRange(measure());
        }

        section.Paragraph($"{Format.Count(scale.Entries)} entries where nothing else is said, keys of {Workload.KeyLength} characters, values of {Workload.Value.Length} bytes, Zipf {Workload.Skew}; {scale.Rounds} rounds, or as many more as it takes for each to begin as often as the others. What is asked for is never the instance that a cache holds, but another with the same characters, as in a web request: nobody's comparison ends at the reference. A ratio is taken in each round; of times (at most) ours over theirs, of throughput (at least) the same way. Everybody has room for exactly what is to be held, here and below; {PeerSet.Memory}, which rejects at its limit, for twice as much.");
        section.Judge(found);

        section.Heading("Operations per second");
        section.Paragraph($"Medians. In mixes what is written exists already; new keys are set in a cache that is full, {PeerSet.Memory} with no more room than the others. *Refused*: the peer did not hold what it had been given, so its time would be that of something else. {PeerSet.Lfu} admits a new key only if it is asked for more often than what would have to go (TinyLFU), by design: in small caches it does not hold what was set last.");
        Table table = new([.. new[] { "Load", "Threads" }, .. PeerSet.All]);
        Table ratios = new([.. new[] { "Load", "Threads" }, .. PeerSet.All[1..]]);
        List<(string Group, double[] PerSecond)> charted = [];
        List<string> refusals = [];
        foreach (Load load in loads)
        {
            Measure(load, scale, progress, (table, ratios), charted, refusals);
        }

        section.Table(table);
        if (refusals.Count > 0)
        {
            section.Paragraph(string.Join(Environment.NewLine, refusals.Distinct().Select(refusal => "- " + refusal)));
        }

        section.Heading("The same beside the peers");
        section.Paragraph("Operations per second of this provider as a multiple of the peer's (above 1: this one is faster), taken in each round: median, and in brackets the quartiles. The first row is the load of the judged `get-hit`, with the same room for everybody, but taken minutes later, and with six who take turns instead of three, so that each finds the processor's caches colder when its turn comes. By how much the two differ beyond their quartiles tells how far any of these figures can be trusted on this machine.");
        section.Table(ratios);

        section.Chart(new Chart(
            "throughput",
            $"{loads[0].Name}: million operations per second",
            "M/s",
            [.. charted.Select(bar => bar.Group)],
            [.. PeerSet.All.Select((name, peer) => new Series(name, [.. charted.Select(bar => bar.PerSecond[peer] / 1e6)]))]));
        progress.End();
        return section;
    }

    private static Load[] Loads(Scale scale) =>
    [
        new($"Zipf, {Format.Count(scale.Entries)} entries", scale.Entries, IsOneKey: false),
        new($"Zipf, {Format.Count(scale.LargeEntries)} entries", scale.LargeEntries, IsOneKey: false),
        new("one hot key", 1_000, IsOneKey: true),
        new("Zipf, 200 entries, exact order", 200, IsOneKey: false),
        new("Zipf, 1,000 entries", 1_000, IsOneKey: false),
    ];

    private static void Measure(Load load, Scale scale, Progress progress, (Table PerSecond, Table Ratios) tables, List<(string Group, double[] PerSecond)> charted, List<string> refusals)
    {
        string[] keys = Workload.Keys(load.Entries);
        int most = scale.ThreadCounts.Max();
        foreach (Mix mix in Mixes)
        {
            if (mix == Mix.NewKeys && load.IsOneKey)
            {
                foreach (int threads in scale.ThreadCounts)
                {
                    progress.Step("one hot key has no new ones");
                }

                continue;
            }

            string[][] requests = mix == Mix.NewKeys
                ? new string[most][]
                : Workload.Requests(load.IsOneKey ? keys[..1] : keys, most, Work.Operations(mix, scale), Work.WriteEvery(mix));
            foreach (int threads in scale.ThreadCounts)
            {
                progress.Step($"{load.Name}, {NameOf(mix)}, threads: {threads}");
                (double[] perSecond, Quartiles?[] ratios) = PerSecond(load, mix, keys, requests[..threads], scale, refusals);
                tables.Ratios.Row([$"{load.Name}, {NameOf(mix)}", $"{threads}", .. ratios[1..].Select((ratio, peer) => ratio is { } of ? $"{Format.Ratio(of.Median)} ({Format.Ratio(of.Lower)} to {Format.Ratio(of.Upper)})" : double.IsNaN(perSecond[peer + 1]) ? "refused" : "")]);
                tables.PerSecond.Row([$"{load.Name}, {NameOf(mix)}", $"{threads}", .. perSecond.Select(value => double.IsNaN(value) ? "refused" : value == 0 ? "" : Format.Millions(value))]);
                if (charted.Count < Mixes.Length * scale.ThreadCounts.Count())
                {
                    charted.Add(($"{NameOf(mix)}\n{threads} {(threads == 1 ? "thread" : "threads")}", perSecond));
                }
            }
        }
    }

    /// <returns>
    /// A value a peer, not a number where it was refused, zero where it does not take part; and ours as a multiple of it.
    /// </returns>
    private static (double[] PerSecond, Quartiles?[] Ratios) PerSecond(Load load, Mix mix, string[] keys, string[][] work, Scale scale, List<string> refusals)
    {
        int operations = Work.Operations(mix, scale);
        double[] perSecond = new double[PeerSet.All.Length];
        Quartiles?[] ratios = new Quartiles?[PeerSet.All.Length];
        List<(int Index, Peer Peer)> taking = [];
        try
        {
            foreach ((int index, string name) in PeerSet.All.Index())
            {
                // Without a limit there is no capacity to set new keys at.
                if (mix == Mix.NewKeys && name == PeerSet.Dictionary)
                {
                    continue;
                }

                // At capacity all have the same.
                Peer peer = PeerSet.Make(name, mix == Mix.NewKeys ? load.Entries : PeerSet.Room(name, load.Entries));
                taking.Add((index, peer));
                foreach (string key in keys)
                {
                    peer.Set(key, Workload.Value);
                }
            }

            IReadOnlyList<Times> times = Contest.Run(
                [.. taking.Select(who => Work.Contestant(who.Peer, mix, work))],
                scale,
                mix == Mix.NewKeys ? () => Work.Renew(work, operations) : null);
            foreach (((int index, Peer peer), Times of) in taking.Zip(times))
            {
                perSecond[index] = of.Refusal is null ? operations * work.Length / of.Median * 1e9 : double.NaN;
                ratios[index] = of.Refusal is null ? Quartiles.Of(of.Over(times[0])) : null;
                if (of.Refusal is not null)
                {
                    refusals.Add($"{peer.Name}, {load.Name}, {NameOf(mix)}: {of.Refusal}.");
                }
            }

            return !double.IsNaN(perSecond[0])
                ? (perSecond, ratios)
                : throw new RefusedException($"{PeerSet.Bounded} {times[0].Refusal}: it must not be.");
        }
        finally
        {
            taking.ForEach(who => who.Peer.Dispose());
        }
    }

    private static string NameOf(Mix mix) => mix switch
    {
        Mix.ReadOnly => "read-only",
        Mix.Reads90 => "90/10",
        Mix.Reads50 => "50/50",
        _ => "new keys",
    };

    private sealed record Load(string Name, int Entries, bool IsOneKey);
}
