using Microsoft.Extensions.Caching.Distributed;
using Microsoft.Extensions.Caching.Hybrid;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace BoundedCache.Hybrid.Tests.Support;

/// <summary>A container whose scopes and call sites are validated, and whose logs must have no error in the end.</summary>
internal sealed class App : IDisposable
{
    private readonly ServiceProvider _services;

    public App(Action<IServiceCollection> register)
    {
        var services = new ServiceCollection();
        services.AddLogging(logging => logging.AddFakeLogging());
        register(services);
        _services = services.BuildServiceProvider(new ServiceProviderOptions { ValidateOnBuild = true, ValidateScopes = true });
    }

    public static App WithTenants() => new(services => services.AddBoundedDistributedCache().AddBoundedCacheHybridTenants());

    public IServiceProvider Services => _services;

    public HybridCache Hybrid => _services.GetRequiredService<HybridCache>();

    public ITenantContext Tenants => _services.GetRequiredService<ITenantContext>();

    public IDistributedCache Level2(object? serviceKey = null) => _services.GetRequiredKeyedService<IDistributedCache>(serviceKey);

    /// <summary>What the distributed cache has for a tenant, <see langword="null"/> being the host.</summary>
    public bool Level2Has(string? tenantId, string key, object? serviceKey = null)
    {
        using (Enter(tenantId))
            return Level2(serviceKey).Get(key) is not null;
    }

    public IDisposable Enter(string? tenantId) => tenantId is null ? Tenants.UseHost() : Tenants.Use(tenantId);

    public IReadOnlyList<string> Errors() =>
        [.. _services.GetFakeLogCollector().GetSnapshot().Where(record => record.Level >= LogLevel.Error).Select(record => record.ToString())];

    /// <summary>For tests of what HybridCache itself refuses, which it logs as an error.</summary>
    public void ForgetErrors() => _services.GetFakeLogCollector().Clear();

    public void Dispose()
    {
        var errors = Errors();
        _services.Dispose();
        Assert.Empty(errors);
    }
}
