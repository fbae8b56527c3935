using System.Text.Json.Serialization;

namespace BoundedCache.AspNetCore.Dashboard;

/// <summary>All caches of the container at one time, as the page and the JSON endpoint tell it.</summary>
/// <param name="At">When it was taken.</param>
/// <param name="Application">The application's name.</param>
/// <param name="Instance">The machine and process.</param>
/// <param name="Run">This run of the process: counts of another one have nothing to do with these.</param>
/// <param name="Caches">The caches, in the order of their registration.</param>
internal sealed record DashboardSnapshot(
    DateTimeOffset At, string Application, string Instance, Guid Run, IReadOnlyList<DashboardCache> Caches);

/// <param name="Name">The name that logs and metrics use.</param>
/// <param name="Statistics">The figures of the whole cache.</param>
/// <param name="SweepIntervalSeconds">How often a host sweeps it.</param>
/// <param name="Sweeper">That of the host; <see langword="null"/> where none was started.</param>
/// <param name="Sweeps">The last sweeps, those by callers of <c>RemoveExpired</c> too, the newest first.</param>
/// <param name="Tenants">The tenants that hold most bytes, the largest first.</param>
internal sealed record DashboardCache(
    string Name,
    DashboardFigures Statistics,
    double SweepIntervalSeconds,
    DashboardSweeper? Sweeper,
    IReadOnlyList<DashboardSweep> Sweeps,
    IReadOnlyList<DashboardTenant> Tenants);

internal sealed record DashboardTenant(string Id, DashboardFigures Statistics);

internal sealed record DashboardSweeper(double SecondsSinceLastSweep, bool IsLate, bool HasEnded);

internal sealed record DashboardSweep(long Number, DateTimeOffset StartedAt, double DurationSeconds, int Removed);

internal sealed record DashboardEvictions(long Entries, long Bytes, long TenantLimit, long Expired);

internal sealed record DashboardFigures(
    long Hits,
    long Misses,
    double HitRatio,
    long Sets,
    long Removals,
    long Rejections,
    DashboardEvictions Evictions,
    int Entries,
    int MaxEntries,
    long Bytes,
    long MaxBytes,
    double? LastEvictedAgeSeconds,
    bool LastEvictedAgeIsAtLeast)
{
    public static DashboardFigures Of(CacheStatistics statistics) => new(
        statistics.Hits,
        statistics.Misses,
        statistics.HitRatio,
        statistics.Sets,
        statistics.Removals,
        statistics.Rejections,
        new DashboardEvictions(
            statistics.EvictionsForEntries, statistics.EvictionsForBytes, statistics.EvictionsForTenantLimit, statistics.EvictionsExpired),
        statistics.Entries,
        statistics.MaxEntries,
        statistics.Bytes,
        statistics.MaxBytes,
        statistics.LastEvictedAge?.TotalSeconds,
        statistics.LastEvictedAgeIsAtLeast);
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
[JsonSerializable(typeof(DashboardSnapshot))]
internal sealed partial class DashboardJson : JsonSerializerContext;
