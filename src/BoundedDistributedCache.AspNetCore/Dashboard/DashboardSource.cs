using System.Text.Json;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace BoundedCache.AspNetCore.Dashboard;

/// <summary>Reads the caches of a container.</summary>
internal sealed class DashboardSource(IServiceProvider provider, CacheRegistration[] registrations, TimeProvider timeProvider)
{
    internal const int MaxTenants = 100;

    private static readonly string Instance = $"{Environment.MachineName}:{Environment.ProcessId}";

    private readonly string _application = provider.GetService<IHostEnvironment>()?.ApplicationName ?? "";

    /// <summary>A snapshot as JSON in one line of UTF-8.</summary>
    public byte[] Take() => JsonSerializer.SerializeToUtf8Bytes(
        new DashboardSnapshot(timeProvider.GetUtcNow(), _application, Instance, Array.ConvertAll(registrations, Read)),
        DashboardJson.Default.DashboardSnapshot);

    private DashboardCache Read(CacheRegistration registration)
    {
        var cache = registration.GetCache(provider);
        return new DashboardCache(
            cache.Name,
            DashboardFigures.Of(cache.GetStatistics()),
            registration.GetOptions(provider).SweepInterval.TotalSeconds,
            [.. cache.RecentSweeps.Select(sweep => new DashboardSweep(sweep.Number, sweep.StartedAt, sweep.Duration.TotalSeconds, sweep.Removed))],
            [.. cache.LargestTenants(MaxTenants).Select(tenant => new DashboardTenant(tenant.TenantId, DashboardFigures.Of(tenant.Statistics)))]);
    }
}
