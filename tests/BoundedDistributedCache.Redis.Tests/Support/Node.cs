using Microsoft.Extensions.Caching.Distributed;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Testing;

namespace BoundedCache.Redis.Tests;

/// <summary>A node: a container with both tiers, as an application has one.</summary>
internal sealed class Node : IAsyncDisposable
{
    /// <summary>Longer than any test waits: what another node wrote shows by its message, or not at all.</summary>
    public static readonly TimeSpan MaxStaleness = TimeSpan.FromHours(1);

    private readonly ServiceProvider _provider;

    private Node(ServiceProvider provider)
    {
        _provider = provider;
        Cache = provider.GetRequiredService<IBufferDistributedCache>();
        Near = provider.GetRequiredService<BoundedDistributedCache>();
        Tier = provider.GetRequiredService<RedisTieredCache>();
    }

    public IServiceProvider Services => _provider;

    public IBufferDistributedCache Cache { get; }

    public BoundedDistributedCache Near { get; }

    public RedisTieredCache Tier { get; }

    public FakeLogCollector Logs => _provider.GetRequiredService<FakeLogCollector>();

    public static Node Create(
        string address, string instance, Action<RedisTierOptions>? configure = null, Action<IServiceCollection>? services = null)
    {
        var collection = new ServiceCollection();
        collection.AddLogging(logging => logging.AddFakeLogging().SetMinimumLevel(LogLevel.Debug)).AddMetrics();
        collection.AddBoundedCacheRedisTier(options =>
        {
            options.Configuration = address;
            options.InstanceName = instance;
            options.MaxStaleness = MaxStaleness;
            configure?.Invoke(options);
        });
        services?.Invoke(collection);
        return new Node(collection.BuildServiceProvider());
    }

    /// <summary>One that is connected and gets messages.</summary>
    public static async Task<Node> StartAsync(
        string address, string instance, CancellationToken token, Action<RedisTierOptions>? configure = null, Action<IServiceCollection>? services = null)
    {
        var node = Create(address, instance, configure, services);
        node.Tier.Start();
        await node.IsConnectedAsync(token);
        return node;
    }

    public Task IsConnectedAsync(CancellationToken token) => Eventually.IsTrueAsync(() => Tier.State == TierState.Connected, token);

    public long Reads => Tier.Operations.Counters.Read(OperationKind.Read, null);

    public async Task<string?> GetAsync(string key, CancellationToken token) => Text.Of(await Cache.GetAsync(key, token));

    public Task SetAsync(string key, string value, CancellationToken token, DistributedCacheEntryOptions? options = null) =>
        Cache.SetAsync(key, Text.Bytes(value), options ?? new(), token);

    public ValueTask DisposeAsync() => _provider.DisposeAsync();
}
