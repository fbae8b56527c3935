using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace BoundedCache.Diagnostics;

/// <summary>
/// Finds what still configures the provider that this one replaced. Its package is not referenced, so its options are
/// known by their name.
/// </summary>
/// <param name="services">Looked at when a host starts, for the registrations may come in any order.</param>
internal sealed class LeftOverConfiguration(IServiceCollection services)
{
    internal const string OptionsTypeName = "MemoryDistributedCacheOptions";

    internal bool Exists() => services.Any(descriptor => Configures(descriptor.ServiceType));

    private static bool Configures(Type service) =>
        service.IsConstructedGenericType
        && (service.GetGenericTypeDefinition() == typeof(IConfigureOptions<>) || service.GetGenericTypeDefinition() == typeof(IPostConfigureOptions<>))
        && service.GenericTypeArguments[0].Name == OptionsTypeName;
}
