using System.Runtime.CompilerServices;
using BoundedCache.Tests.Support;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Time.Testing;

namespace BoundedCache.Tests;

/// <summary>What <c>SizeBytes</c> says is what the process pays, and is given back. Alone, for the heap is shared.</summary>
[Collection(nameof(HeapTests))]
public sealed class HeapTests
{
    public static TheoryData<int, int, int, bool, bool, int> Cells
    {
        get
        {
            TheoryData<int, int, int, bool, bool, int> cells = [];
            int[] counts = TestScale.IsFull ? [10_000, 1_000_000, 4_000_000] : [10_000, 100_000];
            foreach (int count in counts)
            {
                foreach ((int keyLength, int valueLength) in new[] { (8, 0), (26, 100), (300, 100) })
                {
                    if (count >= 1_000_000 && keyLength == 300)
                    {
                        continue;
                    }

                    // The largest count takes the ordinary cell alone: the machine's memory ends before the others.
                    if (count < 4_000_000 || keyLength == 26)
                    {
                        cells.Add(count, keyLength, valueLength, false, false, 0);
                    }

                    if (count < 4_000_000)
                    {
                        cells.Add(count, keyLength, valueLength, true, true, 0);
                    }

                    if (count < 4_000_000 && valueLength == 100)
                    {
                        cells.Add(count, keyLength, valueLength, true, false, 7);
                        cells.Add(count, keyLength, valueLength, false, true, count / 10);
                    }
                }
            }

            cells.Add(10_000, 26, 16_384, false, true, 0);
            cells.Add(10_000, 26, 100, false, false, 10_000);
            return cells;
        }
    }

    [Theory]
    [MemberData(nameof(Cells))]
    public void TheHeapGrowsByWhatTheSizeSays(int count, int keyLength, int valueLength, bool slides, bool churned, int tenants)
    {
        // What every cache of the process shares is there already.
        Fill(TestCache.Make(count, long.MaxValue), 0, 1, keyLength, valueLength, slides, tenants);

        double ratio = GrowthToSize(() =>
        {
            BoundedDistributedCache cache = TestCache.Make(count, long.MaxValue);
            Fill(cache, 0, count, keyLength, valueLength, slides, tenants);
            if (churned)
            {
                Fill(cache, count, count, keyLength, valueLength, slides, tenants);
            }

            Assert.Equal(count, cache.Count);
            return cache;
        });

        Assert.InRange(ratio, 0.9, 1.1);
    }

    [Theory]
    [InlineData(10_000, 0)]
    [InlineData(10_000, 100)]
    [InlineData(100_000, 0)]
    [InlineData(100_000, 50)]
    public void TheHeapShrinksByWhatTheSizeSaysWhereEntriesExpireAtRandom(int count, int tenants)
    {
        FakeTimeProvider clock = new();
        Random random = new(1);
        Fill(TestCache.Make(count, long.MaxValue, clock), 0, 1, 8, 0, slides: true, tenants);

        double ratio = GrowthToSize(() =>
        {
            BoundedDistributedCache cache = TestCache.Make(count, long.MaxValue, clock);
            for (int i = 0; i < count; i++)
            {
                Fill(cache, i, 1, 8, 0, slides: true, tenants, hours: random.Next(2) == 0 ? 1 : 10);
            }

            clock.Advance(TimeSpan.FromHours(2));
            Assert.InRange(cache.RemoveExpired(), count / 3, 2 * count / 3);
            Integrity.Check(cache);
            return cache;
        });

        Assert.InRange(ratio, 0.9, 1.1);
    }

