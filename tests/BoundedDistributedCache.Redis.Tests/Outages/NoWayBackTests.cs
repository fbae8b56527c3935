using BoundedCache.Storage;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Time.Testing;

namespace BoundedCache.Redis.Tests.Outages;

/// <summary>What a node has learned from Redis stands when Redis goes away: no older copy is served instead.</summary>
public sealed class NoWayBackTests(SharedServer shared)
{
    private static readonly TimeSpan MaxStaleness = TimeSpan.FromSeconds(10);

    private readonly string _instance = $"no-way-back-{Guid.NewGuid():N}:";
    private readonly FakeTimeProvider _time = new(DateTimeOffset.UtcNow);

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task WhatWasReadWithoutMessagesIsNotTakenBack()
    {
        await using var wire = new Wire(shared.Server.Port);
        await using var a = await StartAsync(shared.Server.Address);
        await using var b = await StartAsync(wire.Address);
        await a.SetAsync("key", "old", Token);
        await Eventually.IsTrueAsync(() => b.Tier.Messages.Received == 1, Token);
        Assert.Equal("old", await b.GetAsync("key", Token));
        wire.HoldMessages();
        wire.CutSubscriptions();
        await Eventually.IsTrueAsync(() => b.Tier.State == TierState.Unconfirmed, Token);
        await a.SetAsync("key", "new", Token);
        Assert.Equal("new", await b.GetAsync("key", Token));

        await GoAwayAsync(b, wire);

        Assert.Equal(RedisTierFailure.Unavailable, (await Assert.ThrowsAsync<RedisTierException>(() => b.GetAsync("key", Token))).Failure);
    }

    [Theory]
    [InlineData("removed")]
    [InlineData("expired")]
    public async Task WhatWasFoundToBeGoneDoesNotComeBack(string how)
    {
        await using var wire = new Wire(shared.Server.Port);
        await using var node = await StartAsync(wire.Address);
        await node.SetAsync("key", "value", Token);
        await using var redis = await shared.Server.ConnectAsync();
        if (how == "removed")
            await redis.GetDatabase().KeyDeleteAsync(_instance + "key");
        else
            await redis.GetDatabase().HashSetAsync(_instance + "key", "absexp", _time.GetUtcNow().UtcTicks);
        _time.Advance(MaxStaleness);
        Assert.Null(await node.GetAsync("key", Token));

        await GoAwayAsync(node, wire);

        await Assert.ThrowsAsync<RedisTierException>(() => node.GetAsync("key", Token));
    }

    [Fact]
    public async Task WhatWasReadWhileAnotherKeyOfTheSameVersionChangedIsNotTakenBack()
    {
        await using var wire = new Wire(shared.Server.Port);
        await using var node = await StartAsync(wire.Address);
        await node.SetAsync("key", "old", Token);
        await using var redis = await shared.Server.ConnectAsync();
        await redis.GetDatabase().HashSetAsync(_instance + "key", "data", "new");
        _time.Advance(MaxStaleness);
        wire.HoldAnswers();
        var read = node.GetAsync("key", Token);
        await Eventually.IsTrueAsync(() => wire.HasHeld("new"), Token);
        node.Tier.Messages.Receive(DropMessage.OfKey(Guid.NewGuid(), _instance + SharingVersionWith(node.Near, "key")));
        wire.ReleaseAnswers();
        Assert.Equal("new", await read);

        await GoAwayAsync(node, wire);

        await Assert.ThrowsAsync<RedisTierException>(() => node.GetAsync("key", Token));
    }

    [Fact]
    public async Task WhatNothingNewerIsKnownOfIsServed()
    {
        await using var wire = new Wire(shared.Server.Port);
        await using var node = await StartAsync(wire.Address);
        await node.SetAsync("key", "value", Token);

        await GoAwayAsync(node, wire);

        Assert.Equal("value", await node.GetAsync("key", Token));
    }

    [Fact]
    public async Task ARefreshThatRedisDoesNotAnswerCountsForTheCopyAsAReadDoes()
    {
        await using var wire = new Wire(shared.Server.Port);
        await using var node = await StartAsync(wire.Address);
        await node.SetAsync("key", "value", Token);
        wire.HoldMessages();
        wire.CutSubscriptions();
        await Eventually.IsTrueAsync(() => node.Tier.State == TierState.Unconfirmed, Token);

        wire.HoldAnswers();
        await node.Cache.RefreshAsync("key", Token);
        await Assert.ThrowsAsync<RedisTierException>(() => node.Cache.RefreshAsync("other", Token));
    }

    private static string SharingVersionWith(BoundedDistributedCache near, string key)
    {
        var stripes = new CopyVersions(near.MaxEntries).Count;
        var hash = near.HashOf(Partition.Host, key) & (stripes - 1);
        return Enumerable.Range(0, int.MaxValue).Select(i => $"other{i}").First(other => (near.HashOf(Partition.Host, other) & (stripes - 1)) == hash);
    }

    private static async Task GoAwayAsync(Node node, Wire wire)
    {
        wire.Cut(andRefuse: true);
        node.Tier.Messages.Wake();
        await Eventually.IsTrueAsync(() => node.Tier.State == TierState.Away, Token);
    }

    private Task<Node> StartAsync(string address) => Node.StartAsync(
        address,
        _instance,
        Token,
        options =>
        {
            options.MaxStaleness = MaxStaleness;
            options.MaxStalenessWhenDisconnected = TimeSpan.FromHours(1);
            options.OperationTimeout = TimeSpan.FromSeconds(1);
        },
        services => services.AddSingleton<TimeProvider>(_time));
}
