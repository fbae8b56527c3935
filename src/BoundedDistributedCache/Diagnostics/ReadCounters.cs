using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using BoundedCache.Storage;

namespace BoundedCache.Diagnostics;

/// <summary>
/// Counts hits and misses without a shared write: each thread counts in a cell of its own, and the cells are added up
/// when somebody asks. Exact once the counting threads are quiet.
/// </summary>
/// <remarks>
/// A cell stands in the list at its thread's number, and is written plainly, by that thread alone; a thread that is given
/// the number of one that ended goes on in its cell. Threads know nothing of caches. The list is copied when it grows,
/// under the lock; cells are not, so a count goes to the right one whichever list led there.
/// </remarks>
internal sealed class ReadCounters
{
    private readonly Lock _lock = new();
    private Cell?[] _cells = [];

    // Not at the first read: where there is no memory for it then, it would fail for good.
    public ReadCounters() => RuntimeHelpers.RunClassConstructor(typeof(ThreadNumber).TypeHandle);

    public void Hit()
    {
#if !UNCOUNTED
        Increment(ref Mine().Counts.Hits);
#endif
    }

    public void Miss()
    {
#if !UNCOUNTED
        Increment(ref Mine().Counts.Misses);
#endif
    }

    public (long Hits, long Misses) Read()
    {
        long hits = 0;
        long misses = 0;
        foreach (Cell? cell in Volatile.Read(ref _cells))
        {
            if (cell is not null)
            {
                hits += Volatile.Read(ref cell.Counts.Hits);
                misses += Volatile.Read(ref cell.Counts.Misses);
            }
        }

        return (hits, misses);
    }

    /// <summary>A plain increment where a word has 64 bits; elsewhere one that no reader sees half of.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Increment(ref long count)
    {
        if (Environment.Is64BitProcess)
        {
            count++;
        }
        else
        {
            Volatile.Write(ref count, count + 1);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private Cell Mine()
    {
        Cell?[] cells = Volatile.Read(ref _cells);
        int number = ThreadNumber.OrNone;
        return (uint)number < (uint)cells.Length && cells[number] is { } cell ? cell : MakeMine();
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private Cell MakeMine()
    {
        int number = ThreadNumber.GetOrTake();
        lock (_lock)
        {
            Cell?[] cells = _cells;
            if (number >= cells.Length)
            {
                Array.Resize(ref cells, Math.Max(number + 1, 2 * cells.Length));
                Volatile.Write(ref _cells, cells);
            }

            ref Cell? place = ref cells[number];
            if (place is null)
            {
                Volatile.Write(ref place, new Cell());
            }

            return place;
        }
    }

    private sealed class Cell
    {
        public PaddedCounts Counts;
    }

    /// <summary>
    /// Padded on both sides, so that no other object shares a line with a cell in use: the list itself may be its neighbour.
    /// </summary>
    [StructLayout(LayoutKind.Explicit, Size = (2 * CacheLine.Size) + (2 * sizeof(long)))]
    private struct PaddedCounts
    {
        [FieldOffset(CacheLine.Size)]
        public long Hits;

        [FieldOffset(CacheLine.Size + sizeof(long))]
        public long Misses;
    }
}