    [Theory]
    [InlineData(10_000, 26, 100, false, 0)]
    [InlineData(10_000, 26, 100, true, 0)]
    [InlineData(10_000, 8, 0, true, 0)]
    [InlineData(100_000, 26, 100, false, 0)]
    [InlineData(100_000, 26, 100, true, 0)]
    [InlineData(100_000, 8, 0, true, 0)]
    [InlineData(100_000, 8, 0, true, 7)]
    public void WhereScansAreResistedTheHeapGrowsByWhatTheSizeSaysToo(int count, int keyLength, int valueLength, bool churned, int tenants)
    {
        Fill(MakeScanResistant(count), 0, 2, keyLength, valueLength, slides: false, tenants);

        double ratio = GrowthToSize(() =>
        {
            BoundedDistributedCache cache = MakeScanResistant(count);
            Fill(cache, 0, count, keyLength, valueLength, slides: false, tenants);
            if (churned)
            {
                Fill(cache, count, count, keyLength, valueLength, slides: false, tenants);
            }

            Assert.Equal(count, cache.Count);
            return cache;
        });

        Assert.InRange(ratio, 0.9, 1.1);
    }

    [Theory]
    [InlineData(10_000)]
    [InlineData(100_000)]
    public void WhereScansAreResistedClearGivesTheHeapBack(int count)
    {
        Fill(MakeScanResistant(count), 0, 2, 26, 100, slides: false);

        (long growth, _) = Growth(() =>
        {
            BoundedDistributedCache cache = MakeScanResistant(count);
            Fill(cache, 0, 2 * count, 26, 100, slides: false);
            cache.Clear();
            return [cache];
        });

        Assert.InRange(growth, 1, count * 5L);
    }

    [Fact]
    public void AnEmptyCacheOfDefaultLimitsCostsSomeKilobytes()
    {
        const int Caches = 100;
        using BoundedDistributedCache first = TestCache.Make();

        (long growth, _) = Growth(() => [.. Enumerable.Range(0, Caches).Select(_ => TestCache.Make(10_000, 100 * 1024 * 1024))]);

        Assert.InRange(growth / Caches, 1, 8 * 1024);
    }

    [Fact]
    public void WithoutAHostRemoveExpiredGivesTheHeapBack()
    {
        FakeTimeProvider clock = new();
        BoundedDistributedCache cache = TestCache.Make(200_000, clock: clock);
        long before = Heap();
        Fill(cache, 0, 200_000, 26, 100, slides: true);
        long full = Heap();

        clock.Advance(TimeSpan.FromHours(2));
        Assert.Equal(200_000, cache.RemoveExpired());

        // What stays is the shards themselves, as they are when the first entry was inserted.
        Assert.InRange(Heap() - before, long.MinValue, (full - before) / 100);
        GC.KeepAlive(cache);
    }

    [Fact]
    public async Task WithAHostTheSweeperGivesTheHeapBackThoughNobodyTouchesTheCache()
    {
        FakeTimeProvider clock = new();
        HostApplicationBuilder builder = Host.CreateApplicationBuilder();
        builder.Services.AddSingleton<TimeProvider>(clock);
        builder.Services.AddBoundedDistributedCache(options => options.MaxEntries = 200_000);
        using IHost host = builder.Build();
        await host.StartAsync(TestContext.Current.CancellationToken);
        var cache = host.Services.GetRequiredService<BoundedDistributedCache>();
        long before = Heap();
        Fill(cache, 0, 200_000, 26, 100, slides: true);
        long full = Heap();

        clock.Advance(TimeSpan.FromHours(2));
        Assert.True(SpinWait.SpinUntil(() => cache.Count == 0 && cache.GetStatistics().LastSweep is not null, TimeSpan.FromMinutes(1)));

        Assert.InRange(Heap() - before, long.MinValue, (full - before) / 100);
        await host.StopAsync(TestContext.Current.CancellationToken);
    }

