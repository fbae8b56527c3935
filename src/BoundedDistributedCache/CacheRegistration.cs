using System.Diagnostics.Metrics;
using System.Globalization;
using BoundedCache.Tenancy;
using Microsoft.Extensions.Caching.Distributed;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace BoundedCache;

/// <summary>
/// One cache among the registrations of a container: how it is resolved and where its options are. Whoever needs all
/// caches of the container asks for all of these.
/// </summary>
internal sealed class CacheRegistration
{
    private readonly ServiceDescriptor[] _descriptors;

    /// <param name="serviceKey"><see langword="null"/> for the cache without a key.</param>
    /// <param name="ordinal">How many caches were registered before this one.</param>
    internal CacheRegistration(object? serviceKey, int ordinal)
    {
        ServiceKey = serviceKey;
        OptionsName = NameOptions(serviceKey, ordinal);
        _descriptors =
        [
            new(typeof(BoundedDistributedCache), serviceKey, Create, ServiceLifetime.Singleton),
            new(typeof(IBufferDistributedCache), serviceKey, Compose, ServiceLifetime.Singleton),
            new(typeof(IDistributedCache), serviceKey, Compose, ServiceLifetime.Singleton),
        ];
    }

    internal object? ServiceKey { get; }

    internal string ServiceKeyText => Convert.ToString(ServiceKey, CultureInfo.InvariantCulture) ?? "";

    internal string OptionsName { get; }

    /// <summary>Makes what callers get in the place of the cache, where a tier is behind it.</summary>
    internal Func<IServiceProvider, IBufferDistributedCache>? Tier { get; set; }

    internal bool Owns(ServiceDescriptor descriptor) => _descriptors.Contains(descriptor);

    /// <summary>Of several registrations of a service the last one is resolved, so these go behind all others.</summary>
    internal void MoveToEnd(IServiceCollection services)
    {
        foreach (var descriptor in _descriptors)
        {
            services.Remove(descriptor);
            services.Add(descriptor);
        }
    }

    internal BoundedDistributedCache GetCache(IServiceProvider provider) => Get<BoundedDistributedCache>(provider, ServiceKey);

    /// <summary>The options that the cache is made with, which are one object for as long as the container lives.</summary>
    internal BoundedDistributedCacheOptions GetOptions(IServiceProvider provider) =>
        Get<IOptions<BoundedDistributedCacheOptions>>(provider, ServiceKey).Value;

    private static BoundedDistributedCache Create(IServiceProvider provider, object? serviceKey) => new(
        Get<IOptions<BoundedDistributedCacheOptions>>(provider, serviceKey),
        provider.GetService<TimeProvider>(),
        provider.GetService<ILogger<BoundedDistributedCache>>(),
        provider.GetService<IMeterFactory>());

    // What callers of the interfaces get: the tier before the cache, and outermost what adds the tenant.
    private IBufferDistributedCache Compose(IServiceProvider provider, object? serviceKey)
    {
        var cache = Tier?.Invoke(provider) ?? Get<BoundedDistributedCache>(provider, serviceKey);
        return provider.GetService<TenantDecorator>() is { } tenants ? tenants.Decorate(cache) : cache;
    }

    internal static CacheRegistration? Find(IServiceCollection services, object? serviceKey) => services
        .Select(descriptor => descriptor.IsKeyedService ? null : descriptor.ImplementationInstance)
        .OfType<CacheRegistration>()
        .FirstOrDefault(registration => Equals(registration.ServiceKey, serviceKey));

    // A container that knows no keyed services can hold the cache without a key all the same.
    private static T Get<T>(IServiceProvider provider, object? serviceKey)
        where T : notnull =>
        serviceKey is null ? provider.GetRequiredService<T>() : provider.GetRequiredKeyedService<T>(serviceKey);

    // A key that is a string names its options itself, so that they can be configured by that name. No two keys share a
    // name: one that is no string gets "[ordinal]", and the few strings that could be mistaken for that, or for the
    // options of the cache without a key, get "[]" before them.
    private static string NameOptions(object? serviceKey, int ordinal) => serviceKey switch
    {
        null => Options.DefaultName,
        string { Length: > 0 } text when text[0] != '[' => text,
        string text => "[]" + text,
        _ => string.Create(CultureInfo.InvariantCulture, $"[{ordinal}] {serviceKey.GetType()}"),
    };
}
