using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace BoundedCache.Diagnostics;

/// <summary>
/// Counts hits and misses without a shared write: each thread counts in a cell of its own, and the cells are added up
/// when somebody asks. Exact once the counting threads are quiet.
/// </summary>
/// <remarks>
/// A cell is written plainly, by its thread alone. The cells of a cache stand in its list, which a lock guards; those of
/// a thread in a table indexed by the cache's number. The table refers to cells alone, never to a cache, and a number
/// is used again when its cache was collected; so a cell says whose it is. The cell of a thread that ended is folded
/// into a total, whenever the list is added up or has doubled.
/// </remarks>
internal sealed class ReadCounters
{
    private const int NoNumber = -1;

    private static readonly Lock NumbersLock = new();
    private static readonly SortedSet<int> FreeNumbers = [];
    private static int _numbers;

    [ThreadStatic]
    private static Cell?[]? t_cells;

    private readonly int _number;
    private readonly object _owner = new();
    private readonly List<Cell> _cells = [];
    private long _endedHits;
    private long _endedMisses;
    private int _foldAt = 16;

    public ReadCounters()
    {
        // The finalizer runs also where the lock below throws.
        _number = NoNumber;
        lock (NumbersLock)
        {
            _number = FreeNumbers.Count > 0 ? FreeNumbers.Min : _numbers++;
            FreeNumbers.Remove(_number);
        }
    }

    ~ReadCounters()
    {
        if (_number != NoNumber)
        {
            lock (NumbersLock)
            {
                FreeNumbers.Add(_number);
            }
        }
    }

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
        lock (_cells)
        {
            FoldEnded();
            long hits = _endedHits;
            long misses = _endedMisses;
            foreach (Cell cell in _cells)
            {
                hits += Volatile.Read(ref cell.Counts.Hits);
                misses += Volatile.Read(ref cell.Counts.Misses);
            }

            return (hits, misses);
        }
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
        Cell?[]? cells = t_cells;
        int number = _number;
        return cells is not null && (uint)number < (uint)cells.Length && cells[number] is { } cell && ReferenceEquals(cell.Owner, _owner)
            ? cell
            : MakeMine();
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private Cell MakeMine()
    {
        Cell cell = new(_owner, Thread.CurrentThread);
        Cell?[] cells = t_cells ?? [];
        if (_number >= cells.Length)
        {
            Array.Resize(ref cells, Math.Max(_number + 1, 2 * cells.Length));
        }

        lock (_cells)
        {
            if (_cells.Count >= _foldAt)
            {
                FoldEnded();
                _foldAt = Math.Max(16, 2 * _cells.Count);
            }

            _cells.Add(cell);
        }

        cells[_number] = cell;
        t_cells = cells;
        return cell;
    }

    private void FoldEnded()
    {
        for (int i = _cells.Count - 1; i >= 0; i--)
        {
            Cell cell = _cells[i];
            if (!cell.Thread.IsAlive)
            {
                _endedHits += cell.Counts.Hits;
                _endedMisses += cell.Counts.Misses;
                _cells[i] = _cells[^1];
                _cells.RemoveAt(_cells.Count - 1);
            }
        }
    }

    private sealed class Cell(object owner, Thread thread)
    {
        public readonly object Owner = owner;
        public readonly Thread Thread = thread;
        public PaddedCounts Counts;
    }

    /// <summary>Padded behind, so that the next object on the heap shares no line with a cell in use.</summary>
    [StructLayout(LayoutKind.Explicit, Size = 128)]
    private struct PaddedCounts
    {
        [FieldOffset(0)]
        public long Hits;

        [FieldOffset(8)]
        public long Misses;
    }
}
