namespace BoundedCache;

/// <summary>A cache that a host made at its start, and the options that it was made with.</summary>
internal sealed record HostedCache(CacheRegistration Registration, BoundedDistributedCacheOptions Options, BoundedDistributedCache Cache);
