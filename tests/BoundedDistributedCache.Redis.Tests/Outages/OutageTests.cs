using System.Diagnostics;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Time.Testing;

namespace BoundedCache.Redis.Tests.Outages;

/// <summary>Redis away, in every way it can be, and back.</summary>
public sealed class OutageTests
{
    private static readonly TimeSpan OperationTimeout = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan MaxStaleness = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan MaxStalenessAway = TimeSpan.FromHours(1);

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
    public async Task AServerThatIsStillLoadingCountsAsAway()
    {
        await using var server = await RedisServer.StartAsync();
        await using var node = await StartAsync(server);
        await node.SetAsync("key", "value", Token);
        await server.CliAsync("EVAL", "for i = 1, 20000 do redis.call('SET', 'other' .. i, i) end", "0");
        await server.CliAsync("SAVE");
        server.Kill();

        await server.StartLoadingAsync();
        await Eventually.IsTrueAsync(() => node.Tier.State == TierState.Away, Token);
        Assert.Equal("value", await node.GetAsync("key", Token));
        Assert.Equal(RedisTierFailure.Unavailable, (await Assert.ThrowsAsync<RedisTierException>(() => node.GetAsync("other", Token))).Failure);
        Assert.Equal(RedisTierFailure.Unavailable, (await Assert.ThrowsAsync<RedisTierException>(() => node.SetAsync("key", "new", Token))).Failure);
        Assert.StartsWith("LOADING", await server.CliAsync("PING"), StringComparison.Ordinal);

        await server.LoadAtOnceAsync();
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
    public async Task ACopyThatIsOlderThanMaxStalenessIsReadWhileRedisIsAwayUntilTheLongerLimit()
    {
        var time = new FakeTimeProvider(DateTimeOffset.UtcNow);
        await using var server = await RedisServer.StartAsync();
        await using var node = await StartAsync(server.Address, time);
        await node.SetAsync("key", "value", Token);

        server.Kill();
        await Eventually.IsTrueAsync(() => node.Tier.State == TierState.Away, Token);

        time.Advance(MaxStaleness);
        Assert.Equal("value", await node.GetAsync("key", Token));
        time.Advance(MaxStalenessAway - MaxStaleness - TimeSpan.FromTicks(1));
        Assert.Equal("value", await node.GetAsync("key", Token));
        Assert.Equal(0, node.Tier.Operations.Counters.Read(OperationKind.Read, RedisTierFailure.Unavailable));
        time.Advance(TimeSpan.FromTicks(1));
        Assert.Equal(RedisTierFailure.Unavailable, (await Assert.ThrowsAsync<RedisTierException>(() => node.GetAsync("key", Token))).Failure);
    }

    [Fact]
    public async Task TheLongerLimitHoldsForAReadThatGotNoAnswerAndForNoOther()
    {
        var time = new FakeTimeProvider(DateTimeOffset.UtcNow);
        await using var server = await RedisServer.StartAsync();
        await using var wire = new Wire(server.Port);
        await using var node = await StartAsync(wire.Address, time);
        await node.SetAsync("key", "old", Token);
        await server.CliAsync("HSET", "key", "data", "new");

        time.Advance(MaxStaleness);
        Assert.Equal("new", await node.GetAsync("key", Token));
        time.Advance(MaxStaleness);
        wire.HoldAnswers();

        Assert.Equal("new", await node.GetAsync("key", Token));
        Assert.Equal(1, node.Tier.Operations.Counters.Read(OperationKind.Read, RedisTierFailure.OutcomeUnknown));
    }

    /// <summary>Else copies would be served which messages were to drop, while Redis answers.</summary>
    [Fact]
    public async Task WhereOnlyTheConnectionOfMessagesIsDeadRedisIsNotAway()
    {
        await using var server = await RedisServer.StartAsync();
        await using var wire = new Wire(server.Port);
        await using var node = await Node.StartAsync(wire.Address, "", Token, options => options.OperationTimeout = OperationTimeout);
        await using var log = await ServerLog.OpenAsync(server, Token);

        wire.HoldMessages();
        node.Tier.Messages.Wake();
        await Eventually.IsTrueAsync(() => log.Lines.Count(line => line.Contains("\"SUBSCRIBE\"", StringComparison.Ordinal)) >= 3, Token);

        Assert.Equal(TierState.Unconfirmed, node.Tier.State);
        Assert.DoesNotContain(node.Logs.GetSnapshot(), record => record.Id.Id == 301);
        wire.ReleaseMessages();
    }

    [Fact]
    public async Task EachStateIsInTheHealthCheckAndInTheLogAndInTheMetrics()
    {
        await using var server = await RedisServer.StartAsync();
        await SetMaySubscribeAsync(true);
        await using var node = Node.Create($"{server.Address},user=node,password=secret", "", options => options.OperationTimeout = OperationTimeout, services => services.AddHealthChecks().AddBoundedDistributedCache());
        foreach (var service in node.Services.GetServices<IHostedService>())
            await service.StartAsync(Token);
        await IsToldAsync(TierState.Connected, "connected", HealthStatus.Healthy, null, 300);

        // Redis answers, and what subscribed is gone for good.
        await SetMaySubscribeAsync(false);
        await server.CliAsync("CLIENT", "KILL", "TYPE", "pubsub");
        await IsToldAsync(TierState.Unconfirmed, "unconfirmed", HealthStatus.Degraded, "every read goes to Redis", 302);

        server.Pause();
        node.Tier.Messages.Wake();
        await IsToldAsync(TierState.Away, "away", HealthStatus.Unhealthy, "Redis does not answer", 301);

        server.Continue();
        await IsToldAsync(TierState.Unconfirmed, "unconfirmed", HealthStatus.Degraded, "every read goes to Redis", 303);

        node.Logs.Clear();
        await SetMaySubscribeAsync(true);
        node.Tier.Messages.Wake();
        await IsToldAsync(TierState.Connected, "connected", HealthStatus.Healthy, null, 300);

        Task SetMaySubscribeAsync(bool may) =>
            server.CliAsync("ACL", "SETUSER", "node", "on", ">secret", "~*", "+@all", may ? "+subscribe" : "-subscribe", "allchannels");

        async Task IsToldAsync(TierState state, string text, HealthStatus health, string? description, int logged)
        {
            await Eventually.IsTrueAsync(() => node.Tier.State == state && node.Logs.GetSnapshot().Any(record => record.Id.Id == logged), Token);
            var report = (await node.Services.GetRequiredService<HealthCheckService>().CheckHealthAsync(Token)).Entries["bounded_cache"];
            Assert.Equal((text, health), (report.Data["default.redis_state"], report.Status));
            Assert.Contains(description ?? "", report.Description ?? "", StringComparison.Ordinal);
            Assert.Equal((int)state, MetricsTests.Value(node, "state"));
        }
    }

    private static Task<Node> StartAsync(RedisServer server) => Node.StartAsync(server.Address, "", Token, options => options.OperationTimeout = OperationTimeout);

    private static Task<Node> StartAsync(string address, FakeTimeProvider time) => Node.StartAsync(
        address,
        "",
        Token,
        options => (options.OperationTimeout, options.MaxStaleness, options.MaxStalenessWhenDisconnected) = (OperationTimeout, MaxStaleness, MaxStalenessAway),
        services => services.AddSingleton<TimeProvider>(time));
}
