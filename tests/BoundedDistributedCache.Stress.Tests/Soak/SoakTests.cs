using System.Diagnostics;

namespace BoundedCache.Stress.Tests.Soak;

/// <summary>
/// Random load of every kind on caches of every kind, in rounds. Throughout, every answer and every bound is checked;
/// after each round, when all is quiet, the whole structure and the statistics; after each lap over all shapes, with
/// the caches emptied, that neither heap nor threads grew.
/// </summary>
[Collection(nameof(RunsAlone))]
public sealed class SoakTests
{
    private const long HeapTolerance = 256 * 1024;
    private const int ThreadTolerance = 10;

    private static readonly int WorkersPerRig = Math.Max(4, Environment.ProcessorCount);

    private readonly SoakPlan _plan = SoakPlan.FromEnvironment();
    private readonly Stopwatch _elapsed = Stopwatch.StartNew();
    private readonly int[] _collectionsBefore = [GC.CollectionCount(0), GC.CollectionCount(1), GC.CollectionCount(2)];
    private readonly List<(long Heap, int Threads)> _laps = [];
    private long _samples;
    private int _rounds;

    [Fact]
    public async Task UnderRandomLoadNothingIsLostExceededOrLeaked()
    {
        Random random = new(_plan.Seed);
        List<SoakRig> rigs = [.. SoakShape.All.Select(shape => new SoakRig(shape, WorkersPerRig, random))];
        Say($"Seed {_plan.Seed}, {_plan.Duration.TotalMinutes:0.##} minutes in rounds of {_plan.Round.TotalSeconds:0.##} s, {WorkersPerRig} workers, {Environment.ProcessorCount} processors.");
        try
        {
            while (_laps.Count < 2 || _elapsed.Elapsed < _plan.Duration)
            {
                foreach (SoakRig rig in rigs)
                {
                    TestContext.Current.CancellationToken.ThrowIfCancellationRequested();
                    await RoundAsync(rig, random);
                }

                EndLap(rigs);
            }

            Summarize(rigs);
            Assert.InRange(_laps[^1].Heap, 0, _laps[0].Heap + HeapTolerance);
            Assert.InRange(_laps[^1].Threads, 0, _laps[0].Threads + ThreadTolerance);
        }
        finally
        {
            rigs.ForEach(rig => rig.Dispose());
        }
    }

    private void Say(string line)
    {
        if (_plan.IsWatched)
        {
            Console.WriteLine(line);
        }
        else
        {
            TestContext.Current.TestOutputHelper!.WriteLine(line);
        }
    }

    private async Task RoundAsync(SoakRig rig, Random random)
    {
        try
        {
            await rig.StartAsync();
            Load(rig, new Random(random.Next()), new Random(random.Next()));
            await rig.StopAsync();
            CheckQuiet(rig);
            _rounds++;
        }
        catch (Exception exception)
        {
            throw new InvalidOperationException(
                $"Round {_rounds + 1}, \"{rig.Shape.Name}\". To draw the same operations again: BOUNDED_CACHE_SOAK_SEED={_plan.Seed}.",
                exception);
        }
    }

    private void Load(SoakRig rig, Random disturbing, Random collecting)
    {
        using Crew crew = new(_plan.Round);
        foreach (SoakWorker worker in rig.Workers)
        {
            crew.Add(worker.Work);
        }

        crew.Add(running =>
        {
            while (running())
            {
                rig.CheckBounds();
                _samples++;
                if (_samples % 1_000 == 0)
                {
                    Assert.InRange(rig.Cache.GetStatistics().HitRatio, 0, 1);
                    Assert.All(rig.NamedPartitions, each => Assert.InRange(rig.Admin.GetTenantStatistics(rig.TenantId(each)!).HitRatio, 0, 1));
                }
            }
        });
        crew.Add(running =>
        {
            while (running())
            {
                rig.Disturb(disturbing);
                Thread.Sleep(disturbing.Next(20));
            }
        });
        crew.Add(running => PressHeap(collecting, running));
        crew.Run();
    }

    /// <summary>Makes objects of all sizes, keeps some for a while, and has them collected in all the ways that there are.</summary>
    private static void PressHeap(Random random, Func<bool> running)
    {
        byte[][] kept = new byte[256][];
        while (running())
        {
            for (int i = 0; i < 200; i++)
            {
                kept[random.Next(kept.Length)] = new byte[random.Next(random.Next(50) == 0 ? 200_000 : 2_000)];
            }

            // Blocking: others are repeated by the runtime, for seconds, where one in the background gets no processor to end on.
            GC.Collect(random.Next(3), GCCollectionMode.Forced, blocking: true, compacting: random.Next(4) == 0);
            Thread.Sleep(random.Next(10));
        }
    }

