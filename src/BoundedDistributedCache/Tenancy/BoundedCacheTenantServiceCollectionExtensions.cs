using BoundedCache;
using BoundedCache.Tenancy;
using Microsoft.Extensions.Caching.Distributed;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Hosting;

namespace Microsoft.Extensions.DependencyInjection;

/// <summary>Lets tenants share the caches of a container, each seeing its own entries only.</summary>
public static class BoundedCacheTenantServiceCollectionExtensions
{
    /// <summary>
    /// Adds the current tenant, that of <see cref="ITenantContext"/>, to every call on every <see cref="IDistributedCache"/>
    /// and <see cref="IBufferDistributedCache"/> of the container: with and without a service key, bounded or of another
    /// provider. <see cref="BoundedDistributedCache"/> itself, asked for by its class, sees all tenants' entries.
    /// </summary>
    /// <param name="services">The registrations to add to.</param>
    /// <returns><paramref name="services"/>.</returns>
    /// <remarks>
    /// <para>
    /// May stand anywhere among the <c>Add</c> methods of this library and be called repeatedly. A cache of another
    /// provider must be registered before: one that is registered after the last such call would see keys without
    /// tenants, so the host does not start, and without a host <see cref="ITenantContext"/> can't be resolved;
    /// the exception names the cache.
    /// </para>
    /// <para>
    /// Registers <see cref="ITenantContext"/>, and <see cref="IBoundedCacheAdmin"/> for every cache. Code that is in no
    /// tenant is refused, unless <see cref="BoundedCacheTenantOptions.WhenMissing"/> says otherwise.
    /// </para>
    /// </remarks>
    /// <exception cref="ArgumentNullException"><paramref name="services"/> is <see langword="null"/>.</exception>
    public static IServiceCollection AddBoundedCacheTenants(this IServiceCollection services)
    {
        ArgumentNullException.ThrowIfNull(services);

        var registration = TenantRegistration.Find(services);
        if (registration is null)
        {
            registration = new TenantRegistration(services);
            services.AddSingleton(registration);
            AddServices(services);
        }

        registration.Compose();
        return services;
    }

    /// <inheritdoc cref="AddBoundedCacheTenants(IServiceCollection)"/>
    /// <param name="services">The registrations to add to.</param>
    /// <param name="configure">Sets the options.</param>
    /// <exception cref="ArgumentNullException">An argument is <see langword="null"/>.</exception>
    public static IServiceCollection AddBoundedCacheTenants(this IServiceCollection services, Action<BoundedCacheTenantOptions> configure)
    {
        ArgumentNullException.ThrowIfNull(services);
        ArgumentNullException.ThrowIfNull(configure);
        return services.AddBoundedCacheTenants().Configure(configure);
    }

    private static void AddServices(IServiceCollection services)
    {
        services.AddOptions<BoundedCacheTenantOptions>()
            .Validate(
                options => Enum.IsDefined(options.WhenMissing),
                $"{nameof(BoundedCacheTenantOptions)}.{nameof(BoundedCacheTenantOptions.WhenMissing)} is no {nameof(MissingTenantBehavior)}. Set it to one of {string.Join(", ", Enum.GetNames<MissingTenantBehavior>())}.")
            .ValidateOnStart();
        services.TryAddSingleton<ITenantContext>(provider =>
        {
            provider.GetRequiredService<TenantRegistration>().ThrowIfACacheEscapes();
            return new TenantContext();
        });
        services.AddSingleton<AmbientPartition>();
        services.AddSingleton<TenantDecorator>();
        services.AddSingleton<IHostedService, TenantStartupCheck>();
    }
}
