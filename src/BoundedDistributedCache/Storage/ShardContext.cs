namespace BoundedCache.Storage;

/// <summary>What all shards of a cache have in common.</summary>
internal sealed record ShardContext(RecencyClock Clock, Room Room, long DueOrigin, long MaxShardEntries);

/// <summary>What happened in a shard since it was made.</summary>
internal readonly record struct ShardTally(
    long Sets,
    long Removals,
    long EvictionsForEntries,
    long EvictionsForBytes,
    long EvictionsExpired)
{
    public static ShardTally operator +(ShardTally left, ShardTally right) => new(
        left.Sets + right.Sets,
        left.Removals + right.Removals,
        left.EvictionsForEntries + right.EvictionsForEntries,
        left.EvictionsForBytes + right.EvictionsForBytes,
        left.EvictionsExpired + right.EvictionsExpired);
}
