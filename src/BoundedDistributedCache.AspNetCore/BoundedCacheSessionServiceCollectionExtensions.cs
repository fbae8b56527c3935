using BoundedCache;
using Microsoft.AspNetCore.Session;
using Microsoft.Extensions.Caching.Distributed;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Logging;

namespace Microsoft.Extensions.DependencyInjection;

/// <summary>Puts ASP.NET Core's session state on a bounded cache of its own.</summary>
public static class BoundedCacheSessionServiceCollectionExtensions
{
    /// <summary>
    /// Keeps session state in the bounded cache of the given key, apart from what else is cached, so that a flood of
    /// other entries can't evict a session. Registers that keyed cache with default limits where it isn't registered
    /// yet. May be called before or after <c>AddSession()</c>, which is needed too; when called again, the last key wins.
    /// </summary>
    /// <param name="services">The services to add to.</param>
    /// <param name="serviceKey">The key of the cache, as in <c>AddKeyedBoundedDistributedCache</c>.</param>
    /// <returns><paramref name="services"/>.</returns>
    /// <exception cref="ArgumentNullException">An argument is <see langword="null"/>.</exception>
    /// <exception cref="ArgumentException"><paramref name="serviceKey"/> is <see cref="KeyedService.AnyKey"/>.</exception>
    public static IServiceCollection AddBoundedCacheSession(this IServiceCollection services, object serviceKey)
    {
        ThrowIfNull(services, serviceKey);

        services.AddKeyedBoundedDistributedCache(serviceKey);
        return services.KeepSessionsIn(serviceKey);
    }

    /// <summary>
    /// Keeps session state in the bounded cache of the given key, as the overload without options does, and configures
    /// that cache.
    /// </summary>
    /// <param name="services">The services to add to.</param>
    /// <param name="serviceKey">The key of the cache, as in <c>AddKeyedBoundedDistributedCache</c>.</param>
    /// <param name="configure">Sets the options of that cache.</param>
    /// <returns><paramref name="services"/>.</returns>
    /// <exception cref="ArgumentNullException">An argument is <see langword="null"/>.</exception>
    /// <exception cref="ArgumentException"><paramref name="serviceKey"/> is <see cref="KeyedService.AnyKey"/>.</exception>
    public static IServiceCollection AddBoundedCacheSession(
        this IServiceCollection services, object serviceKey, Action<BoundedDistributedCacheOptions> configure)
    {
        ThrowIfNull(services, serviceKey);
        ArgumentNullException.ThrowIfNull(configure);

        services.AddKeyedBoundedDistributedCache(serviceKey, configure);
        return services.KeepSessionsIn(serviceKey);
    }

    private static void ThrowIfNull(IServiceCollection services, object serviceKey)
    {
        ArgumentNullException.ThrowIfNull(services);
        if (serviceKey is null)
        {
            throw new ArgumentNullException(
                nameof(serviceKey), "Sessions need the key of a cache of their own, such as \"sessions\".");
        }
    }

    // AddSession() adds its store with TryAdd: one that stands here already stays, one that came earlier is replaced.
    // The store asks for IDistributedCache, not for the bounded cache itself, so that what decorates it holds here too.
    private static IServiceCollection KeepSessionsIn(this IServiceCollection services, object serviceKey) =>
        services.Replace(ServiceDescriptor.Transient<ISessionStore>(provider => new DistributedSessionStore(
            provider.GetRequiredKeyedService<IDistributedCache>(serviceKey),
            provider.GetRequiredService<ILoggerFactory>())));
}
