using System.Diagnostics;
using BoundedCache.Benchmarks.Measuring;
using BoundedCache.Benchmarks.Peers;
using BoundedCache.Benchmarks.Workloads;
using Microsoft.Extensions.Caching.Distributed;

namespace BoundedCache.Benchmarks.Memory;

/// <summary>Weighs one cell, in a process that does nothing else.</summary>
internal static class Scales
{
    private const string Tenant = "tenant-one";
    private const int Collections = 3;

    public static Weight Weigh(Cell cell)
    {
        // A first cache pays for what the process pays but once.
        Fill(cell with { Count = Math.Min(cell.Count, 1_000) });
        long before = Heap();
        (IDisposable held, Func<(int Entries, long SizeBytes)> look) = Fill(cell);
        long after = Heap();
        (int entries, long sizeBytes) = look();
        double[] times = new double[Collections];
        for (int i = 0; i < times.Length; i++)
        {
            long start = Stopwatch.GetTimestamp();
            GC.Collect(2, GCCollectionMode.Forced, blocking: true);
            times[i] = Stopwatch.GetElapsedTime(start).TotalMilliseconds;
        }

        GC.KeepAlive(held);
        return new Weight(entries, after - before, sizeBytes, Quartiles.Of(times).Median);
    }

    private static (IDisposable Held, Func<(int Entries, long SizeBytes)> Look) Fill(Cell cell)
    {
        if (cell.Peer is PeerSet.Bounded or PeerSet.ScanResistant)
        {
            return FillBounded(cell);
        }

        Peer peer = PeerSet.Make(cell.Peer, Capacity(cell), Math.Max(1, cell.ValueLength), cell.Slides ? Workload.Sliding : Workload.Never);
        for (int i = 0; i < cell.Count; i++)
        {
            peer.Set(Key(cell, i), new byte[cell.ValueLength]);
        }

        return (peer, () => (cell.Count, 0));
    }

    /// <summary>One that counts values only, or works in the background, gets room to spare: its limits cost nothing.</summary>
    private static int Capacity(Cell cell) => cell.Peer == PeerSet.Memory ? 2 * cell.Count : cell.Count;

    private static (IDisposable Held, Func<(int Entries, long SizeBytes)> Look) FillBounded(Cell cell)
    {
        ManualClock clock = new();
        BoundedDistributedCache cache = PeerSet.MakeBounded(cell.Count, clock: cell.State == CellState.HalfExpired ? clock : null, policy: PeerSet.PolicyOf(cell.Peer));
        IDistributedCache target = cell.HasTenant ? cache.ForTenant(Tenant) : cache;
        DistributedCacheEntryOptions longer = new() { SlidingExpiration = TimeSpan.FromHours(10) };
        DistributedCacheEntryOptions shorter = new() { SlidingExpiration = TimeSpan.FromHours(1) };
        Random random = new(11);
        int sets = cell.State == CellState.Churned ? 2 * cell.Count : cell.Count;
        for (int i = 0; i < sets; i++)
        {
            DistributedCacheEntryOptions expiry = !cell.Slides ? Workload.Never
                : cell.State == CellState.HalfExpired && random.Next(2) == 0 ? shorter
                : longer;
            target.Set(Key(cell, i), new byte[cell.ValueLength], expiry);
        }

        if (cell.State == CellState.HalfExpired)
        {
            clock.Advance(TimeSpan.FromHours(2));
            cache.RemoveExpired();
        }

        return (cache, () => (cache.Count, cache.SizeBytes));
    }

    /// <summary>A key of the length asked for: five characters number more entries in a wider alphabet.</summary>
    private static string Key(Cell cell, int number)
    {
        const string Digits = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ-_";
        return string.Create(cell.KeyLength, number, static (key, number) =>
        {
            key.Fill('0');
            for (int at = key.Length - 1; at >= 0 && number > 0; at--)
            {
                key[at] = Digits[number & 63];
                number >>= 6;
            }
        });
    }

    private static long Heap()
    {
        GC.Collect(2, GCCollectionMode.Aggressive, blocking: true, compacting: true);
        GC.WaitForPendingFinalizers();
        GC.Collect(2, GCCollectionMode.Aggressive, blocking: true, compacting: true);
        return GC.GetTotalMemory(forceFullCollection: false);
    }
}
