using System.Diagnostics.Metrics;
using Tag = System.Collections.Generic.KeyValuePair<string, object?>;

namespace BoundedCache.Diagnostics;

/// <summary>What each instrument says of statistics, and the names of its tags.</summary>
internal static class Measure
{
    internal static Tag CacheName(string name) => new("bounded_cache.name", name);

    internal static Tag TenantId(string id) => new("bounded_cache.tenant", id);

    internal static IEnumerable<Measurement<long>> Requests(CacheStatistics statistics, Tag[] tags) =>
    [
        new(statistics.Hits, [.. tags, new("bounded_cache.request.result", "hit")]),
        new(statistics.Misses, [.. tags, new("bounded_cache.request.result", "miss")]),
    ];

    internal static IEnumerable<Measurement<long>> Sets(CacheStatistics statistics, Tag[] tags) => [new(statistics.Sets, tags)];

    internal static IEnumerable<Measurement<long>> Removals(CacheStatistics statistics, Tag[] tags) => [new(statistics.Removals, tags)];

    internal static IEnumerable<Measurement<long>> Rejections(CacheStatistics statistics, Tag[] tags) => [new(statistics.Rejections, tags)];

    internal static IEnumerable<Measurement<long>> Evictions(CacheStatistics statistics, Tag[] tags)
    {
        return
        [
            Of(statistics.EvictionsForEntries, "entries"),
            Of(statistics.EvictionsForBytes, "bytes"),
            Of(statistics.EvictionsForTenantLimit, "tenant_limit"),
            Of(statistics.EvictionsExpired, "expired"),
        ];

        Measurement<long> Of(long count, string reason) => new(count, [.. tags, new("bounded_cache.eviction.reason", reason)]);
    }

    internal static IEnumerable<Measurement<long>> Entries(CacheStatistics statistics, Tag[] tags) => [new(statistics.Entries, tags)];

    internal static IEnumerable<Measurement<long>> MaxEntries(CacheStatistics statistics, Tag[] tags) => [new(statistics.MaxEntries, tags)];

    internal static IEnumerable<Measurement<long>> Bytes(CacheStatistics statistics, Tag[] tags) => [new(statistics.Bytes, tags)];

    internal static IEnumerable<Measurement<long>> MaxBytes(CacheStatistics statistics, Tag[] tags) => [new(statistics.MaxBytes, tags)];

    /// <summary>Nothing where it is not known.</summary>
    internal static IEnumerable<Measurement<double>> LastEvictedAge(CacheStatistics statistics, Tag[] tags) =>
        statistics.LastEvictedAge is { } age ? [new(age.TotalSeconds, tags)] : [];
}
