using StackExchange.Redis;

namespace BoundedCache.Redis.Tests;

public sealed class ConnectionTests(SharedServer shared)
{
    private readonly string _instance = $"connection-{Guid.NewGuid():N}:";

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task TheApplicationsOwnConnectionIsUsedAndNotClosed()
    {
        await using var redis = await shared.Server.ConnectAsync();
        var node = await Node.StartAsync(shared.Server.Address, _instance, Token, options =>
        {
            options.Configuration = null;
            options.ConnectionMultiplexerFactory = _ => redis;
        });
        await node.SetAsync("key", "value", Token);

        await node.DisposeAsync();

        Assert.True(redis.IsConnected);
        Assert.True(await redis.GetDatabase().KeyExistsAsync(_instance + "key"));
    }

    [Fact]
    public async Task WhatCantBeConnectedIsUnavailableWhateverItThrows()
    {
        await using var node = Node.Create("", _instance, options =>
        {
            options.Configuration = null;
            options.ConnectionMultiplexerFactory = _ => throw new InvalidOperationException("secret");
        });

        var write = await Assert.ThrowsAsync<RedisTierException>(() => node.SetAsync("key", "value", Token));
        var read = await Assert.ThrowsAsync<RedisTierException>(() => node.GetAsync("key", Token));

        Assert.Equal((RedisTierFailure.Unavailable, RedisTierFailure.Unavailable), (write.Failure, read.Failure));
        Assert.DoesNotContain("secret", write.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task ConfigurationOptionsAreCopiedAndTheirDatabaseIsKept()
    {
        var options = ConfigurationOptions.Parse($"{shared.Server.Address},defaultDatabase=3");
        await using var node = await Node.StartAsync(shared.Server.Address, _instance, Token, tier =>
        {
            tier.Configuration = null;
            tier.ConfigurationOptions = options;
        });
        await node.SetAsync("key", "value", Token);

        await using var redis = await shared.Server.ConnectAsync();
        Assert.True(await redis.GetDatabase(3).KeyExistsAsync(_instance + "key"));
        Assert.True(options.AbortOnConnectFail);
    }
}
