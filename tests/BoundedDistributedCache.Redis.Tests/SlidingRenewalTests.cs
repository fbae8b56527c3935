namespace BoundedCache.Redis.Tests;

/// <summary>A sliding entry does not expire in Redis while it is used here, without a round trip per use.</summary>
public sealed class SlidingRenewalTests(SharedServer shared)
{
    private readonly string _instance = $"sliding-{Guid.NewGuid():N}:";

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task AnEntryThatIsUsedLocallyStaysInRedis()
    {
        await using var node = await Node.StartAsync(shared.Server.Address, _instance, Token);
        await node.SetAsync("key", "value", Token, new() { SlidingExpiration = TimeSpan.FromSeconds(2) });

        for (var i = 0; i < 60; i++)
        {
            await Task.Delay(100, Token);
            Assert.Equal("value", await node.GetAsync("key", Token));
        }

        Assert.Equal(0, node.Reads);
        Assert.InRange(node.Tier.Operations.Counters.Read(OperationKind.Renew, null), 2, 8);
        await using var redis = await shared.Server.ConnectAsync();
        Assert.True(await redis.GetDatabase().KeyExistsAsync(_instance + "key"));
    }

    [Fact]
    public async Task AUseEarlyInTheWindowCountsInRedisTooAlthoughNothingFollows()
    {
        await using var node = await Node.StartAsync(shared.Server.Address, _instance, Token);
        await using var redis = await shared.Server.ConnectAsync();
        await node.SetAsync("key", "value", Token, new() { SlidingExpiration = TimeSpan.FromSeconds(5) });

        await Task.Delay(1_000, Token);
        var used = DateTime.UtcNow;
        await node.GetAsync("key", Token);
        await Eventually.IsTrueAsync(() => node.Tier.Operations.Counters.Read(OperationKind.Renew, null) == 1, Token);

        var expires = await redis.GetDatabase().KeyExpireTimeAsync(_instance + "key");
        Assert.Equal(5, (expires!.Value - used).TotalSeconds, tolerance: 0.5);
    }

    [Fact]
    public async Task AnEntryThatNobodyUsesExpiresInItsWindow()
    {
        await using var node = await Node.StartAsync(shared.Server.Address, _instance, Token);

        await node.SetAsync("key", "value", Token, new() { SlidingExpiration = TimeSpan.FromMilliseconds(400) });

        await Task.Delay(800, Token);
        Assert.Null(await node.GetAsync("key", Token));
    }

    [Fact]
    public async Task ARenewalDoesNotTouchWhatOverwroteTheEntry()
    {
        await using var node = await Node.StartAsync(shared.Server.Address, _instance, Token);
        await using var redis = await shared.Server.ConnectAsync();
        await node.SetAsync("key", "old", Token, new() { SlidingExpiration = TimeSpan.FromSeconds(1) });
        await node.GetAsync("key", Token);
        await Task.Delay(100, Token);
        await node.GetAsync("key", Token);

        await redis.GetDatabase().HashSetAsync(_instance + "key", [new("absexp", -1), new("sldexp", -1), new("data", "new")]);
        await redis.GetDatabase().KeyPersistAsync(_instance + "key");

        await Eventually.IsTrueAsync(() => node.Tier.Operations.Counters.Read(OperationKind.Renew, null) > 0, Token);
        Assert.Null(await redis.GetDatabase().KeyTimeToLiveAsync(_instance + "key"));
        await Eventually.IsTrueAsync(async () => await node.GetAsync("key", Token) == "new", Token);
    }

    [Fact]
    public async Task ARefreshOfACopyCountsAsAUse()
    {
        await using var node = await Node.StartAsync(shared.Server.Address, _instance, Token);
        await using var redis = await shared.Server.ConnectAsync();
        await node.SetAsync("key", "value", Token, new() { SlidingExpiration = TimeSpan.FromSeconds(1.5) });

        for (var i = 0; i < 12; i++)
        {
            await Task.Delay(200, Token);
            await node.Cache.RefreshAsync("key", Token);
        }

        Assert.True(await redis.GetDatabase().KeyExistsAsync(_instance + "key"));
    }

    [Fact]
    public async Task WhereTheServerHasNoScriptsItIsRenewedAllTheSame()
    {
        await using var server = await RedisServer.StartAsync("--rename-command", "EVAL", "", "--rename-command", "EVALSHA", "", "--rename-command", "SCRIPT", "");
        await using var node = await Node.StartAsync(server.Address, _instance, Token);
        await node.SetAsync("key", "value", Token, new() { SlidingExpiration = TimeSpan.FromSeconds(1) });

        for (var i = 0; i < 20; i++)
        {
            await Task.Delay(100, Token);
            await node.GetAsync("key", Token);
        }

        Assert.Equal("1", await server.CliAsync("EXISTS", _instance + "key"));
    }
}
