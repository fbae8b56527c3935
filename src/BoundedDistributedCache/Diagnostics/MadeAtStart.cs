using Microsoft.Extensions.DependencyInjection;

namespace BoundedCache.Diagnostics;

/// <summary>
/// Options without content. A host that validates them at start makes the options of a cache, and so validates those.
/// </summary>
/// <remarks>
/// <c>ValidateOnStart</c> on the options of the cache themselves would make their monitor, which lives on, and throws at
/// whoever reloads a configuration that is wrong.
/// </remarks>
internal sealed class MadeAtStart
{
    internal static void Add(IServiceCollection services, CacheRegistration registration) => services
        .AddOptions<MadeAtStart>(registration.OptionsName)
        .Configure<IServiceProvider>((_, provider) => registration.GetOptions(provider))
        .ValidateOnStart();
}