    [Fact]
    public void TenantsThatCameAndWentLeaveNothingBehind()
    {
        const int Held = 50_000;
        int tenants = TestScale.IsFull ? 1_000_000 : 200_000;
        FakeTimeProvider clock = new();
        BoundedDistributedCache cache = TestCache.Make(Held, clock: clock);
        SetOneOfEach(cache, 0, 1_000);
        clock.Advance(TimeSpan.FromHours(2));
        cache.RemoveExpired();
        long before = Heap();

        // Most are evicted by those that come later, the last expire.
        SetOneOfEach(cache, 0, tenants);
        long peak = Heap();
        Assert.Equal(Held, cache.Count);
        clock.Advance(TimeSpan.FromHours(2));
        Assert.Equal(Held, cache.RemoveExpired());

        Assert.Equal(0, cache.SizeBytes);
        Assert.InRange(Heap() - before, long.MinValue, peak / 100);
        GC.KeepAlive(cache);
    }

    private static void SetOneOfEach(BoundedDistributedCache cache, int first, int tenants)
    {
        for (int i = first; i < first + tenants; i++)
        {
            cache.ForTenant($"tenant-{i:D10}").Set("key", new byte[100], TestCache.Sliding(TimeSpan.FromHours(1)));
        }
    }

    private static void Fill(BoundedDistributedCache cache, int first, int count, int keyLength, int valueLength, bool slides, int tenants = 0, int hours = 1)
    {
        var options = slides ? TestCache.Sliding(TimeSpan.FromHours(hours)) : TestCache.NoExpiry;
        for (int i = first; i < first + count; i++)
        {
            string key = i.ToString("D" + keyLength);
            if (tenants == 0)
            {
                cache.Set(key, new byte[valueLength], options);
            }
            else
            {
                cache.ForTenant($"tenant-{i % tenants:D6}").Set(key, new byte[valueLength], options);
            }
        }
    }

    private static BoundedDistributedCache MakeScanResistant(int count) =>
        TestCache.Make(count, long.MaxValue, configure: options => options.EvictionPolicy = EvictionPolicy.ScanResistant);

    private static double GrowthToSize(Func<BoundedDistributedCache> makeFilled)
    {
        (long growth, long sizeBytes) = Growth(() => [makeFilled()]);
        return (double)growth / sizeBytes;
    }

    /// <summary>
    /// What the heap grows by while the caches are there. It holds only where the heap is as it was before once they
    /// are gone: else something else came or went meanwhile, as the leavings of earlier tests may, and it is
    /// measured anew.
    /// </summary>
    private static (long Growth, long SizeBytes) Growth(Func<BoundedDistributedCache[]> makeFilled)
    {
        const int Attempts = 5;
        const long Noise = 16 * 1024;
        for (int attempt = 0; attempt < Attempts; attempt++)
        {
            long before = Heap();
            (long full, long sizeBytes) = HeapWhileThere(makeFilled);
            long after = Heap();
            if (Math.Abs(after - before) <= Noise + (sizeBytes / 100))
            {
                return (full - before, sizeBytes);
            }
        }

        throw new InvalidOperationException($"In {Attempts} attempts the heap was never as before once the caches were gone.");
    }

    /// <summary>Not inlined, so that the caller's frame does not keep the caches.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    private static (long Heap, long SizeBytes) HeapWhileThere(Func<BoundedDistributedCache[]> makeFilled)
    {
        BoundedDistributedCache[] caches = makeFilled();
        long heap = Heap();
        long sizeBytes = caches.Sum(cache => cache.SizeBytes);
        GC.KeepAlive(caches);
        return (heap, sizeBytes);
    }

    /// <summary>Read until it stays: what earlier tests left may go late, and other threads of the runner allocate too.</summary>
    private static long Heap()
    {
        long last = long.MaxValue;
        for (int i = 0; i < 50; i++)
        {
            GC.Collect(2, GCCollectionMode.Aggressive, blocking: true, compacting: true);
            GC.WaitForPendingFinalizers();
            long now = GC.GetTotalMemory(forceFullCollection: false);
            if (Math.Abs(now - last) < 4_096)
            {
                return now;
            }

            last = now;
        }

        return last;
    }
}

[CollectionDefinition(nameof(HeapTests), DisableParallelization = true)]
public sealed class HeapTestsRunAlone;
