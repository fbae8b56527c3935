using System.Runtime.InteropServices;

namespace BoundedCache.Storage;

/// <summary>
/// How many entries of a whole cache are on probation, and how many are to be, by which is decided from which class its
/// next victim comes. Moved by writers alone, under their shards' locks.
/// </summary>
/// <remarks>
/// The share is widened where a key comes back that went from probation just before, and would have stayed had there been a
/// little more of it; and narrowed where one comes back that had been used and went just before. So it settles where an
/// entry more is worth the same on either side; at its widest, order is that of least recent use. Two who move it at once
/// may lose one move.
/// </remarks>
internal sealed class ProbationTotal
{
    private const int Whole = 1 << 30;
    private const int FirstShare = Whole / 32 * 5;
    private const int SmallestShare = Whole / 16;

    // Beside the share, so that in a cache of a few entries a new one is not driven out by the next.
    private const int More = 4;

    // Of an entry's part in the whole.
    private const int PartOfMove = 4;

    private Lines _lines = new() { Share = FirstShare };

    public long Count => Volatile.Read(ref _lines.Count);

    public void Add(long difference) => Interlocked.Add(ref _lines.Count, difference);

    /// <summary>True where so many are more than are to be on probation of the entries that are held.</summary>
    public bool IsOverShare(long count, long held) => (count - More) * Whole > Volatile.Read(ref _lines.Share) * held;

    public void Widen(long held) => Move(PartOf(held));

    public void Narrow(long held) => Move(-PartOf(held));

    private static int PartOf(long held) => (int)Math.Max(1, Whole / PartOfMove / Math.Max(1, held));

    private void Move(int difference) =>
        Volatile.Write(ref _lines.Share, Math.Clamp(Volatile.Read(ref _lines.Share) + difference, SmallestShare, Whole));

    [StructLayout(LayoutKind.Explicit, Size = 2 * CacheLine.Size)]
    private struct Lines
    {
        [FieldOffset(CacheLine.Size)]
        public long Count;

        [FieldOffset(CacheLine.Size + sizeof(long))]
        public int Share;
    }
}
