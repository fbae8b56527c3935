using BoundedCache;
using BoundedCache.Redis;
using Microsoft.Extensions.Caching.Distributed;
using Microsoft.Extensions.Configuration;

namespace Microsoft.Extensions.DependencyInjection;

/// <summary>Puts Redis, or whatever StackExchange.Redis speaks to, behind a bounded cache.</summary>
/// <remarks>
/// <para>
/// The bounded cache becomes a near tier: it holds copies in the memory of this process, within its limits, and other nodes
/// that share the Redis tell it what to drop. It is registered where it is not yet, so these methods may stand in any order
/// among the others of this library. They may be called repeatedly: what configures the tier adds up, and the tier stays one.
/// </para>
/// <para>
/// <see cref="IDistributedCache"/> and <see cref="IBufferDistributedCache"/> then resolve to both tiers together, with tenants
/// in front where <c>AddBoundedCacheTenants</c> adds them, and <see cref="BoundedDistributedCache"/> to the near tier alone:
/// what it removes is removed from this process only. <see cref="IBoundedCacheAdmin"/> removes from both.
/// </para>
/// <para>
/// The connection is made in the background, from the start of a host or from the first use on; a host starts without Redis
/// too. Operations that need Redis and don't get it fail with <see cref="RedisTierException"/>.
/// </para>
/// </remarks>
public static class BoundedCacheRedisServiceCollectionExtensions
{
    /// <summary>Puts Redis behind the cache without a service key.</summary>
    /// <param name="services">The registrations to add to.</param>
    /// <param name="configuration">Where Redis is, as StackExchange.Redis takes it: <c>localhost:6379</c>.</param>
    /// <returns><paramref name="services"/>.</returns>
    /// <exception cref="ArgumentNullException">An argument is <see langword="null"/>.</exception>
    public static IServiceCollection AddBoundedCacheRedisTier(this IServiceCollection services, string configuration) =>
        services.AddKeyedBoundedCacheRedisTier(serviceKey: null, configuration);

    /// <inheritdoc cref="AddBoundedCacheRedisTier(IServiceCollection, string)"/>
    /// <param name="services">The registrations to add to.</param>
    /// <param name="configure">Sets the options.</param>
    public static IServiceCollection AddBoundedCacheRedisTier(this IServiceCollection services, Action<RedisTierOptions> configure) =>
        services.AddKeyedBoundedCacheRedisTier(serviceKey: null, configure);

    /// <inheritdoc cref="AddBoundedCacheRedisTier(IServiceCollection, string)"/>
    /// <param name="services">The registrations to add to.</param>
    /// <param name="configuration">The section whose values are the options, by their names.</param>
    public static IServiceCollection AddBoundedCacheRedisTier(this IServiceCollection services, IConfiguration configuration) =>
        services.AddKeyedBoundedCacheRedisTier(serviceKey: null, configuration);

    /// <summary>Puts Redis behind the cache of a service key.</summary>
    /// <param name="services">The registrations to add to.</param>
    /// <param name="serviceKey">The key, as in <c>AddKeyedBoundedDistributedCache</c>; <see langword="null"/> for the cache without a key.</param>
    /// <param name="configuration">Where Redis is, as StackExchange.Redis takes it: <c>localhost:6379</c>.</param>
    /// <returns><paramref name="services"/>.</returns>
    /// <exception cref="ArgumentNullException"><paramref name="services"/> or <paramref name="configuration"/> is <see langword="null"/>.</exception>
    /// <exception cref="ArgumentException"><paramref name="serviceKey"/> is <see cref="KeyedService.AnyKey"/>.</exception>
    public static IServiceCollection AddKeyedBoundedCacheRedisTier(this IServiceCollection services, object? serviceKey, string configuration)
    {
        ArgumentNullException.ThrowIfNull(services);
        ArgumentNullException.ThrowIfNull(configuration);
        return services.AddKeyedBoundedCacheRedisTier(serviceKey, options => options.Configuration = configuration);
    }

    /// <inheritdoc cref="AddKeyedBoundedCacheRedisTier(IServiceCollection, object?, string)"/>
    /// <param name="services">The registrations to add to.</param>
    /// <param name="serviceKey">The key; <see langword="null"/> for the cache without a key.</param>
    /// <param name="configure">Sets the options.</param>
    public static IServiceCollection AddKeyedBoundedCacheRedisTier(this IServiceCollection services, object? serviceKey, Action<RedisTierOptions> configure)
    {
        ArgumentNullException.ThrowIfNull(services);
        ArgumentNullException.ThrowIfNull(configure);
        return services.Configure(AddTier(services, serviceKey).OptionsName, configure);
    }

    /// <inheritdoc cref="AddKeyedBoundedCacheRedisTier(IServiceCollection, object?, string)"/>
    /// <param name="services">The registrations to add to.</param>
    /// <param name="serviceKey">The key; <see langword="null"/> for the cache without a key.</param>
    /// <param name="configuration">The section whose values are the options, by their names.</param>
    public static IServiceCollection AddKeyedBoundedCacheRedisTier(this IServiceCollection services, object? serviceKey, IConfiguration configuration)
    {
        ArgumentNullException.ThrowIfNull(services);
        ArgumentNullException.ThrowIfNull(configuration);
        return services.Configure<RedisTierOptions>(AddTier(services, serviceKey).OptionsName, options => ConfiguredOptions.Apply(configuration, options));
    }

    private static RedisTierRegistration AddTier(IServiceCollection services, object? serviceKey)
    {
        services.AddKeyedBoundedDistributedCache(serviceKey);
        return RedisTierRegistration.Of(services, serviceKey);
    }
}
