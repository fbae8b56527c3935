using BoundedCache.Diagnostics;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace BoundedCache.AspNetCore.Health;

/// <summary>Judges caches by their sweepers and by how long entries survive in them.</summary>
/// <param name="provider">Where the caches are.</param>
/// <param name="registrations">All of its bounded caches.</param>
/// <param name="cacheName">The one to look at; <see langword="null"/> for all.</param>
/// <param name="minimumAge">How long an unused entry should survive; <see langword="null"/> where that does not matter.</param>
internal sealed class BoundedCacheHealthCheck(
    IServiceProvider provider,
    IEnumerable<CacheRegistration> registrations,
    string? cacheName,
    TimeSpan? minimumAge) : IHealthCheck
{
    public Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default)
    {
        var caches = registrations.Select(registration => registration.GetCache(provider)).Where(cache => cacheName is null || cache.Name == cacheName).ToList();
        var data = new Dictionary<string, object>(StringComparer.Ordinal);
        var failures = new List<string>();
        var worries = new List<string>();
        if (caches.Count == 0)
        {
            failures.Add(cacheName is null
                ? "There is no bounded cache in the container. Call services.AddBoundedDistributedCache(), or remove this check."
                : $"There is no bounded cache with the name '{cacheName}' in the container. Correct {nameof(BoundedCacheHealthCheckOptions)}.{nameof(BoundedCacheHealthCheckOptions.CacheName)}.");
        }

        foreach (var cache in caches)
        {
            if (cache.StatisticsForMetrics() is not { } statistics)
            {
                failures.Add($"Cache '{cache.Name}' was disposed, though the container still gives it out. Whoever gets it from the container must not dispose it.");
                continue;
            }

            Describe(cache, statistics, data);
            if (SweeperFailure(cache) is { } failure)
                failures.Add(failure);
            if (IsTooSmall(cache, statistics))
                worries.Add($"Entries of cache '{cache.Name}' are dropped after {statistics.LastEvictedAge} without use, which is less than {minimumAge}: raise its limits, or store less.");
        }

        foreach (var tier in provider.GetServices<ICacheTier>().Where(tier => cacheName is null || tier.Name == cacheName))
        {
            data[$"{tier.Name}.redis_state"] = tier.StateText;
            if (tier.Failure is { } failure)
                failures.Add(failure);
            if (tier.Worry is { } worry)
                worries.Add(worry);
        }

        var status = failures.Count > 0 ? context.Registration.FailureStatus : worries.Count > 0 ? HealthStatus.Degraded : HealthStatus.Healthy;
        return Task.FromResult(new HealthCheckResult(status, failures.Count + worries.Count == 0 ? null : string.Join(' ', failures.Concat(worries)), data: data));
    }

    private static string? SweeperFailure(BoundedDistributedCache cache) => cache.Sweeper switch
    {
        null => $"Cache '{cache.Name}' is not swept: no host has started its sweeper.",
        { Completion.IsCompleted: true } => $"Cache '{cache.Name}' is not swept any more: its sweeper has ended.",
        { IsLate: true } sweeper =>
            $"Cache '{cache.Name}' was not swept for {sweeper.SinceLastSweep}, though it should be every {sweeper.Interval}. The log tells of sweeps that fail (event 100).",
        _ => null,
    };

    // An age that is only known to be at least so much may be enough. After as long without an eviction nothing that is
    // held can have gone too early.
    private bool IsTooSmall(BoundedDistributedCache cache, CacheStatistics statistics) =>
        statistics is { LastEvictedAge: { } age, LastEvictedAgeIsAtLeast: false }
        && age < minimumAge
        && cache.SinceLastEviction() < minimumAge;

    private static void Describe(BoundedDistributedCache cache, CacheStatistics statistics, Dictionary<string, object> data)
    {
        Add("entries", statistics.Entries);
        Add("entries_limit", statistics.MaxEntries);
        Add("bytes", statistics.Bytes);
        Add("bytes_limit", statistics.MaxBytes);
        Add("requests", statistics.TotalRequests);
        Add("hit_ratio", statistics.HitRatio);
        Add("evictions", statistics.Evictions);
        Add("rejections", statistics.Rejections);
        if (statistics.LastEvictedAge is { } age)
            Add("last_evicted_age_seconds", age.TotalSeconds);
        if (cache.Sweeper is { } sweeper)
            Add("seconds_since_sweep", sweeper.SinceLastSweep.TotalSeconds);

        void Add(string figure, object value) => data[$"{cache.Name}.{figure}"] = value;
    }
}
