namespace BoundedCache.Tests.Support;

/// <summary>A container of another make, which knows nothing of service keys.</summary>
internal sealed class ProviderWithoutKeys(IServiceProvider provider) : IServiceProvider
{
    public object? GetService(Type serviceType) => provider.GetService(serviceType);
}
