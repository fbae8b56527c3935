using BoundedCache;
using BoundedCache.AspNetCore.Health;
using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace Microsoft.Extensions.DependencyInjection;

/// <summary>Adds the health check of bounded caches.</summary>
public static class BoundedCacheHealthChecksBuilderExtensions
{
    /// <summary>
    /// Checks that every bounded cache of the container, keyed ones too, is swept by the host: a sweeper that does not run,
    /// or whose last sweep ended more than three intervals ago (and more than five seconds) while none is under way or due, is a failure.
    /// Before the first sweep the time counts from the start. A full cache is healthy. The data holds the figures of each cache, by its name.
    /// </summary>
    /// <param name="builder">The health checks to add to.</param>
    /// <param name="name">The name of the check.</param>
    /// <param name="failureStatus">What a failure is reported as; unhealthy where it is <see langword="null"/>.</param>
    /// <param name="tags">Tags of the check.</param>
    /// <param name="timeout">How long the check may take; it waits for nothing.</param>
    /// <param name="configure">Checks one cache alone, or how long entries survive.</param>
    /// <returns><paramref name="builder"/>.</returns>
    /// <exception cref="ArgumentNullException">
    /// <paramref name="builder"/> or <paramref name="name"/> is <see langword="null"/>.
    /// </exception>
    /// <exception cref="ArgumentException"><paramref name="configure"/> sets a value that is out of its range.</exception>
    public static IHealthChecksBuilder AddBoundedDistributedCache(
        this IHealthChecksBuilder builder,
        string name = "bounded_cache",
        HealthStatus? failureStatus = null,
        IEnumerable<string>? tags = null,
        TimeSpan? timeout = null,
        Action<BoundedCacheHealthCheckOptions>? configure = null)
    {
        ArgumentNullException.ThrowIfNull(builder);
        ArgumentNullException.ThrowIfNull(name);
        var options = new BoundedCacheHealthCheckOptions();
        configure?.Invoke(options);
        if (options.MinimumEvictedAge is { } age && age <= TimeSpan.Zero)
        {
            throw new ArgumentException(
                $"{nameof(BoundedCacheHealthCheckOptions)}.{nameof(BoundedCacheHealthCheckOptions.MinimumEvictedAge)} is {age}: it must be more than zero, or not set.",
                nameof(configure));
        }

        var (cacheName, minimumAge) = (options.CacheName, options.MinimumEvictedAge);
        return builder.Add(new HealthCheckRegistration(
            name,
            provider => new BoundedCacheHealthCheck(provider, provider.GetServices<CacheRegistration>(), cacheName, minimumAge),
            failureStatus,
            tags,
            timeout));
    }
}
