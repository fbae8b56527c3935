using System.Numerics;

namespace BoundedCache.Storage;

/// <summary>
/// The places of a tenant's entries: shard and slot in one word. A list in chunks that double and are never copied, so
/// that its cost is spread evenly; what leaves is replaced by the last. All members are for the holder of the tenant's
/// lock.
/// </summary>
internal struct TenantMembers
{
    private const int FirstLength = 4;

    private long[]?[] _chunks;

    public TenantMembers()
    {
        _chunks = new long[]?[1];
    }

    public int Count { get; private set; }

    public readonly long this[int index]
    {
        get => At(index);
        set => At(index) = value;
    }

    /// <summary>Makes sure that <see cref="Add"/> can't fail.</summary>
    /// <exception cref="OutOfMemoryException">There is no memory for a chunk; nothing was changed.</exception>
    public void EnsureRoom()
    {
        int chunk = ChunkOf(Count);
        if (chunk == _chunks.Length)
        {
            Array.Resize(ref _chunks, chunk + 2);
        }

        _chunks[chunk] ??= new long[FirstLength << chunk];
    }

    /// <returns>The index of what was added.</returns>
    public int Add(long place)
    {
        At(Count) = place;
        return Count++;
    }

    /// <summary>Puts the last in the place of what leaves.</summary>
    /// <returns>The place that moved to <paramref name="index"/>; negative where none did.</returns>
    public long RemoveAt(int index)
    {
        long last = At(--Count);
        int emptied = ChunkOf(Count);
        if (Count == StartOf(emptied) && emptied + 1 < _chunks.Length)
        {
            // The chunk that just ran empty is kept, the one behind it is not: so an edge costs nothing.
            _chunks[emptied + 1] = null;
        }

        if (index == Count)
        {
            return -1;
        }

        At(index) = last;
        return last;
    }

    private static int ChunkOf(int index) => BitOperations.Log2((uint)(index / FirstLength) + 1);

    private static int StartOf(int chunk) => FirstLength * ((1 << chunk) - 1);

    private readonly ref long At(int index)
    {
        int chunk = ChunkOf(index);
        return ref _chunks[chunk]![index - StartOf(chunk)];
    }
}
