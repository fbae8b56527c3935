using BoundedCache.Tenancy;
using Microsoft.Extensions.Caching.Distributed;
using Microsoft.Extensions.Caching.Hybrid;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;

namespace BoundedCache.Hybrid;

/// <summary>
/// How the HybridCache of a container is put together: the application gets the decorator, which has the HybridCache that
/// was registered, which has the adapter for its distributed cache.
/// </summary>
/// <param name="services">Looked at again when the container is in use, for what was added since.</param>
internal sealed class HybridRegistration(IServiceCollection services)
{
    internal static readonly InternalCacheKey InnerKey = new();
    internal static readonly InternalCacheKey Level2Key = new();

    private ServiceDescriptor? _decorator;

    internal static HybridRegistration? Find(IServiceCollection services) =>
        services.Select(descriptor => descriptor.IsKeyedService ? null : descriptor.ImplementationInstance).OfType<HybridRegistration>().FirstOrDefault();

    /// <summary>Of several HybridCaches the last one is resolved, so that is the one to decorate.</summary>
    internal void Compose()
    {
        services.AddHybridCache();
        var last = services.Last(descriptor => descriptor.ServiceType == typeof(HybridCache) && !descriptor.IsKeyedService);
        if (last == _decorator)
            return;

        services.RemoveAll<HybridCache>();
        services.RemoveAllKeyed<HybridCache>(InnerKey);
        services.Add(MoveToInnerKey(last));
        _decorator = new ServiceDescriptor(typeof(HybridCache), CreateDecorator, last.Lifetime);
        services.Add(_decorator);
        services.TryAddKeyedSingleton<IDistributedCache>(Level2Key, static (provider, _) => provider.GetRequiredService<Level2Options>().CreateAdapter());
    }

    /// <exception cref="InvalidOperationException">There is a HybridCache that tenants would share.</exception>
    internal void ThrowIfACacheEscapes()
    {
        var escaped = services.FirstOrDefault(descriptor =>
            descriptor.ServiceType == typeof(HybridCache) && descriptor != _decorator && descriptor.ServiceKey != (object)InnerKey);
        if (escaped is null)
            return;

        const string Method = nameof(BoundedCacheHybridServiceCollectionExtensions.AddBoundedCacheHybridTenants);
        throw new InvalidOperationException(escaped.IsKeyedService
            ? $"A HybridCache is registered with the service key {escaped.ServiceKey}, and tenants would share it: {Method}() keeps them apart only in the HybridCache without a key. Use that one instead."
            : $"A HybridCache was registered after {Method}(), and tenants would share it. Swap the two lines: call services.{Method}() after the one that registers it.");
    }

    private static TenantHybridCache CreateDecorator(IServiceProvider provider)
    {
        provider.GetRequiredService<HybridRegistration>().ThrowIfACacheEscapes();
        return new TenantHybridCache(
            provider.GetRequiredKeyedService<HybridCache>(InnerKey),
            provider.GetRequiredService<ITenantContext>(),
            provider.GetRequiredService<AmbientPartition>());
    }

    private static ServiceDescriptor MoveToInnerKey(ServiceDescriptor descriptor) => descriptor switch
    {
        { ImplementationInstance: { } instance } => new(typeof(HybridCache), InnerKey, instance),
        { ImplementationFactory: { } factory } => new(typeof(HybridCache), InnerKey, (provider, _) => factory(provider), descriptor.Lifetime),
        _ => new(typeof(HybridCache), InnerKey, descriptor.ImplementationType!, descriptor.Lifetime),
    };
}
