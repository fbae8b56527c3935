using BoundedCache;
using BoundedCache.Hybrid;
using BoundedCache.Tenancy;
using Microsoft.Extensions.Caching.Hybrid;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;

namespace Microsoft.Extensions.DependencyInjection;

/// <summary>Lets tenants share a HybridCache, each seeing its own entries only.</summary>
public static class BoundedCacheHybridServiceCollectionExtensions
{
    /// <summary>
    /// Keeps tenants apart in <see cref="HybridCache"/>: in its own memory, in its tags, and in what it stores in the
    /// distributed cache. Adds HybridCache and <c>AddBoundedCacheTenants()</c> where they are not there yet.
    /// </summary>
    /// <param name="services">The registrations to add to.</param>
    /// <returns><paramref name="services"/>.</returns>
    /// <remarks>
    /// <para>
    /// The tenant of a call is the one that is current at the call, and it is current again while the factory runs. Code
    /// that is in no tenant is refused with <see cref="InvalidOperationException"/>, unless
    /// <see cref="BoundedCacheTenantOptions.WhenMissing"/> says otherwise. The tag <c>*</c> stands for everything of the
    /// current tenant, in the host partition for everything of the host's.
    /// </para>
    /// <para>
    /// The distributed cache is the one that <see cref="HybridCacheOptions.DistributedCacheServiceKey"/> names, else the
    /// one without a key. HybridCache's entries are the tenant's there, under the tenant's own keys, so that limits and
    /// removal hold for them. <see cref="HybridCacheOptions.MaximumKeyLength"/> is raised by the length of the longest id.
    /// </para>
    /// <para>
    /// May stand before or after <c>AddHybridCache()</c>, and be called repeatedly. A HybridCache that anything else
    /// registers must be registered before; one with a service key is not covered. Where tenants would share such a
    /// cache, the host does not start, and without a host <see cref="HybridCache"/> can't be resolved.
    /// </para>
    /// </remarks>
    /// <exception cref="ArgumentNullException"><paramref name="services"/> is <see langword="null"/>.</exception>
    public static IServiceCollection AddBoundedCacheHybridTenants(this IServiceCollection services)
    {
        ArgumentNullException.ThrowIfNull(services);

        services.AddBoundedCacheTenants();
        var registration = HybridRegistration.Find(services);
        if (registration is null)
        {
            registration = new HybridRegistration(services);
            services.AddSingleton(registration);
            AddServices(services);
        }

        registration.Compose();
        return services;
    }

    /// <inheritdoc cref="AddBoundedCacheHybridTenants(IServiceCollection)"/>
    /// <param name="services">The registrations to add to.</param>
    /// <param name="configure">Sets the options that <c>AddBoundedCacheTenants</c> takes too.</param>
    /// <exception cref="ArgumentNullException">An argument is <see langword="null"/>.</exception>
    public static IServiceCollection AddBoundedCacheHybridTenants(this IServiceCollection services, Action<BoundedCacheTenantOptions> configure)
    {
        ArgumentNullException.ThrowIfNull(services);
        ArgumentNullException.ThrowIfNull(configure);
        return services.AddBoundedCacheHybridTenants().Configure(configure);
    }

    private static void AddServices(IServiceCollection services)
    {
        services.AddSingleton<Level2Options>();
        services.AddSingleton<IPostConfigureOptions<HybridCacheOptions>>(provider => provider.GetRequiredService<Level2Options>());
        services.AddSingleton<ITenantCacheLevel, HybridCacheLevel>();
        services.AddSingleton<IHostedService, HybridStartupCheck>();
    }
}
