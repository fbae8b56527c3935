using Microsoft.Extensions.DependencyInjection;
using StackExchange.Redis;

namespace BoundedCache.Redis.Tests.Outages;

/// <summary>The circuit breaker: a Redis that was asked in vain too often is left alone, though the connection is up.</summary>
public sealed class BreakerTests(SharedServer shared)
{
    private readonly string _instance = $"breaker-{Guid.NewGuid():N}:";

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task AfterSeveralFailuresNothingIsSentAndRedisCountsAsAway()
    {
        await using var node = await Node.StartAsync(shared.Server.Address, _instance, Token);
        await node.SetAsync("key", "value", Token);

        await FailUntilNothingIsSentAsync(node);

        Assert.Equal("value", await node.GetAsync("key", Token));
        await Eventually.IsTrueAsync(() => node.Logs.GetSnapshot().Any(record => record.Id.Id == 301), Token);
    }

    [Fact]
    public async Task OnceRedisAnswersAgainTheNearTierStartsClean()
    {
        await using var node = await Node.StartAsync(shared.Server.Address, _instance, Token);
        await node.SetAsync("key", "value", Token);
        await FailUntilNothingIsSentAsync(node);

        await Eventually.IsTrueAsync(() => node.Near.Count == 0, Token);
        await node.IsConnectedAsync(Token);

        await node.SetAsync("key", "new", Token);
        Assert.Equal("new", await node.GetAsync("key", Token));
    }

    [Fact]
    public async Task WhatRedisRefusesOpensNothing()
    {
        await using var node = await Node.StartAsync(shared.Server.Address, _instance, Token);

        for (var i = 0; i < 50; i++)
            Assert.Equal((RedisTierFailure.Refused, true), await TryAsync(node, new RedisServerException("OOM command not allowed")));

        Assert.Equal(TierState.Connected, node.Tier.State);
    }

    [Fact]
    public async Task AServerThatDoesNotAnswerGetsNothingMoreOverAConnectionThatIsUp()
    {
        await using var wire = new Wire(shared.Server.Port);
        await using var node = await Node.StartAsync(wire.Address, _instance, Token, options => options.OperationTimeout = TimeSpan.FromSeconds(2));
        await using var log = await ServerLog.OpenAsync(shared.Server, Token);
        var database = await node.Tier.Connection.GetDatabaseAsync();
        wire.HoldAnswers();

        List<string> unsent = [];
        await Eventually.IsTrueAsync(
            async () =>
            {
                var names = Enumerable.Range(0, 5).Select(_ => $"{Guid.NewGuid():N}").ToList();
                var failures = await Task.WhenAll(names.Select(async name => (await Assert.ThrowsAsync<RedisTierException>(() => node.GetAsync(name, Token))).Failure));
                Assert.True(database.IsConnected(default), "The client gave up its connection before the breaker opened.");
                unsent.AddRange(names.Where((_, i) => failures[i] == RedisTierFailure.Unavailable));
                return unsent.Count > 0;
            },
            Token);

        // What the server ran before this it has told of by then.
        await shared.Server.CliAsync("ECHO", _instance);
        await Eventually.IsTrueAsync(() => log.Lines.Any(line => line.Contains($"\"ECHO\" \"{_instance}\"", StringComparison.Ordinal)), Token);
        Assert.All(unsent, name => Assert.DoesNotContain(log.Lines, line => line.Contains(name, StringComparison.Ordinal)));
        wire.ReleaseAnswers();
    }

    [Fact]
    public async Task WhatWasSentBeforeItOpenedIsNoTrialAfterwards()
    {
        var status = new TierStatus(TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(1), (_, _) => { });
        await using var connection = new RedisConnection(new RedisTierOptions { Configuration = shared.Server.Address }, new ServiceCollection().BuildServiceProvider(), () => { }, () => { });
        await connection.GetDatabaseAsync();
        using var gate = new Gate(100, TimeSpan.FromSeconds(1));
        var operations = new RedisOperations(connection, gate, status);
        var late = new TaskCompletionSource<bool>();
        var lateRead = ReadAsync(late.Task);
        for (var i = 0; i < 10; i++)
            await Assert.ThrowsAsync<RedisTierException>(() => ReadAsync(Task.FromException<bool>(new RedisTimeoutException("", CommandStatus.Sent))));
        Assert.Equal(TierState.Away, status.State);
        await Task.Delay(TimeSpan.FromSeconds(1.2), Token); // Polly's clock is the system's, and it leaves Redis alone for a second.

        late.SetException(new RedisTimeoutException("", CommandStatus.Sent));
        await Assert.ThrowsAsync<RedisTierException>(() => lateRead);

        Assert.True(await ReadAsync(Task.FromResult(true)));
        Assert.NotEqual(TierState.Away, status.State);

        Task<bool> ReadAsync(Task<bool> answer) => operations.RunAsync(OperationKind.Read, "key", static (_, answer) => answer, answer, Token);
    }

    // The break ends by itself: whoever comes after it is let through, fails, and begins the next.
    private static Task FailUntilNothingIsSentAsync(Node node) => Eventually.IsTrueAsync(
        async () =>
        {
            var (failure, isSent) = await TryAsync(node, new RedisTimeoutException("", CommandStatus.Sent));
            Assert.Equal(isSent ? RedisTierFailure.OutcomeUnknown : RedisTierFailure.Unavailable, failure);
            if (!isSent)
                Assert.Equal(TierState.Away, node.Tier.State);
            return !isSent;
        },
        Token);

    private static async Task<(RedisTierFailure Failure, bool IsSent)> TryAsync(Node node, Exception answer)
    {
        var isSent = false;
        var failure = await Assert.ThrowsAsync<RedisTierException>(() => node.Tier.Operations.RunAsync(
            OperationKind.Read,
            "key",
            (_, exception) =>
            {
                isSent = true;
                return Task.FromException<bool>(exception);
            },
            answer,
            Token));
        return (failure.Failure, isSent);
    }
}
