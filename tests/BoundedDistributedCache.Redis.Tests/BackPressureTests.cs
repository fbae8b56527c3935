namespace BoundedCache.Redis.Tests;

/// <summary>More callers than places: they wait for their turn, and none is turned away or lost.</summary>
public sealed class BackPressureTests(SharedServer shared)
{
    private readonly string _instance = $"pressure-{Guid.NewGuid():N}:";

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task FiveThousandCallersAreServedByFiveHundredPlaces()
    {
        await using var wire = new Wire(shared.Server.Port);
        await using var node = await Node.StartAsync(wire.Address, _instance, Token, options => options.QueueTimeout = TimeSpan.FromMinutes(1));
        wire.HoldAnswers();

        var calls = Enumerable.Range(0, 5_000).Select(i => i % 2 == 0
            ? node.SetAsync($"key{i}", "value", Token)
            : node.GetAsync($"key{i}", Token)).ToArray();

        await Eventually.IsTrueAsync(() => node.Tier.Operations.Gate is { InFlight: 500, Waiting: 4_500 }, Token);
        wire.ReleaseAnswers();
        await Task.WhenAll(calls);
        Assert.Equal((0, 0), (node.Tier.Operations.Gate.InFlight, node.Tier.Operations.Gate.Waiting));
        for (var i = 0; i < 5_000; i += 500)
            Assert.Equal("value", await node.GetAsync($"key{i}", Token));
    }

    [Fact]
    public async Task WhoWaitsTooLongIsToldSoAndNothingWasSent()
    {
        await using var wire = new Wire(shared.Server.Port);
        await using var node = await Node.StartAsync(wire.Address, _instance, Token, options =>
        {
            options.MaxOperationsInFlight = 1;
            options.QueueTimeout = TimeSpan.FromMilliseconds(50);
        });
        wire.HoldAnswers();
        var inFlight = node.SetAsync("first", "value", Token);

        var exception = await Assert.ThrowsAsync<RedisTierException>(() => node.SetAsync("second", "value", Token));
        wire.ReleaseAnswers();
        await inFlight;

        Assert.Equal(RedisTierFailure.Busy, exception.Failure);
        Assert.Null(await node.GetAsync("second", Token));
    }

    [Fact]
    public async Task WhoJoinedAReadThatWaitedTooLongWaitsForItsOwnTurn()
    {
        await using var wire = new Wire(shared.Server.Port);
        await using var node = await Node.StartAsync(wire.Address, _instance, Token, options =>
        {
            options.MaxOperationsInFlight = 1;
            options.QueueTimeout = TimeSpan.FromSeconds(1);
        });
        wire.HoldAnswers();
        var inFlight = node.SetAsync("first", "value", Token);
        var read = node.GetAsync("first", Token);
        var joined = node.GetAsync("first", Token);
        Assert.Equal(1, node.Tier.JoinedFetches);

        Assert.Equal(RedisTierFailure.Busy, (await Assert.ThrowsAsync<RedisTierException>(() => read)).Failure);
        wire.ReleaseAnswers();

        Assert.Equal("value", await joined);
        await inFlight;
    }

    [Fact]
    public void NobodyJoinsAReadThatHasFailed()
    {
        var fetches = new SharedFetches(new CopyVersions(1));
        Assert.True(fetches.TryStart("name", 0, canLeave: false, out var failed));
        Assert.False(fetches.TryStart("name", 0, canLeave: false, out _));

        failed.Fail(new TimeoutException());

        Assert.True(fetches.TryStart("name", 0, canLeave: false, out _));
    }

    [Fact]
    public async Task WhoWaitsCanBeCancelledAndNothingWasSent()
    {
        await using var wire = new Wire(shared.Server.Port);
        await using var node = await Node.StartAsync(wire.Address, _instance, Token, options => options.MaxOperationsInFlight = 1);
        wire.HoldAnswers();
        var inFlight = node.SetAsync("first", "value", Token);
        using var cancelled = new CancellationTokenSource();
        var write = node.SetAsync("second", "value", cancelled.Token);
        var read = node.GetAsync("third", cancelled.Token);

        await cancelled.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => write);
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => read);
        await Eventually.IsTrueAsync(() => node.Tier.Operations.Gate.Waiting == 0, Token);
        wire.ReleaseAnswers();
        await inFlight;
        Assert.Null(await node.GetAsync("second", Token));
    }
}
