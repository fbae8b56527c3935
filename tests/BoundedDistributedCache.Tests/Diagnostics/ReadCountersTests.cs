using System.Collections;
using System.Reflection;
using System.Runtime.CompilerServices;
using BoundedCache.Diagnostics;
using BoundedCache.Tests.Support;

namespace BoundedCache.Tests.Diagnostics;

public sealed class ReadCountersTests
{
    [Fact]
    public void TellsHitsFromMisses()
    {
        var counters = new ReadCounters();
        Assert.Equal((0, 0), counters.Read());

        Count(counters, hits: 3, misses: 2);

        Assert.Equal((3, 2), counters.Read());
    }

    [Fact]
    public void EachCountsForItself()
    {
        var all = Enumerable.Range(0, 50).Select(_ => new ReadCounters()).ToArray();

        for (var i = 0; i < all.Length; i++)
            Count(all[i], hits: i, misses: 1);
        for (var i = 0; i < all.Length; i++)
            Count(all[i], hits: 1, misses: i);

        Assert.Equal(Enumerable.Range(0, 50).Select(i => (i + 1L, i + 1L)), all.Select(counters => counters.Read()));
    }

    [Fact]
    public void IsExactOnceTheThreadsAreQuiet()
    {
        var counters = new ReadCounters();
        Concurrently.During(
            () => Concurrently.Run(20, _ => Count(counters, hits: 10_000, misses: 3_000)),
            () => Assert.InRange(counters.Read().Hits, 0, 200_000));

        Assert.Equal((200_000, 60_000), counters.Read());
    }

    [Fact]
    public void WhatIsCountedNeverDecreases()
    {
        var counters = new ReadCounters();
        var last = 0L;

        Concurrently.During(
            () =>
            {
                for (var i = 0; i < 200; i++)
                    Concurrently.Run(1, _ => Count(counters, hits: 100, misses: 0));
            },
            () =>
            {
                var hits = counters.Read().Hits;
                Assert.InRange(hits, last, 20_000);
                last = hits;
            });

        Assert.Equal(20_000, counters.Read().Hits);
    }

    [Fact]
    public void WhatEndedThreadsCountedStaysButTheirCellsGo()
    {
        var counters = new ReadCounters();
        Concurrently.Run(50, _ => Count(counters, hits: 1, misses: 1));

        Assert.Equal((50, 50), counters.Read());
        Assert.Equal(0, Cells(counters));
        Assert.Equal((50, 50), counters.Read());
    }

    [Fact]
    public void ThreadsThatComeAndGoLeaveFewCellsThoughNobodyReads()
    {
        var counters = new ReadCounters();
        for (var i = 0; i < 500; i++)
            Concurrently.Run(1, _ => counters.Hit());

        Assert.InRange(Cells(counters), 0, 32);
        Assert.Equal((500, 0), counters.Read());
    }

    [Fact]
    public void CountingAllocatesNothingOnceAThreadIsKnown()
    {
        var counters = new ReadCounters();

        Assert.Equal(0, Allocated.By(() => Count(counters, hits: 100, misses: 100)));
    }

    // This thread's table still has the cells of those that were collected.
    [Fact]
    public void ANumberIsUsedAgainAndCountsFromZero()
    {
        var old = MakeAndDrop(100);
        GC.Collect();
        GC.WaitForPendingFinalizers();

        var latest = Enumerable.Range(0, 100).Select(_ => new ReadCounters()).ToArray();

        Assert.NotEmpty(old.Intersect(latest.Select(Number)));
        Assert.All(latest, counters => Assert.Equal((0, 0), counters.Read()));
        Assert.All(latest, counters => Count(counters, hits: 1, misses: 2));
        Assert.All(latest, counters => Assert.Equal((1, 2), counters.Read()));
        Assert.Equal(latest.Length, latest.Select(Number).Distinct().Count());
    }

    [Fact]
    public void AThreadThatCountedKeepsNothingAlive()
    {
        var counters = MakeAndForget();
        GC.Collect();
        GC.WaitForPendingFinalizers();
        GC.Collect();

        Assert.False(counters.IsAlive);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static WeakReference MakeAndForget()
    {
        var counters = new ReadCounters();
        counters.Hit();
        return new WeakReference(counters);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static int[] MakeAndDrop(int count)
    {
        var all = Enumerable.Range(0, count).Select(_ => new ReadCounters()).ToArray();
        Array.ForEach(all, counters => Count(counters, hits: 7, misses: 7));
        return Array.ConvertAll(all, Number);
    }

    private static void Count(ReadCounters counters, int hits, int misses)
    {
        for (var i = 0; i < hits; i++)
            counters.Hit();
        for (var i = 0; i < misses; i++)
            counters.Miss();
    }

    private static int Number(ReadCounters counters) => (int)Field(counters, "_number");

    private static int Cells(ReadCounters counters) => ((ICollection)Field(counters, "_cells")).Count;

    private static object Field(ReadCounters counters, string name) =>
        typeof(ReadCounters).GetField(name, BindingFlags.Instance | BindingFlags.NonPublic)!.GetValue(counters)!;
}
