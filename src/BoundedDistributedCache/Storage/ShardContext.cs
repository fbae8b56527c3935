namespace BoundedCache.Storage;

/// <summary>What all shards of a cache have in common.</summary>
internal sealed record ShardContext(RecencyClock Clock, Room Room, TenantDirectory Tenants, long MaxShardEntries);
