namespace BoundedCache.Storage;

/// <summary>What all shards of a cache have in common.</summary>
/// <param name="Clock">What recency is told by.</param>
/// <param name="Room">What the limits leave.</param>
/// <param name="Tenants">The records of tenants.</param>
/// <param name="MaxShardEntries">A shard of so many is crowded.</param>
/// <param name="Probation">How many are on probation; null where the policy knows none.</param>
internal sealed record ShardContext(
    RecencyClock Clock,
    Room Room,
    TenantDirectory Tenants,
    long MaxShardEntries,
    ProbationTotal? Probation = null);
