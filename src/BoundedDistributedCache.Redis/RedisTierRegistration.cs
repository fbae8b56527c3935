using System.Diagnostics.Metrics;
using BoundedCache.Diagnostics;
using BoundedCache.Tenancy;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace BoundedCache.Redis;

/// <summary>The Redis tier of one cache among the registrations of a container.</summary>
internal sealed class RedisTierRegistration
{
    private readonly CacheRegistration _cache;

    private RedisTierRegistration(CacheRegistration cache) => _cache = cache;

    /// <summary>The tier has the options of the cache's name.</summary>
    internal string OptionsName => _cache.OptionsName;

    internal RedisTieredCache GetTier(IServiceProvider provider) => _cache.ServiceKey is { } key
        ? provider.GetRequiredKeyedService<RedisTieredCache>(key)
        : provider.GetRequiredService<RedisTieredCache>();

    /// <summary>Puts a tier behind a cache that is registered, once.</summary>
    internal static RedisTierRegistration Of(IServiceCollection services, object? serviceKey)
    {
        var cache = CacheRegistration.Find(services, serviceKey)!;
        var registered = services
            .Select(descriptor => descriptor.IsKeyedService ? null : descriptor.ImplementationInstance)
            .OfType<RedisTierRegistration>()
            .FirstOrDefault(tier => ReferenceEquals(tier._cache, cache));
        if (registered is not null)
            return registered;

        var registration = new RedisTierRegistration(cache);
        services.AddSingleton(registration);
        services.Add(new ServiceDescriptor(typeof(RedisTieredCache), serviceKey, registration.Create, ServiceLifetime.Singleton));
        services.AddSingleton<ITenantCacheLevel>(provider => new RedisLevel(registration.GetTier(provider), serviceKey));
        services.AddSingleton<ICacheTier>(provider => registration.GetTier(provider));
        services.TryAdd(new ServiceDescriptor(typeof(IBoundedCacheAdmin), serviceKey, BoundedCacheAdmin.Create, ServiceLifetime.Singleton));
        services.TryAddEnumerable(ServiceDescriptor.Singleton<IValidateOptions<RedisTierOptions>, RedisTierOptionsValidator>());
        services.AddOptions<RedisTierOptions>(cache.OptionsName).ValidateOnStart();
        services.TryAddEnumerable(ServiceDescriptor.Singleton<IHostedService, RedisTierStarter>());
        cache.Tier = registration.GetTier;
        return registration;
    }

    private RedisTieredCache Create(IServiceProvider provider, object? serviceKey) => new(
        _cache.GetCache(provider),
        provider.GetRequiredService<IOptionsMonitor<RedisTierOptions>>().Get(OptionsName),
        provider,
        provider.GetService<TimeProvider>() ?? TimeProvider.System,
        provider.GetService<ILoggerFactory>()?.CreateLogger("BoundedCache.Redis"),
        provider.GetService<IMeterFactory>() is { } meters ? RedisTierMeter.Of(meters) : null);
}
