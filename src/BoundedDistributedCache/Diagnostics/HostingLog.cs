using Microsoft.Extensions.Logging;

namespace BoundedCache.Diagnostics;

/// <summary>What the hosted part tells. Event ids are stable and begin at 100; those of the cache itself are below.</summary>
internal static partial class HostingLog
{
    [LoggerMessage(100, LogLevel.Error, "A sweep of cache '{CacheName}' failed. The next one follows after {SweepInterval}.")]
    internal static partial void SweepFailed(this ILogger logger, Exception exception, string cacheName, TimeSpan sweepInterval);

    [LoggerMessage(101, LogLevel.Debug, "A sweep of cache '{CacheName}' removed {Removed} expired entries in {ElapsedMilliseconds} ms.")]
    internal static partial void Swept(this ILogger logger, string cacheName, int removed, double elapsedMilliseconds);

    [LoggerMessage(102, LogLevel.Warning, "MaxBytes of cache '{CacheName}' is {MaxBytes}, which is more than three quarters of the {AvailableBytes} bytes of memory that this process may use. Lower BoundedDistributedCacheOptions.MaxBytes, or give the process more memory.")]
    internal static partial void MaxBytesNearMemory(this ILogger logger, string cacheName, long maxBytes, long availableBytes);

    [LoggerMessage(103, LogLevel.Warning, "MemoryDistributedCacheOptions are configured, which has no effect on the bounded cache that takes the place of MemoryDistributedCache. Configure BoundedDistributedCacheOptions instead: MaxBytes takes the place of SizeLimit, and SweepInterval that of ExpirationScanFrequency.")]
    internal static partial void MemoryDistributedCacheOptionsLeftOver(this ILogger logger);

    [LoggerMessage(104, LogLevel.Warning, "The configuration of cache '{CacheName}' has changed ({Changes}). A restart is needed for that to take effect: the options are read once, at start.")]
    internal static partial void RestartNeeded(this ILogger logger, string cacheName, string changes);

    [LoggerMessage(105, LogLevel.Warning, "The configuration of cache '{CacheName}' has changed and is invalid: {Failures} The old values stay in force, and a restart would fail. Correct the configuration.")]
    internal static partial void ConfigurationInvalid(this ILogger logger, Exception exception, string cacheName, string failures);

    [LoggerMessage(106, LogLevel.Information, "Cache '{CacheName}' started: it holds {MaxEntries} entries and {MaxBytes} bytes at most, and is swept every {SweepInterval}.")]
    internal static partial void Started(this ILogger logger, string cacheName, int maxEntries, long maxBytes, TimeSpan sweepInterval);

    [LoggerMessage(107, LogLevel.Warning, "{Winner} was registered after cache '{CacheName}' and is what callers get in its place, so unless that one uses it, the cache is idle. Remove one of the two, or register the cache last.")]
    internal static partial void CacheIsIdle(this ILogger logger, string winner, string cacheName);
}
