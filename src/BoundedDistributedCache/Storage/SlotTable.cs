using System.Numerics;
using System.Runtime.CompilerServices;

namespace BoundedCache.Storage;

/// <summary>
/// The slots of one shard, in chunks. All members are for the holder of the shard's lock, but <see cref="Chunks"/> and
/// <see cref="TryGetChunk"/>, which readers and sweeps use without it.
/// </summary>
/// <remarks>
/// Slots are handed out from the lowest chunk that has a free one, so that the upper ones run empty when a shard
/// shrinks; what is left in them a sweep moves down. An empty chunk is dropped, save one, so that a shard at a chunk's
/// edge does not make and drop it with every other operation. The directory is copied when it grows; chunks are not, so
/// a reader with an old directory stamps the right slot, and one who finds no chunk, or whose chunk was dropped, stamps
/// nothing that counts.
/// </remarks>
internal sealed class SlotTable
{
    private const int BitsPerWord = 64;
    private const int NoChunk = -1;
    private const int SparseShare = 8;

    private SlotChunk?[] _chunks = new SlotChunk?[1];
    private ulong[] _open = new ulong[1];
    private int _spare = NoChunk;
    private int _prepared = NoChunk;

    /// <summary>The directory as it is now; null where there is no chunk.</summary>
    public SlotChunk?[] Chunks => Volatile.Read(ref _chunks);

    public ref Slot this[int slot] => ref ChunkOf(slot)[slot];

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public SlotChunk? TryGetChunk(int slot)
    {
        SlotChunk?[] chunks = Volatile.Read(ref _chunks);
        int chunk = slot >> SlotChunk.Shift;
        return (uint)chunk < (uint)chunks.Length ? Volatile.Read(ref chunks[chunk]) : null;
    }

    public SlotChunk ChunkOf(int slot) => _chunks[slot >> SlotChunk.Shift]!;

    /// <summary>
    /// Makes sure that <see cref="Take"/> finds a free slot for such an entry, whatever is freed meanwhile. Throws before
    /// anything is changed.
    /// </summary>
    /// <exception cref="OutOfMemoryException">There is no memory for a chunk, or for what it needs to have the entry.</exception>
    public void EnsureFree(Entry entry)
    {
        int index = LowestOpen();
        if (index == NoChunk)
        {
            index = AddChunk();
        }

        _chunks[index]!.Prepare(entry);
        _prepared = index;
    }

    /// <summary>
    /// Takes the lowest free slot; <see cref="EnsureFree"/> was called for the entry under the same hold of the lock. A
    /// chunk that opened since and can't have the entry is passed over.
    /// </summary>
    public int Take(Entry entry)
    {
        int index = LowestOpen();
        if (!_chunks[index]!.CanHave(entry))
        {
            index = _prepared;
        }

        _prepared = NoChunk;
        SlotChunk chunk = _chunks[index]!;
        if (_spare == index)
        {
            _spare = NoChunk;
        }

        int slot = (index << SlotChunk.Shift) + chunk.Take();
        if (chunk.IsFull)
        {
            SetOpen(index, false);
        }

        return slot;
    }

    public void Free(int slot)
    {
        int index = slot >> SlotChunk.Shift;
        SlotChunk chunk = _chunks[index]!;
        chunk.Free(slot);
        SetOpen(index, true);
        if (!chunk.IsEmpty)
        {
            return;
        }

        if (_spare == NoChunk)
        {
            _spare = index;
        }
        else
        {
            (int kept, int dropped) = index == _prepared || (_spare != _prepared && index < _spare) ? (index, _spare) : (_spare, index);
            Drop(dropped);
            _spare = kept;
        }
    }

    /// <summary>Drops the spare chunk, and the part of the directory that has none. Without memory for a shorter one it stays.</summary>
    public void Trim()
    {
        if (_spare != NoChunk)
        {
            Drop(_spare);
            _spare = NoChunk;
        }

        int length = Math.Max(1, 1 + Array.FindLastIndex(_chunks, chunk => chunk is not null));
        if (length < _chunks.Length && length <= Math.Max(1, _chunks.Length / 4))
        {
            TrimDirectory((int)BitOperations.RoundUpToPowerOf2((uint)length));
        }
    }

    private void TrimDirectory(int length)
    {
        try
        {
            SlotChunk?[] chunks = _chunks[..length];
            _open = _open[..((length + BitsPerWord - 1) / BitsPerWord)];
            Volatile.Write(ref _chunks, chunks);
        }
        catch (OutOfMemoryException)
        {
            // Who trims goes on to give more back; the next one tries again.
        }
    }

    /// <summary>
    /// The highest chunk, where at least an eighth of all slots are free, and so many that the others can have its entries.
    /// </summary>
    public bool TryFindSpareChunk(int count, out int index)
    {
        int slots = 0;
        index = NoChunk;
        for (int i = 0; i < _chunks.Length; i++)
        {
            if (_chunks[i] is not null)
            {
                slots += SlotChunk.Length;
                index = i;
            }
        }

        return slots - count >= Math.Max(2 * SlotChunk.Length, slots / SparseShare);
    }

    private int AddChunk()
    {
        int index = Array.IndexOf(_chunks, null);
        if (index < 0)
        {
            index = _chunks.Length;
            SlotChunk?[] chunks = new SlotChunk?[index * 2];
            ulong[] open = new ulong[(chunks.Length + BitsPerWord - 1) / BitsPerWord];
            Array.Copy(_chunks, chunks, index);
            Array.Copy(_open, open, _open.Length);
            chunks[index] = new SlotChunk();
            _open = open;
            Volatile.Write(ref _chunks, chunks);
        }
        else
        {
            Volatile.Write(ref _chunks[index], new SlotChunk());
        }

        SetOpen(index, true);
        _spare = index;
        return index;
    }

    private int LowestOpen()
    {
        for (int word = 0; word < _open.Length; word++)
        {
            if (_open[word] != 0)
            {
                return (word * BitsPerWord) + BitOperations.TrailingZeroCount(_open[word]);
            }
        }

        return NoChunk;
    }

    private void Drop(int index)
    {
        SetOpen(index, false);
        Volatile.Write(ref _chunks[index], null);
    }

    private void SetOpen(int index, bool isOpen)
    {
        ulong bit = 1UL << (index % BitsPerWord);
        ref ulong word = ref _open[index / BitsPerWord];
        word = isOpen ? word | bit : word & ~bit;
    }
}
