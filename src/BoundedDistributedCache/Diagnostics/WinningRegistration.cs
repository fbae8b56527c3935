using BoundedCache.Tenancy;
using Microsoft.Extensions.Caching.Distributed;
using Microsoft.Extensions.DependencyInjection;

namespace BoundedCache.Diagnostics;

/// <summary>Finds what callers get in the place of a bounded cache, where something else was registered later.</summary>
/// <param name="services">Looked at when a host starts, for the registrations may come in any order.</param>
internal sealed class WinningRegistration(IServiceCollection services)
{
    /// <summary>What it is; <see langword="null"/> where callers get the cache.</summary>
    internal string? InPlaceOf(CacheRegistration registration) =>
        services.LastOrDefault(descriptor => descriptor.ServiceType == typeof(IDistributedCache) && Equals(descriptor.ServiceKey, registration.ServiceKey)) is { } last
        && !registration.Owns(last)
            ? TenantRegistration.Describe(last)
            : null;
}
