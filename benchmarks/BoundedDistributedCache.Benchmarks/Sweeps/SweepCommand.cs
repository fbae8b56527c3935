using System.Diagnostics;
using BoundedCache.Benchmarks.Measuring;
using BoundedCache.Benchmarks.Peers;
using BoundedCache.Benchmarks.Reporting;
using BoundedCache.Benchmarks.Workloads;

namespace BoundedCache.Benchmarks.Sweeps;

/// <summary>How long a sweep takes, and what it costs those who read meanwhile.</summary>
internal static class SweepCommand
{
    private const double TargetMilliseconds = 5;

    public static Section Run(Scale scale)
    {
        int[] counts = [scale.Entries, scale.LargeEntries, scale.HugeEntries];
        Progress progress = new("sweeps", (counts.Length * 5) + 2);
        Table table = new("Entries", "Case", "Dropped", "Sweep", "Quartiles", "Per entry", "Allocated");
        List<Figure> figures = [];
        long baseline = AllocatedBySweepOfNothing();
        foreach (int count in counts)
        {
            progress.Step($"filling {Format.Count(count)} entries");
            using SweepLoad load = new(count);
            foreach ((string name, Action prepare, double share) in Cases(load))
            {
                progress.Step($"{Format.Count(count)} entries, {name}");
                (Quartiles times, int dropped, long allocated) = Measure(load, prepare, share, share == 0 ? scale.Rounds : Math.Min(3, scale.Rounds), scale.SweepWarmUp);
                allocated = Math.Max(0, allocated - baseline);
                table.Row(
                    Format.Count(count),
                    name,
                    Format.Count(dropped),
                    Milliseconds(times.Median),
                    $"{Milliseconds(times.Lower)} to {Milliseconds(times.Upper)}",
                    FormattableString.Invariant($"{times.Median * 1e6 / count:0.00} ns"),
                    $"{Format.Count(allocated)} B");
                if (count == scale.LargeEntries && name == NoneDue)
                {
                    figures.Add(new Figure($"sweep of {Format.Count(count)} live entries, none due, ms", times, Target.AtMost(TargetMilliseconds), Milliseconds(times.Median)));
                    figures.Add(new Figure("the same, bytes allocated beyond its record of itself", Quartiles.Of([allocated]), Target.AtMost(0), $"{allocated} B"));
                }
            }
        }

        Section section = new("sweeps");
        section.Paragraph("Half of the entries slide and half are absolute, at random; their slots were reordered by churn. Allocations are those beyond what a sweep of an empty cache allocates, which is its record for the statistics. Where none is due, no entry is looked at: a shard whose earliest due time lies ahead is passed over by that bound, and only its chunks (64 entries each) are asked for theirs, to set it anew; so that is a time for bounds and not for entries. Each case is tried for at least half a second after a full collection, and then timed.");
        section.Judge(figures);
        section.Table(table);
        section.Heading("Reads while a sweep runs");
        section.Table(Beside(scale, progress));
        progress.End();
        return section;
    }

    private const string NoneDue = "none due";

    private static IEnumerable<(string Name, Action Prepare, double Share)> Cases(SweepLoad load) =>
    [
        (NoneDue, load.MakeNoneDue, 0),
        ("every sliding entry due, but used since", load.MakeDueButUsed, 0),
        ("1 % expired", () => load.Expire(0.01), 0.01),
        ("50 % expired", () => load.Expire(0.5), 0.5),
    ];

    private static (Quartiles Milliseconds, int Dropped, long Allocated) Measure(SweepLoad load, Action prepare, double share, int rounds, TimeSpan warmUp)
    {
        // What was made before is not collected while this is timed; and the first round after another case is not like
        // the later ones.
        const int LeastWarmUps = 2;
        GC.Collect();
        GC.WaitForPendingFinalizers();
        long begin = Stopwatch.GetTimestamp();
        List<double> times = [];
        int dropped = 0;
        long allocated = long.MaxValue;
        for (int round = 0; times.Count < rounds; round++)
        {
            bool isWarm = round >= LeastWarmUps && Stopwatch.GetElapsedTime(begin) >= warmUp;
            prepare();
            long before = GC.GetAllocatedBytesForCurrentThread();
            long start = Stopwatch.GetTimestamp();
            dropped = load.Cache.RemoveExpired();
            double time = Stopwatch.GetElapsedTime(start).TotalMilliseconds;
            allocated = Math.Min(allocated, GC.GetAllocatedBytesForCurrentThread() - before);
            if (share == 0 != (dropped == 0))
            {
                throw new RefusedException($"a sweep dropped {dropped} entries where a share of {share} had expired");
            }

            if (share > 0)
            {
                load.Restore();
            }

            if (isWarm)
            {
                times.Add(time);
            }
        }

        return (Quartiles.Of(times), dropped, allocated);
    }

