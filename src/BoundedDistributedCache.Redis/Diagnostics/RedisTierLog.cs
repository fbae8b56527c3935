using Microsoft.Extensions.Logging;

namespace BoundedCache.Redis;

/// <summary>What the Redis tier tells. Event ids are stable and begin at 300.</summary>
internal static partial class RedisTierLog
{
    [LoggerMessage(300, LogLevel.Information, "The Redis tier of cache '{CacheName}' is connected, and messages of other nodes arrive. It starts clean: copies from before were dropped.")]
    internal static partial void Connected(this ILogger logger, string cacheName);

    [LoggerMessage(301, LogLevel.Warning, "Redis does not answer the tier of cache '{CacheName}'. Copies in this process are served until they are {MaxStaleness} old; other reads and all writes fail until it is back. What the connection failed with last: {Cause}.")]
    internal static partial void Away(this ILogger logger, string cacheName, TimeSpan maxStaleness, string cause);

    [LoggerMessage(302, LogLevel.Warning, "Messages of other nodes may not arrive at the Redis tier of cache '{CacheName}': its subscription was interrupted. Copies in this process are not served until messages arrive again; every read goes to Redis.")]
    internal static partial void MessagesInterrupted(this ILogger logger, string cacheName);

    [LoggerMessage(303, LogLevel.Information, "Redis answers the tier of cache '{CacheName}' again. Copies in this process are not served until messages of other nodes arrive.")]
    internal static partial void AnswersAgain(this ILogger logger, string cacheName);

    [LoggerMessage(304, LogLevel.Warning, "Redis does not let the tier of cache '{CacheName}' use its channel, so copies are not served and every read goes to Redis. {Cause}")]
    internal static partial void ChannelRefused(this ILogger logger, string cacheName, string cause);
}
