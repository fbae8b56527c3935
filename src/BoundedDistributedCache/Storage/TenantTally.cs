namespace BoundedCache.Storage;

/// <summary>
/// What is counted of a tenant. Hits, misses and rejections by any thread; changes under the lock of the tenant's record. An object
/// of its own, for that of a tenant whom the options name outlives the record.
/// </summary>
internal sealed class TenantTally
{
    public StripedCounter Hits;
    public StripedCounter Misses;
    public ChangeTally Changes;
    public long Rejections;

    /// <summary>For any limit. Noted under the lock of the victim's shard.</summary>
    public LastEviction LastEviction;
}
