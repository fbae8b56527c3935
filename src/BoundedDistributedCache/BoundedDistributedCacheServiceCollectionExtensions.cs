using BoundedCache;
using BoundedCache.Diagnostics;
using BoundedCache.Expiration;
using BoundedCache.Tenancy;
using Microsoft.Extensions.Caching.Distributed;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;

namespace Microsoft.Extensions.DependencyInjection;

/// <summary>
/// Registers bounded caches that live in the process. The methods may stand in any order among other registrations and
/// may be called repeatedly: what configures a cache adds up, and the cache stays one.
/// </summary>
/// <remarks>
/// <para>
/// <see cref="IDistributedCache"/>, <see cref="IBufferDistributedCache"/> and <see cref="BoundedDistributedCache"/>
/// resolve to one object, whatever was registered for them before the last call; a provider that is added after it wins.
/// With tenants, which <c>AddBoundedCacheTenants</c> adds, the interfaces resolve to what adds the current tenant to each
/// call, and the class to the cache without it. The <see cref="TimeProvider"/>, the loggers and the meters of the container are used when it has them.
/// </para>
/// <para>
/// A host validates the options of every cache when it starts, refuses to start when two caches have the same
/// <see cref="BoundedDistributedCacheOptions.Name"/>, and sweeps expired entries out of all of them, also of those that
/// nobody uses. Without a host, options are validated when the cache is first resolved, names are not compared, and
/// expired entries are removed when their room is needed or by <c>RemoveExpired</c>.
/// </para>
/// </remarks>
public static class BoundedDistributedCacheServiceCollectionExtensions
{
    /// <summary>Registers the cache of the container, in the place of <c>AddDistributedMemoryCache()</c>.</summary>
    /// <param name="services">The registrations to add to.</param>
    /// <returns><paramref name="services"/>.</returns>
    /// <exception cref="ArgumentNullException"><paramref name="services"/> is <see langword="null"/>.</exception>
    public static IServiceCollection AddBoundedDistributedCache(this IServiceCollection services) =>
        services.AddKeyedBoundedDistributedCache(serviceKey: null);

    /// <inheritdoc cref="AddBoundedDistributedCache(IServiceCollection)"/>
    /// <param name="services">The registrations to add to.</param>
    /// <param name="configure">Sets the options.</param>
    /// <exception cref="ArgumentNullException">An argument is <see langword="null"/>.</exception>
    public static IServiceCollection AddBoundedDistributedCache(this IServiceCollection services, Action<BoundedDistributedCacheOptions> configure) =>
        services.AddKeyedBoundedDistributedCache(serviceKey: null, configure);

    /// <inheritdoc cref="AddBoundedDistributedCache(IServiceCollection)"/>
    /// <param name="services">The registrations to add to.</param>
    /// <param name="configuration">The section whose values are the options, by their names.</param>
    /// <exception cref="ArgumentNullException">An argument is <see langword="null"/>.</exception>
    public static IServiceCollection AddBoundedDistributedCache(this IServiceCollection services, IConfiguration configuration) =>
        services.AddKeyedBoundedDistributedCache(serviceKey: null, configuration);

    /// <summary>
    /// Registers a cache under a service key, with limits of its own. Where the key is a string, its options are also
    /// the named options of that name.
    /// </summary>
    /// <param name="services">The registrations to add to.</param>
    /// <param name="serviceKey">The key; <see langword="null"/> for the cache without a key.</param>
    /// <returns><paramref name="services"/>.</returns>
    /// <exception cref="ArgumentNullException"><paramref name="services"/> is <see langword="null"/>.</exception>
    /// <exception cref="ArgumentException">
    /// <paramref name="serviceKey"/> is <see cref="KeyedService.AnyKey"/>, which would be a cache for each key asked for.
    /// </exception>
    public static IServiceCollection AddKeyedBoundedDistributedCache(this IServiceCollection services, object? serviceKey)
    {
        AddCache(services, serviceKey);
        return services;
    }

    /// <inheritdoc cref="AddKeyedBoundedDistributedCache(IServiceCollection, object?)"/>
    /// <param name="services">The registrations to add to.</param>
    /// <param name="serviceKey">The key; <see langword="null"/> for the cache without a key.</param>
    /// <param name="configure">Sets the options.</param>
    /// <exception cref="ArgumentNullException">
    /// <paramref name="services"/> or <paramref name="configure"/> is <see langword="null"/>.
    /// </exception>
    public static IServiceCollection AddKeyedBoundedDistributedCache(this IServiceCollection services, object? serviceKey, Action<BoundedDistributedCacheOptions> configure)
    {
        ArgumentNullException.ThrowIfNull(services);
        ArgumentNullException.ThrowIfNull(configure);
        return services.Configure(AddCache(services, serviceKey).OptionsName, configure);
    }

    /// <inheritdoc cref="AddKeyedBoundedDistributedCache(IServiceCollection, object?)"/>
    /// <param name="services">The registrations to add to.</param>
    /// <param name="serviceKey">The key; <see langword="null"/> for the cache without a key.</param>
    /// <param name="configuration">The section whose values are the options, by their names.</param>
    /// <exception cref="ArgumentNullException">
    /// <paramref name="services"/> or <paramref name="configuration"/> is <see langword="null"/>.
    /// </exception>
    public static IServiceCollection AddKeyedBoundedDistributedCache(this IServiceCollection services, object? serviceKey, IConfiguration configuration)
    {
        ArgumentNullException.ThrowIfNull(services);
        ArgumentNullException.ThrowIfNull(configuration);
        return services.Configure<BoundedDistributedCacheOptions>(AddCache(services, serviceKey).OptionsName, configuration);
    }

    private static CacheRegistration AddCache(IServiceCollection services, object? serviceKey)
    {
        ArgumentNullException.ThrowIfNull(services);
        if (ReferenceEquals(serviceKey, KeyedService.AnyKey))
            throw new ArgumentException($"{nameof(KeyedService)}.{nameof(KeyedService.AnyKey)} stands for every key; a bounded cache is registered under one.", nameof(serviceKey));

        var registered = services.Select(d => d.IsKeyedService ? null : d.ImplementationInstance).OfType<CacheRegistration>().ToList();
        var registration = registered.Find(r => Equals(r.ServiceKey, serviceKey));
        if (registration is null)
        {
            registration = new CacheRegistration(serviceKey, registered.Count);
            services.AddSingleton(registration);
            AddOptions(services, registration);
            services.TryAddSingleton(new LeftOverConfiguration(services));
            services.TryAddSingleton(new WinningRegistration(services));
            services.TryAddEnumerable(ServiceDescriptor.Singleton<IHostedService, ExpirationSweeper>());
        }

        registration.MoveToEnd(services);
        TenantRegistration.Find(services)?.Compose();
        return registration;
    }

    private static void AddOptions(IServiceCollection services, CacheRegistration registration)
    {
        MadeAtStart.Add(services, registration);
        services.TryAddEnumerable(ServiceDescriptor.Singleton<IValidateOptions<BoundedDistributedCacheOptions>, BoundedDistributedCacheOptionsValidator>());
        if (registration.ServiceKey is not { } serviceKey)
            return;

        services.PostConfigure<BoundedDistributedCacheOptions>(registration.OptionsName, options => options.SetNameUnlessSet(registration.ServiceKeyText));
        services.AddKeyedSingleton(serviceKey, (provider, _) =>
            Options.Options.Create(provider.GetRequiredService<IOptionsFactory<BoundedDistributedCacheOptions>>().Create(registration.OptionsName)));
    }
}
