using System.Runtime.InteropServices;

namespace BoundedCache.Storage;

/// <summary>
/// What the writers of a shard change, on cache lines that no reader touches. Written under the shard's lock;
/// <see cref="Bound"/>, <see cref="DueBound"/> and the counts are read without it.
/// </summary>
[StructLayout(LayoutKind.Explicit, Size = (2 * CacheLine.Size) + (21 * sizeof(long)))]
internal struct ShardState
{
    /// <summary>A lower bound of the next victim's stamp; a hint to other shards.</summary>
    [FieldOffset(CacheLine.Size)]
    public long Bound;

    /// <summary>
    /// The beat in which this shard's oldest was last compared with other shards' bounds; its complement where it was too
    /// young to go.
    /// </summary>
    [FieldOffset(CacheLine.Size + 8)]
    public long ComparedAt;

    /// <summary>By which insertions make ticks.</summary>
    [FieldOffset(CacheLine.Size + 16)]
    public uint Turn;

    /// <summary>No entry of the shard is due earlier than this.</summary>
    [FieldOffset(CacheLine.Size + 24)]
    public long DueBound;

    [FieldOffset(CacheLine.Size + 32)]
    public int Count;

    /// <summary>The chunk in which looking for what has expired goes on.</summary>
    [FieldOffset(CacheLine.Size + 36)]
    public int ReclaimAt;

    /// <summary>The same of its oldest on probation.</summary>
    [FieldOffset(CacheLine.Size + 88)]
    public long ProbationComparedAt;

    [FieldOffset(CacheLine.Size + 40)]
    public ChangeTally Changes;

    /// <summary>For a limit of the cache, not for a tenant's.</summary>
    [FieldOffset(CacheLine.Size + 96)]
    public LastEviction LastEviction;

    [FieldOffset(CacheLine.Size + 112)]
    public HeldWork Work;
}
