using Microsoft.Extensions.Logging;

namespace BoundedCache.Diagnostics;

/// <summary>What the cache itself tells. Event ids are stable and stay below 100.</summary>
internal static partial class CacheLog
{
    [LoggerMessage(1, LogLevel.Warning, "Cache '{CacheName}' is at its limit of {Limit} {Unit} and dropped an entry that had not expired, the one that its EvictionPolicy gives up first. From now on it does so whenever room is needed, and does not tell again. If entries must stay longer, raise BoundedDistributedCacheOptions.{Option}.")]
    internal static partial void FirstLiveEviction(this ILogger logger, string cacheName, long limit, string unit, string option);

    [LoggerMessage(2, LogLevel.Warning, "Cache '{CacheName}' did not store a value of {Length} bytes, which by itself is more than the {MaxBytes} bytes that may be held, and removed what its key had; so it did with {Others} others since this was told last. If such values must be stored, raise BoundedDistributedCacheOptions.{Option}. This is told once a minute at most.")]
    internal static partial void ValueTooLarge(this ILogger logger, string cacheName, long length, long maxBytes, long others, string option);

    [LoggerMessage(3, LogLevel.Warning, "A tenant of cache '{CacheName}' is at its limit, and an entry of its own that had not expired was dropped, its least recently used. From now on this happens whenever a tenant needs room, and is not told again. If tenants' entries must stay longer, raise BoundedDistributedCacheOptions.MaxEntriesPerTenant or MaxBytesPerTenant, or the tenant's own limits.")]
    internal static partial void FirstTenantAtLimit(this ILogger logger, string cacheName);

    [LoggerMessage(4, LogLevel.Warning, "Cache '{CacheName}' is too small for what is stored in it: it holds {Entries} entries, and drops {Evictions} that have not expired in a minute, so an entry that is not used is gone within one. Raise BoundedDistributedCacheOptions.{Option}, or store less. This is told once an hour at most.")]
    internal static partial void LimitHitHard(this ILogger logger, string cacheName, long entries, long evictions, string option);
}
