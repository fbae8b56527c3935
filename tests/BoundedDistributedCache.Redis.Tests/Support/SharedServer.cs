[assembly: AssemblyFixture(typeof(BoundedCache.Redis.Tests.SharedServer))]

namespace BoundedCache.Redis.Tests;

/// <summary>One redis-server for all tests that do it no harm; each keeps to an instance name of its own.</summary>
public sealed class SharedServer : IAsyncLifetime
{
    internal RedisServer Server { get; private set; } = null!;

    public async ValueTask InitializeAsync() => Server = await RedisServer.StartAsync();

    public ValueTask DisposeAsync() => Server.DisposeAsync();
}
