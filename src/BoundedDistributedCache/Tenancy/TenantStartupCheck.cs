using Microsoft.Extensions.Caching.Distributed;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace BoundedCache.Tenancy;

/// <summary>
/// Refuses to start a host, before any of its services runs, where a cache does not keep tenants apart. Registrations that
/// a container of another make has of its own are seen by what it resolves.
/// </summary>
internal sealed class TenantStartupCheck(TenantRegistration registration, IServiceScopeFactory scopes) : IHostedLifecycleService
{
    public Task StartingAsync(CancellationToken cancellationToken)
    {
        registration.ThrowIfACacheEscapes();

        using var scope = scopes.CreateScope();
        Require(scope.ServiceProvider.GetService<IDistributedCache>());
        Require(scope.ServiceProvider.GetService<IBufferDistributedCache>());
        return Task.CompletedTask;

        static void Require<T>(T? cache)
            where T : class, IDistributedCache
        {
            if (cache is not null && !TenantDecorator.IsDecorated(cache))
                throw new InvalidOperationException(TenantRegistration.TooLate($"The {typeof(T).Name} ({cache.GetType()})"));
        }
    }

    public Task StartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StartedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StoppingAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StoppedAsync(CancellationToken cancellationToken) => Task.CompletedTask;
}
