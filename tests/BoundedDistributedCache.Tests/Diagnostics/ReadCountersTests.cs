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

    [LongFact]
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

    [LongFact]
    public void WhatEndedThreadsCountedStaysAndTheirCellsServeOthers()
    {
        var counters = new ReadCounters();
        for (var i = 1; i <= 2_000; i++)
        {
            Concurrently.Run(1, _ => Count(counters, hits: 1, misses: 1));
            Assert.Equal((i, i), counters.Read());
        }

        // As many as the process has threads at once, and as many again.
        Assert.InRange(Cells(counters), 1, 400);
    }

    [LongFact]
    public void NoTwoThreadsThatRunAtOnceHaveOneNumber()
    {
        for (var round = 0; round < 50; round++)
        {
            // Every other time more than have ended, so that some take a number that nobody had.
            var numbers = new int[round % 2 == 0 ? 20 : 40 + round];
            using var all = new Barrier(numbers.Length);
            Concurrently.Run(numbers.Length, thread =>
            {
                all.SignalAndWait(TestContext.Current.CancellationToken);
                numbers[thread] = ThreadNumber.GetOrTake();
                all.SignalAndWait(TestContext.Current.CancellationToken);
                Assert.Equal(numbers[thread], ThreadNumber.OrNone);
            });

            Assert.Equal(numbers.Length, numbers.Distinct().Count());
            Assert.DoesNotContain(0, numbers);
        }
    }

    [Fact]
    public void CountingAllocatesNothingOnceAThreadIsKnown()
    {
        var counters = new ReadCounters();

        Assert.Equal(0, Allocated.By(() => Count(counters, hits: 100, misses: 100)));
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

    private static void Count(ReadCounters counters, int hits, int misses)
    {
        for (var i = 0; i < hits; i++)
            counters.Hit();
        for (var i = 0; i < misses; i++)
            counters.Miss();
    }

    private static int Cells(ReadCounters counters) => ((object?[])typeof(ReadCounters)
        .GetField("_cells", BindingFlags.Instance | BindingFlags.NonPublic)!.GetValue(counters)!).Count(cell => cell is not null);
}