    private static long AllocatedBySweepOfNothing()
    {
        using BoundedDistributedCache empty = PeerSet.MakeBounded(10_000, clock: new ManualClock());
        long least = long.MaxValue;
        for (int i = 0; i < 100; i++)
        {
            long before = GC.GetAllocatedBytesForCurrentThread();
            empty.RemoveExpired();
            least = Math.Min(least, GC.GetAllocatedBytesForCurrentThread() - before);
        }

        return least;
    }

    /// <summary>One thread reads; another does nothing, sweeps where none is due, or makes the sweep that has most to look at.</summary>
    private static Table Beside(Scale scale, Progress progress)
    {
        Table table = new("One thread reads, another", "Reads", "Against none", "Quartiles");
        progress.Step("reads beside sweeps");
        using SweepLoad load = new(scale.LargeEntries);
        using Peer<BoundedCalls> peer = new(PeerSet.Bounded, new BoundedCalls(load.Cache, Workload.Never));
        string[] requests = Workload.Requests(load.Keys, 1, scale.Operations)[0];
        string[][] pieces = [.. requests.Chunk(Peer.Chunk)];
        IReadOnlyList<Times> times = Contest.Run(
            [
                new(
                    "does nothing",
                    () =>
                    {
                        UseAndSweep();
                        return Team.Time(1, _ => peer.Read(requests));
                    },
                    () => { }),
                new(
                    "sweeps without a pause, none due",
                    () =>
                    {
                        UseAndSweep();
                        return While(isOver =>
                        {
                            while (!isOver())
                            {
                                load.Cache.RemoveExpired();
                            }
                        });
                    },
                    () => { }),
                new(
                    "sweeps once, every sliding entry due, but used since",
                    () =>
                    {
                        load.MakeDueButUsed();
                        return DuringOne(() => load.Cache.RemoveExpired());
                    },
                    () => { }),
            ],
            scale);
        if (times.FirstOrDefault(of => of.Refusal is not null) is { } refused)
        {
            throw new RefusedException($"reads where another thread {refused.Name}: {refused.Refusal}");
        }

        foreach (Times of in times)
        {
            Quartiles ratio = Quartiles.Of(times[0].Over(of));
            table.Row(
                of.Name,
                Format.Millions(requests.Length / of.Median * 1e9),
                Format.Ratio(ratio.Median),
                $"{Format.Ratio(ratio.Lower)} to {Format.Ratio(ratio.Upper)}");
        }

        return table;

        // What the third needs leaves entries in the processor's caches; so the others do it too.
        void UseAndSweep()
        {
            load.MakeDueButUsed();
            load.Cache.RemoveExpired();
        }

        // As many reads as ever, while the other goes on until they are done.
        double While(Action<Func<bool>> other)
        {
            bool isOver = false;
            Thread thread = new(() => other(() => Volatile.Read(ref isOver)));
            thread.Start();
            try
            {
                return Team.Time(1, _ => peer.Read(requests));
            }
            finally
            {
                Volatile.Write(ref isOver, true);
                thread.Join();
            }
        }

        // As many reads as the other takes time for, and how long it would have been for all of them.
        double DuringOne(Action other)
        {
            using Barrier barrier = new(2);
            bool isOver = false;
            Thread thread = new(() =>
            {
                barrier.SignalAndWait();
                other();
                Volatile.Write(ref isOver, true);
            });
            thread.Start();
            barrier.SignalAndWait();
            int done = 0;
            double time = Team.Time(1, _ =>
            {
                do
                {
                    peer.Read(pieces[done++ % pieces.Length]);
                }
                while (!Volatile.Read(ref isOver));
            });
            thread.Join();
            return time * pieces.Length / done;
        }
    }

    private static string Milliseconds(double value) => FormattableString.Invariant($"{value:0.000} ms");
}
