using System.Diagnostics;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace BoundedCache.Redis.Tests.Outages;

/// <summary>Redis away, in every way it can be, and back.</summary>
public sealed class OutageTests
{
    private static readonly TimeSpan OperationTimeout = TimeSpan.FromSeconds(1);

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task WithoutRedisCopiesAreReadAndEverythingElseFailsFast()
    {
        await using var server = await RedisServer.StartAsync();
        await using var node = await StartAsync(server);
        await node.SetAsync("key", "value", Token);

        server.Kill();
        await Eventually.IsTrueAsync(() => node.Tier.State == TierState.Away, Token);

        Assert.Equal("value", await node.GetAsync("key", Token));
        var begin = Stopwatch.GetTimestamp();
        for (var i = 0; i < 20; i++)
        {
            Assert.Equal(RedisTierFailure.Unavailable, (await Assert.ThrowsAsync<RedisTierException>(() => node.GetAsync("other", Token))).Failure);
            Assert.Equal(RedisTierFailure.Unavailable, (await Assert.ThrowsAsync<RedisTierException>(() => node.SetAsync("key", "new", Token))).Failure);
        }

        Assert.True(Stopwatch.GetElapsedTime(begin) < TimeSpan.FromSeconds(10));
        Assert.Equal("value", await node.GetAsync("key", Token));
    }

    [Fact]
    public async Task AWriteThatFailedIsNotReplayedWhenRedisIsBack()
    {
        await using var server = await RedisServer.StartDurableAsync();
        await using var node = await StartAsync(server);
        await node.SetAsync("key", "value", Token);
        server.Kill();
        await Eventually.IsTrueAsync(() => node.Tier.State == TierState.Away, Token);
        await Assert.ThrowsAsync<RedisTierException>(() => node.SetAsync("key", "never sent", Token));

        await server.StartAsync();
        await node.IsConnectedAsync(Token);

        Assert.Equal(0, node.Near.Count);
        Assert.Equal("value", await node.GetAsync("key", Token));
    }

    [Fact]
    public async Task OnReturnTheNearTierStartsClean()
    {
        await using var server = await RedisServer.StartAsync();
        await using var node = await StartAsync(server);
        await node.SetAsync("key", "value", Token);
        server.Kill();
        await Eventually.IsTrueAsync(() => node.Tier.State == TierState.Away, Token);

        await server.StartAsync();
        await node.IsConnectedAsync(Token);

        Assert.Null(await node.GetAsync("key", Token)); // this Redis wrote nothing down
    }

    [Fact]
    public async Task AServerThatIsFullRefusesWritesAndKeepsWhatItHas()
    {
        await using var server = await RedisServer.StartAsync("--maxmemory", "3mb", "--maxmemory-policy", "noeviction");
        await using var node = await StartAsync(server);
        await node.SetAsync("key", "value", Token);
        RedisTierException? refusal = null;

        for (var i = 0; i < 100 && refusal is null; i++)
            refusal = await Record.ExceptionAsync(() => node.SetAsync($"fill{i}", new string('x', 100_000), Token)) as RedisTierException;
        var overwrite = await Assert.ThrowsAsync<RedisTierException>(() => node.SetAsync("key", new string('y', 100_000), Token));

        Assert.Equal(RedisTierFailure.Refused, refusal!.Failure);
        Assert.Equal(RedisTierFailure.Refused, overwrite.Failure);
        Assert.Contains("maxmemory", refusal.Message, StringComparison.Ordinal);
        Assert.Equal("value", await node.GetAsync("key", Token));
        Assert.Equal(TierState.Connected, node.Tier.State);
    }

    [Fact]
    public async Task APausedServerIsLeftAloneAndComesBack()
    {
        await using var server = await RedisServer.StartAsync();
        await using var node = await StartAsync(server);
        await node.SetAsync("key", "value", Token);

        server.Pause();
        var write = node.SetAsync("other", "value", Token);
        await Eventually.IsTrueAsync(() => node.Tier.State == TierState.Away, Token);
        Assert.Equal("value", await node.GetAsync("key", Token));
        Assert.Equal(RedisTierFailure.OutcomeUnknown, (await Assert.ThrowsAsync<RedisTierException>(() => write)).Failure);
        server.Continue();

        await node.IsConnectedAsync(Token);
        await node.SetAsync("key", "new", Token);
        Assert.Equal("new", await node.GetAsync("key", Token));
    }

    [Fact]
    public async Task AHostStartsWithoutRedisAndFindsItLater()
    {
        await using var server = await RedisServer.StartAsync();
        server.Kill();
        await using var node = Node.Create(server.Address, "", options => options.OperationTimeout = OperationTimeout);
        node.Tier.Start();
        await Assert.ThrowsAsync<RedisTierException>(() => node.SetAsync("key", "value", Token));

        await server.StartAsync();

        await node.IsConnectedAsync(Token);
        await node.SetAsync("key", "value", Token);
        Assert.Equal("value", await node.GetAsync("key", Token));
    }

    [Fact]
    public async Task EachStateIsInTheHealthCheckAndInTheLog()
    {
        await using var server = await RedisServer.StartAsync();
        await using var node = await StartAsync(server, services => services.AddHealthChecks().AddBoundedDistributedCache());
        var health = node.Services.GetRequiredService<HealthCheckService>();
        Assert.Equal("connected", (await health.CheckHealthAsync(Token)).Entries["bounded_cache"].Data["default.redis_state"]);

        server.Kill();
        await Eventually.IsTrueAsync(() => node.Tier.State == TierState.Away, Token);

        var report = (await health.CheckHealthAsync(Token)).Entries["bounded_cache"];
        Assert.Equal(("away", HealthStatus.Unhealthy), (report.Data["default.redis_state"], report.Status));
        Assert.Contains("Redis does not answer", report.Description, StringComparison.Ordinal);
        await Eventually.IsTrueAsync(() => node.Logs.GetSnapshot().Any(record => record.Id.Id == 301), Token);
        await server.StartAsync();
        await node.IsConnectedAsync(Token);
        await Eventually.IsTrueAsync(() => node.Logs.GetSnapshot().Count(record => record.Id.Id == 300) == 2, Token);
    }

    private static Task<Node> StartAsync(RedisServer server, Action<IServiceCollection>? services = null) =>
        Node.StartAsync(server.Address, "", Token, options => options.OperationTimeout = OperationTimeout, services);
}
