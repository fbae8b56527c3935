namespace BoundedCache.Redis.Tests.Coherence;

/// <summary>Drop messages that are to be sent again: so many names, and then one that says "drop everything".</summary>
public sealed class UnsentDropsTests(SharedServer shared)
{
    private readonly string _instance = $"unsent-{Guid.NewGuid():N}:";
    private readonly UnsentDrops _unsent = new();

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public void AsManyAsThereIsRoomForAreSentByName()
    {
        Add(UnsentDrops.MaxNames);
        Add(UnsentDrops.MaxNames);

        Assert.Equal(UnsentDrops.MaxNames, _unsent.Count);
        var (isAll, names) = _unsent.TakeAll();
        Assert.False(isAll);
        Assert.Equal(UnsentDrops.MaxNames, names.Length);
    }

    [Fact]
    public void OneMoreMakesThemOneMessageForEverything()
    {
        Add(UnsentDrops.MaxNames + 1);
        Add(UnsentDrops.MaxNames + 1);

        Assert.Equal(1, _unsent.Count);
        var (isAll, names) = _unsent.TakeAll();
        Assert.True(isAll);
        Assert.Empty(names);
    }

    [Fact]
    public void WhatIsTakenOutIsGone()
    {
        Add(UnsentDrops.MaxNames + 1);
        _unsent.TakeAll();

        Add(1);

        Assert.Equal(1, _unsent.Count);
        Assert.False(_unsent.TakeAll().IsAll);
        Assert.Equal(0, _unsent.Count);
    }

    [Fact]
    public async Task MoreThanThereIsRoomForDropEverythingOnTheOtherNodesByOneMessage()
    {
        await using var wire = new Wire(shared.Server.Port);
        await using var node = await Node.StartAsync(wire.Address, _instance, Token);
        await using var other = await Node.StartAsync(shared.Server.Address, _instance, Token);
        await other.SetAsync("key", "value", Token);
        Assert.Equal(1, other.Near.Count);
        wire.Cut(andRefuse: true);
        await Eventually.IsTrueAsync(() => node.Tier.State == TierState.Away, Token);

        for (var i = 0; i <= UnsentDrops.MaxNames; i++)
            node.Tier.Messages.SendLater($"{_instance}other{i}");
        Assert.Equal(1, node.Tier.Messages.Unsent);
        wire.Accept();

        await Eventually.IsTrueAsync(() => other.Tier.Messages.Received > 0 && other.Near.Count == 0, Token);
        await Eventually.IsTrueAsync(() => node.Tier.Messages.Unsent == 0, Token);
        Assert.Equal(1, other.Tier.Messages.Received);
    }

    private void Add(int count)
    {
        for (var i = 0; i < count; i++)
            _unsent.Add($"name{i}");
    }
}