    private static void CheckQuiet(SoakRig rig)
    {
        // Limits that were lowered last are reached by a sweep.
        rig.Cache.RemoveExpired();
        rig.CheckBounds();
        Integrity.Check(rig.Cache);
        rig.Checker.ReadAll();
        Integrity.Check(rig.Cache);

        CacheStatistics statistics = rig.Cache.GetStatistics();
        SoakCounts total = default;
        for (int partition = 0; partition < rig.Shape.Partitions; partition++)
        {
            total.Add(CountsOf(rig, partition));
        }

        Assert.Equal((rig.Cache.Count, rig.Cache.SizeBytes), (statistics.Entries, statistics.Bytes));
        CheckStatistics(statistics, total);
        foreach (int partition in rig.NamedPartitions)
        {
            CheckStatistics(rig.Admin.GetTenantStatistics(rig.TenantId(partition)!), CountsOf(rig, partition));
        }

        if (rig.Shape.IsRoomy)
        {
            Assert.Equal(statistics.EvictionsExpired, statistics.Evictions);
            Assert.InRange(Replaced(statistics), total.Replaced, total.Replaced + total.PerhapsReplaced);
            (int Least, int Most)[] known = [.. rig.Workers.Select(worker => worker.KnownToBeThere())];
            Assert.InRange(statistics.Entries, known.Sum(worker => worker.Least), known.Sum(worker => worker.Most));
        }
    }

    private static void CheckStatistics(CacheStatistics statistics, SoakCounts counts)
    {
        Assert.Equal((counts.Hits, counts.Misses), (statistics.Hits, statistics.Misses));
        Assert.InRange(
            statistics.Sets + statistics.Rejections,
            counts.Sets - counts.SetsInVain - counts.SetsPerhapsInVain,
            counts.Sets - counts.SetsInVain);
        Assert.InRange(Replaced(statistics), 0, statistics.Sets);
    }

    /// <summary>What was stored and is neither held, nor was removed or evicted, was overwritten.</summary>
    private static long Replaced(CacheStatistics statistics) =>
        statistics.Sets - statistics.Entries - statistics.Removals - statistics.Evictions;

    private static SoakCounts CountsOf(SoakRig rig, int partition)
    {
        SoakCounts sum = rig.Checker.CountsOf(partition);
        foreach (SoakWorker worker in rig.Workers)
        {
            sum.Add(worker.CountsOf(partition));
        }

        return sum;
    }

    private void EndLap(List<SoakRig> rigs)
    {
        long held = rigs.Sum(rig => rig.Cache.SizeBytes);
        foreach (SoakRig rig in rigs)
        {
            long entries = rig.Cache.Count;
            CacheStatistics before = rig.Cache.GetStatistics();
            rig.Cache.Clear();
            rig.Cache.RemoveExpired();
            CacheStatistics after = rig.Cache.GetStatistics();
            Assert.Equal((0, 0L), (rig.Cache.Count, rig.Cache.SizeBytes));
            Assert.Equal(entries, after.Removals - before.Removals);
            Assert.Empty(Integrity.Check(rig.Cache));
            foreach (SoakWorker worker in rig.Workers)
            {
                worker.NoteEmptied();
            }
        }

        _laps.Add((Heap(), Threads()));
        TimeSpan left = _plan.Duration - _elapsed.Elapsed;
        long operations = Operations(rigs);
        Say($"{(left > TimeSpan.Zero ? left : TimeSpan.Zero):mm\\:ss} left; lap {_laps.Count}, round {_rounds}; {operations:N0} operations, "
            + $"{operations / _elapsed.Elapsed.TotalSeconds:N0} a second; {held:N0} bytes were held; emptied, the heap has {_laps[^1].Heap:N0}; {_laps[^1].Threads} threads.");
    }

    private void Summarize(List<SoakRig> rigs)
    {
        Say($"Seed {_plan.Seed}: {_rounds} rounds in {_elapsed.Elapsed.TotalMinutes:0.0} minutes, {Operations(rigs):N0} operations, "
            + $"{_samples:N0} samples of the bounds, {2 * _rounds} walks through the structure, "
            + $"collections {GC.CollectionCount(0) - _collectionsBefore[0]:N0} / {GC.CollectionCount(1) - _collectionsBefore[1]:N0} / {GC.CollectionCount(2) - _collectionsBefore[2]:N0}. "
            + $"Emptied heap from {_laps[0].Heap:N0} to {_laps[^1].Heap:N0} bytes (at most {_laps.Max(lap => lap.Heap):N0}), threads from {_laps[0].Threads} to {_laps[^1].Threads}.");
        foreach (SoakRig rig in rigs)
        {
            CacheStatistics statistics = rig.Cache.GetStatistics();
            Say($"  {rig.Shape.Name}: {statistics.Hits:N0} hits, {statistics.Misses:N0} misses, {statistics.Sets:N0} sets, {statistics.Removals:N0} removals, "
                + $"{statistics.Rejections:N0} rejections, {Replaced(statistics):N0} overwritten, evicted {statistics.EvictionsForEntries:N0} for entries, "
                + $"{statistics.EvictionsForBytes:N0} for bytes, {statistics.EvictionsForTenantLimit:N0} for a tenant's limit, {statistics.EvictionsExpired:N0} expired; "
                + $"{statistics.LastSweep?.Number:N0} sweeps.");
        }
    }

    private static long Operations(List<SoakRig> rigs) =>
        rigs.Sum(rig => Enumerable.Range(0, rig.Shape.Partitions).Sum(partition => CountsOf(rig, partition).Operations));

    private static long Heap()
    {
        for (int i = 0; i < 3; i++)
        {
            GC.Collect();
            GC.WaitForPendingFinalizers();
        }

        return GC.GetTotalMemory(forceFullCollection: true);
    }

    private static int Threads()
    {
        using Process process = Process.GetCurrentProcess();
        return process.Threads.Count;
    }
}
