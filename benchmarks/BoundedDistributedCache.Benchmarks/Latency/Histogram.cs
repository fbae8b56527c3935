using System.Numerics;

namespace BoundedCache.Benchmarks.Latency;

/// <summary>Counts values in cells that grow with them: what it tells is at most one part in 64 too high.</summary>
internal sealed class Histogram
{
    private const int Bits = 6;
    private const int CellsPerPower = 1 << Bits;

    private readonly long[] _cells = new long[(64 - Bits + 1) * CellsPerPower];

    public long Count { get; private set; }

    public void Add(long value)
    {
        _cells[Cell(Math.Max(0, value))]++;
        Count++;
    }

    public void Add(Histogram other)
    {
        for (int i = 0; i < _cells.Length; i++)
        {
            _cells[i] += other._cells[i];
        }

        Count += other.Count;
    }

    /// <summary>A value that as large a share of all does not exceed.</summary>
    public long Percentile(double percent)
    {
        long wanted = Math.Max(1, (long)Math.Ceiling(percent / 100 * Count));
        long seen = 0;
        for (int cell = 0; cell < _cells.Length; cell++)
        {
            seen += _cells[cell];
            if (seen >= wanted)
            {
                return Highest(cell);
            }
        }

        return 0;
    }

    private static int Cell(long value)
    {
        int shift = Math.Max(0, BitOperations.Log2((ulong)value | 1) - Bits);
        return (shift << Bits) + (int)(value >> shift);
    }

    private static long Highest(int cell)
    {
        int shift = Math.Max(0, (cell >> Bits) - 1);
        return (((long)(cell - (shift << Bits)) + 1) << shift) - 1;
    }
}
