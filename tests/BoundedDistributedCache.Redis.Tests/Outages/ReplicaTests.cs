using System.Globalization;

namespace BoundedCache.Redis.Tests.Outages;

/// <summary>A replica that the connection knows of: it may lag behind, so nothing that is promised may rest on it.</summary>
public sealed class ReplicaTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task AReadDoesNotFallBackOnAReplica()
    {
        await using var primary = await RedisServer.StartAsync();
        await using var replica = await StartReplicaAsync(primary);
        await using var node = await Node.StartAsync($"{primary.Address},{replica.Address}", "", Token, options => options.OperationTimeout = TimeSpan.FromSeconds(1));
        await node.SetAsync("key", "value", Token);
        await Eventually.IsTrueAsync(async () => await replica.CliAsync("EXISTS", "key") == "1", Token);
        node.Near.Clear();

        primary.Kill();
        await Eventually.IsTrueAsync(() => node.Tier.State != TierState.Connected, Token);

        for (var i = 0; i < 20; i++)
        {
            var failure = await Assert.ThrowsAsync<RedisTierException>(() => node.GetAsync("key", Token));
            Assert.Contains(failure.Failure, new[] { RedisTierFailure.Unavailable, RedisTierFailure.OutcomeUnknown });
        }

        await Eventually.IsTrueAsync(() => node.Tier.State == TierState.Away, Token);
    }

    [Fact]
    public async Task AWriteThatAReplicaAloneCouldTakeWasNotSent()
    {
        await using var primary = await RedisServer.StartAsync();
        await using var replica = await StartReplicaAsync(primary);
        await using var node = await Node.StartAsync($"{primary.Address},{replica.Address}", "", Token, options => options.OperationTimeout = TimeSpan.FromSeconds(1));

        primary.Kill();
        await Eventually.IsTrueAsync(() => node.Tier.State == TierState.Away, Token);

        Assert.Equal(RedisTierFailure.Unavailable, (await Assert.ThrowsAsync<RedisTierException>(() => node.SetAsync("key", "value", Token))).Failure);
    }

    private static async Task<RedisServer> StartReplicaAsync(RedisServer primary)
    {
        var replica = await RedisServer.StartAsync("--replicaof", "127.0.0.1", primary.Port.ToString(CultureInfo.InvariantCulture));
        await Eventually.IsTrueAsync(async () => (await replica.CliAsync("INFO", "replication")).Contains("master_link_status:up", StringComparison.Ordinal), Token);
        return replica;
    }
}
