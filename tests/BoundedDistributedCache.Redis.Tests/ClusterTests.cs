using Microsoft.Extensions.DependencyInjection;

namespace BoundedCache.Redis.Tests;

/// <summary>A real cluster of three nodes on loopback, for what differs there: slots, and messages between servers.</summary>
public sealed class ClusterTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    [Trait("Run", "full")]
    public async Task WritesMessagesAndRemovalWorkAcrossTheServersOfACluster()
    {
        await using var first = await StartAsync();
        await using var second = await StartAsync();
        await using var third = await StartAsync();
        await first.CliAsync("--cluster", "create", first.Address, second.Address, third.Address, "--cluster-yes");
        foreach (var server in new[] { first, second, third })
            await Eventually.IsTrueAsync(async () => (await server.CliAsync("CLUSTER", "INFO")).Contains("cluster_state:ok", StringComparison.Ordinal), Token);
        await using var a = await Node.StartAsync(first.Address, "cluster:", Token);
        await using var b = await Node.StartAsync(third.Address, "cluster:", Token);

        for (var i = 0; i < 100; i++)
            await a.SetAsync($"key{i}", "old", Token);
        for (var i = 0; i < 100; i++)
            Assert.Equal("old", await b.GetAsync($"key{i}", Token));
        for (var i = 0; i < 100; i++)
            await a.SetAsync($"key{i}", "new", Token);
        for (var i = 0; i < 100; i++)
            await Eventually.IsTrueAsync(async () => await b.GetAsync($"key{i}", Token) == "new", Token);

        await b.Services.GetRequiredService<IBoundedCacheAdmin>().RemoveByPatternAsync("key?*", Token);
        for (var i = 0; i < 100; i++)
            await Eventually.IsTrueAsync(async () => await a.GetAsync($"key{i}", Token) is null, Token);
    }

    private static Task<RedisServer> StartAsync() => RedisServer.StartAsync("--cluster-enabled", "yes", "--cluster-node-timeout", "5000");
}
