using System.Runtime.InteropServices;

namespace BoundedCache.Storage;

/// <summary>
/// How many entries of a whole cache are on probation, by which is decided from which class its next victim comes. Moved
/// by writers alone, each by the difference that a hold of a shard's lock made.
/// </summary>
internal sealed class ProbationTotal
{
    // One in seven, and six more: so in a cache of a few entries a new one is not driven out by the next.
    private const int EntriesForOne = 7;
    private const int More = 6;

    private Line _line;

    public long Count => Volatile.Read(ref _line.Count);

    public void Add(long difference) => Interlocked.Add(ref _line.Count, difference);

    /// <summary>True where so many are more than probation's share of the entries that are held.</summary>
    public static bool IsOverShare(long count, long held) => (count - More) * EntriesForOne > held;

    [StructLayout(LayoutKind.Explicit, Size = 2 * CacheLine.Size)]
    private struct Line
    {
        [FieldOffset(CacheLine.Size)]
        public long Count;
    }
}
