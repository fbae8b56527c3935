using Microsoft.Extensions.Hosting;

namespace BoundedCache.Redis;

/// <summary>Has the tiers of a host connect from its start on, in the background. A host starts without Redis too.</summary>
internal sealed class RedisTierStarter(IServiceProvider provider, IEnumerable<RedisTierRegistration> registrations) : IHostedService
{
    public Task StartAsync(CancellationToken cancellationToken)
    {
        foreach (var registration in registrations)
            registration.GetTier(provider).Start();
        return Task.CompletedTask;
    }

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
}
