using System.Diagnostics;
using BoundedCache.Benchmarks.Measuring;
using BoundedCache.Benchmarks.Peers;
using BoundedCache.Benchmarks.Reporting;
using BoundedCache.Benchmarks.Workloads;

namespace BoundedCache.Benchmarks.Latency;

/// <summary>How long single operations take while a large, full cache churns. Shown, not judged: the scheduler takes part.</summary>
internal static class LatencyCommand
{
    private const int Threads = 2;
    private const int WriteEvery = 5;

    private static readonly double[] Percentiles = [50, 90, 99, 99.9, 99.99];
    private static readonly string[] Peers = [PeerSet.Bounded, PeerSet.Memory, PeerSet.Lru];

    public static Section Run(Scale scale)
    {
        Progress progress = new("latency", Peers.Length);
        Table table = new([.. new[] { "", "Operation" }, .. Percentiles.Select(percent => FormattableString.Invariant($"{percent} %"))]);
        foreach (string name in Peers)
        {
            progress.Step(name);
            (Histogram reads, Histogram writes) = Measure(name, scale);
            table.Row([name, "read", .. Percentiles.Select(percent => Microseconds(reads, percent))]);
            table.Row([name, "set of a new key", .. Percentiles.Select(percent => Microseconds(writes, percent))]);
        }

        progress.End();
        return new Section("latency")
            .Paragraph($"{Threads} threads on a full cache of {Format.Count(scale.LargeEntries)} entries; one operation in {WriteEvery} sets a new key, the others read by Zipf {Workload.Skew} and may miss. Microseconds, with what it takes to look at the clock; not judged, for what stands at the right is the scheduler's and the collector's. {PeerSet.Memory} rejects part of what it is given at its limit.")
            .Table(table);
    }

    private static (Histogram Reads, Histogram Writes) Measure(string name, Scale scale)
    {
        string[] keys = Workload.Keys(scale.LargeEntries);
        string[][] requests = Workload.Requests(keys, Threads, scale.Operations);
        using Peer peer = PeerSet.Make(name, scale.LargeEntries);
        foreach (string key in keys)
        {
            peer.Set(key, Workload.Value);
        }

        (Histogram reads, Histogram writes) = (new Histogram(), new Histogram());
        for (int round = 0; round <= scale.Rounds; round++)
        {
            string[][] fresh = [.. requests.Select(own => Workload.FreshKeys((own.Length / WriteEvery) + 1))];
            Histogram[] readsOf = [.. fresh.Select(_ => new Histogram())];
            Histogram[] writesOf = [.. fresh.Select(_ => new Histogram())];
            Team.Time(Threads, thread => Work(peer, requests[thread], fresh[thread], readsOf[thread], writesOf[thread]));

            // The first round warms up.
            if (round > 0)
            {
                Array.ForEach(readsOf, reads.Add);
                Array.ForEach(writesOf, writes.Add);
            }
        }

        return (reads, writes);
    }

    private static void Work(Peer peer, string[] requests, string[] fresh, Histogram reads, Histogram writes)
    {
        int written = 0;
        for (int i = 0; i < requests.Length; i++)
        {
            long start = Stopwatch.GetTimestamp();
            if (i % WriteEvery == 0)
            {
                peer.Set(fresh[written++], Workload.Value);
                writes.Add(Stopwatch.GetTimestamp() - start);
            }
            else
            {
                peer.Get(requests[i]);
                reads.Add(Stopwatch.GetTimestamp() - start);
            }
        }
    }

    private static string Microseconds(Histogram histogram, double percent) =>
        FormattableString.Invariant($"{histogram.Percentile(percent) * 1e6 / Stopwatch.Frequency:0.00} µs");
}
