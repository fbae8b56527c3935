using Microsoft.Extensions.Hosting;

namespace BoundedCache.Hybrid;

/// <summary>Refuses to start a host, before any of its services runs, where tenants would share a HybridCache.</summary>
internal sealed class HybridStartupCheck(HybridRegistration registration) : IHostedLifecycleService
{
    public Task StartingAsync(CancellationToken cancellationToken)
    {
        registration.ThrowIfACacheEscapes();
        return Task.CompletedTask;
    }

    public Task StartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StartedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StoppingAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StoppedAsync(CancellationToken cancellationToken) => Task.CompletedTask;
}
