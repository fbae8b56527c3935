using StackExchange.Redis;

namespace BoundedCache.Redis.Tests.Outages;

/// <summary>The end of a node, at whatever moment it comes.</summary>
public sealed class DisposalTests(SharedServer shared)
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    private readonly string _instance = $"disposal-{Guid.NewGuid():N}:";

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task AWriteThatIsUnderWayIsToldThatItsOutcomeIsUnknown()
    {
        await using var wire = new Wire(shared.Server.Port);
        var node = await Node.StartAsync(wire.Address, _instance, Token, options => options.OperationTimeout = TimeSpan.FromSeconds(1));
        wire.HoldAnswers();
        var write = node.SetAsync("key", "value", Token);

        await node.DisposeAsync();

        Assert.Equal(RedisTierFailure.OutcomeUnknown, (await Assert.ThrowsAsync<RedisTierException>(() => write)).Failure);
    }

    [Fact]
    public async Task TheApplicationsConnectionKnowsNothingOfTheNodeAfterwards()
    {
        await using var server = await RedisServer.StartAsync();
        await using var redis = await server.ConnectAsync();
        var node = await StartAsync(redis);
        var logs = node.Logs;
        await node.DisposeAsync();
        var told = logs.GetSnapshot().Count;
        await Eventually.IsTrueAsync(async () => (await server.CliAsync("PUBSUB", "CHANNELS", "bounded-cache*")).Length == 0, Token);
        var isLost = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        redis.ConnectionFailed += (_, _) => isLost.TrySetResult();

        await server.CliAsync("CLIENT", "KILL", "TYPE", "normal");

        await isLost.Task.WaitAsync(Patience, Token);
        Assert.Equal(told, logs.GetSnapshot().Count);
    }

    [Fact]
    public async Task ItDoesNotWaitForAServerThatDoesNotAnswer()
    {
        await using var server = await RedisServer.StartAsync();
        await using var redis = await ConnectionMultiplexer.ConnectAsync($"{server.Address},asyncTimeout=300000,syncTimeout=300000");
        var node = await StartAsync(redis);
        server.Pause();
        node.Tier.Messages.Wake();
        await Task.Delay(200, Token); // Nothing tells that a probe was sent to a server that stands still: if it was not yet, this asks for less.

        try
        {
            await node.DisposeAsync().AsTask().WaitAsync(Patience, Token);
        }
        finally
        {
            server.Continue();
        }
    }

    [Fact]
    public async Task AStopWhileAProbeIsUnderWayIsNoOutage()
    {
        await using var wire = new Wire(shared.Server.Port);
        var node = await Node.StartAsync(wire.Address, _instance, Token);
        var logs = node.Logs;
        var outages = Outages();
        var probes = node.Tier.Operations.Counters.Read(OperationKind.Publish, null);
        wire.HoldMessages();
        node.Tier.Messages.Wake();
        await Eventually.IsTrueAsync(() => node.Tier.Operations.Counters.Read(OperationKind.Publish, null) > probes, Token);

        await node.DisposeAsync();

        Assert.Equal(outages, Outages());

        int Outages() => logs.GetSnapshot().Count(record => record.Id.Id == 301);
    }

    private Task<Node> StartAsync(ConnectionMultiplexer redis) => Node.StartAsync("", _instance, Token, options =>
    {
        options.Configuration = null;
        options.ConnectionMultiplexerFactory = _ => redis;
    });
}
