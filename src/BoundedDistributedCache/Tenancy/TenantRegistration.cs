using Microsoft.Extensions.Caching.Distributed;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;

namespace BoundedCache.Tenancy;

/// <summary>
/// Says that the caches of a container are shared by tenants. Bounded caches ask for <see cref="TenantDecorator"/> when
/// they are resolved, so they may be registered at any time; those of others are decorated here, where they stand.
/// </summary>
/// <param name="services">Looked at again when the container is in use, for the caches that were added since.</param>
internal sealed class TenantRegistration(IServiceCollection services)
{
    private readonly HashSet<ServiceDescriptor> _decorated = new(ReferenceEqualityComparer.Instance);

    internal static TenantRegistration? Find(IServiceCollection services) =>
        services.Select(descriptor => descriptor.IsKeyedService ? null : descriptor.ImplementationInstance).OfType<TenantRegistration>().FirstOrDefault();

    /// <summary>Called whenever a cache or tenants are added; what has been composed stays as it is.</summary>
    internal void Compose()
    {
        var foreignKeys = services.Where(IsForeignCache).Where(descriptor => descriptor.IsKeyedService && !IsForEveryKey(descriptor)).Select(descriptor => descriptor.ServiceKey);
        foreach (var serviceKey in Caches().Select(cache => cache.ServiceKey).Concat(foreignKeys).Prepend(null).ToList())
            services.TryAdd(new ServiceDescriptor(typeof(IBoundedCacheAdmin), serviceKey, BoundedCacheAdmin.Create, ServiceLifetime.Singleton));

        for (var i = services.Count - 1; i >= 0; i--)
        {
            if (Escapes(services[i]) && !IsForEveryKey(services[i]))
                DecorateAt(i);
        }
    }

    /// <exception cref="InvalidOperationException">A cache would not keep tenants apart.</exception>
    internal void ThrowIfACacheEscapes()
    {
        if (services.FirstOrDefault(Escapes) is not { } descriptor)
            return;

        throw new InvalidOperationException(IsForEveryKey(descriptor)
            ? $"{Describe(descriptor)} is registered for every key, where {nameof(BoundedCacheTenantServiceCollectionExtensions.AddBoundedCacheTenants)}() can't add the tenant. Register it for each key that is in use."
            : TooLate(Describe(descriptor)));
    }

    internal static string TooLate(string cache) =>
        $"{cache} was registered after {nameof(BoundedCacheTenantServiceCollectionExtensions.AddBoundedCacheTenants)}(), so it would not keep tenants apart. "
        + $"Swap the two lines: call services.{nameof(BoundedCacheTenantServiceCollectionExtensions.AddBoundedCacheTenants)}() after the one that registers it (AddStackExchangeRedisCache, AddDistributedMemoryCache or such, or what decorates a cache).";

    // The original moves to a key of its own, so that the container makes and disposes it as before.
    private void DecorateAt(int index)
    {
        var original = services[index];
        var innerKey = new InternalCacheKey();
        var decorated = new ServiceDescriptor(
            original.ServiceType,
            original.ServiceKey,
            (provider, _) => provider.GetRequiredService<TenantDecorator>().Decorate((IDistributedCache)provider.GetRequiredKeyedService(original.ServiceType, innerKey)),
            original.Lifetime);

        services[index] = decorated;
        services.Add(MoveTo(innerKey, original));
        _decorated.Add(decorated);
    }

    private static ServiceDescriptor MoveTo(InternalCacheKey key, ServiceDescriptor original)
    {
        var (type, lifetime) = (original.ServiceType, original.Lifetime);
        if (!original.IsKeyedService)
        {
            return original switch
            {
                { ImplementationInstance: { } instance } => new(type, key, instance),
                { ImplementationFactory: { } factory } => new(type, key, (provider, _) => factory(provider), lifetime),
                _ => new(type, key, original.ImplementationType!, lifetime),
            };
        }

        return original switch
        {
            { KeyedImplementationInstance: { } instance } => new(type, key, instance),
            { KeyedImplementationFactory: { } factory } => new(type, key, (provider, _) => factory(provider, original.ServiceKey), lifetime),
            _ => new(type, key, original.KeyedImplementationType!, lifetime),
        };
    }

    private IEnumerable<CacheRegistration> Caches() =>
        services.Select(descriptor => descriptor.IsKeyedService ? null : descriptor.ImplementationInstance).OfType<CacheRegistration>();

    private bool Escapes(ServiceDescriptor descriptor) => IsForeignCache(descriptor) && !_decorated.Contains(descriptor);

    private bool IsForeignCache(ServiceDescriptor descriptor) =>
        (descriptor.ServiceType == typeof(IDistributedCache) || descriptor.ServiceType == typeof(IBufferDistributedCache))
        && descriptor.ServiceKey is not InternalCacheKey
        && !Caches().Any(cache => cache.Owns(descriptor));

    private static bool IsForEveryKey(ServiceDescriptor descriptor) => ReferenceEquals(descriptor.ServiceKey, KeyedService.AnyKey);

    internal static string Describe(ServiceDescriptor descriptor)
    {
        var (type, instance) = descriptor.IsKeyedService
            ? (descriptor.KeyedImplementationType, descriptor.KeyedImplementationInstance)
            : (descriptor.ImplementationType, descriptor.ImplementationInstance);
        var implementation = (type ?? instance?.GetType())?.ToString() ?? "made by a function";
        return $"The {descriptor.ServiceType.Name} ({implementation}{(descriptor.ServiceKey is { } key ? $", service key {key}" : "")})";
    }
}
