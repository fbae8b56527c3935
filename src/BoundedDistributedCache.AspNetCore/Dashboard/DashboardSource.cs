using System.Text.Json;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace BoundedCache.AspNetCore.Dashboard;

/// <summary>Reads the caches of a container.</summary>
internal sealed class DashboardSource(IServiceProvider provider, CacheRegistration[] registrations, TimeProvider timeProvider)
{
    internal const int MaxTenants = 100;

    private static readonly string Instance = $"{Environment.MachineName}:{Environment.ProcessId}";

    // A container that was restarted has the machine's name and the process's id of the one before.
    private static readonly Guid Run = Guid.NewGuid();

    private readonly string _application = provider.GetService<IHostEnvironment>()?.ApplicationName ?? "";

    /// <summary>A snapshot as JSON in one line of UTF-8.</summary>
    public byte[] Take() => JsonSerializer.SerializeToUtf8Bytes(
        new DashboardSnapshot(timeProvider.GetUtcNow(), _application, Instance, Run, [.. registrations.Select(Read).OfType<DashboardCache>()]),
        DashboardJson.Default.DashboardSnapshot);

    /// <returns><see langword="null"/> for a cache that was disposed: the others are shown all the same.</returns>
    private DashboardCache? Read(CacheRegistration registration)
    {
        var cache = registration.GetCache(provider);
        var interval = registration.GetOptions(provider).SweepInterval.TotalSeconds;
        try
        {
            return new DashboardCache(
                cache.Name,
                DashboardFigures.Of(cache.GetStatistics()),
                interval,
                cache.Sweeper is { } sweeper ? new DashboardSweeper(sweeper.SinceLastSweep.TotalSeconds, sweeper.IsLate, sweeper.Completion.IsCompleted) : null,
                [.. cache.RecentSweeps.Select(sweep => new DashboardSweep(sweep.Number, sweep.StartedAt, sweep.Duration.TotalSeconds, sweep.Removed))],
                [.. cache.LargestTenants(MaxTenants).Select(tenant => new DashboardTenant(tenant.TenantId, DashboardFigures.Of(tenant.Statistics)))]);
        }
        catch (ObjectDisposedException)
        {
            return null;
        }
    }
}
