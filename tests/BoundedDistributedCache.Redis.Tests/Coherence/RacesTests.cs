namespace BoundedCache.Redis.Tests.Coherence;

/// <summary>The races that would leave a node with what is not true any more, each forced by holding answers back.</summary>
public sealed class RacesTests(SharedServer shared)
{
    private readonly string _instance = $"races-{Guid.NewGuid():N}:";

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task AWriteShowsOnTheOtherNode()
    {
        await using var a = await StartAsync();
        await using var b = await StartAsync();
        await a.SetAsync("key", "old", Token);
        Assert.Equal("old", await b.GetAsync("key", Token));

        await a.SetAsync("key", "new", Token);

        await Eventually.IsTrueAsync(async () => await b.GetAsync("key", Token) == "new", Token);
        Assert.Equal("new", await a.GetAsync("key", Token));
    }

    [Fact]
    public async Task ARemovalShowsOnTheOtherNode()
    {
        await using var a = await StartAsync();
        await using var b = await StartAsync();
        await a.SetAsync("key", "value", Token);
        Assert.Equal("value", await b.GetAsync("key", Token));

        await a.Cache.RemoveAsync("key", Token);

        await Eventually.IsTrueAsync(async () => await b.GetAsync("key", Token) is null, Token);
        Assert.Null(await a.GetAsync("key", Token));
    }

    [Fact]
    public async Task AFillThatReadBeforeTheMessageIsNotKept()
    {
        await using var wire = new Wire(shared.Server.Port);
        await using var a = await Node.StartAsync(wire.Address, _instance, Token);
        await using var b = await StartAsync();
        await b.SetAsync("key", "old", Token);
        await MessagesArriveAsync(a, 1);

        wire.HoldAnswers();
        var fill = a.GetAsync("key", Token);
        await Eventually.IsTrueAsync(() => wire.HasHeld("old"), Token);
        await b.SetAsync("key", "new", Token);
        await MessagesArriveAsync(a, 2);
        wire.ReleaseAnswers();

        Assert.Equal("old", await fill);
        Assert.Equal("new", await a.GetAsync("key", Token));
    }

    [Fact]
    public async Task AWriteThatAnotherNodeOverwroteBeforeItsAnswerCameIsNotKept()
    {
        await using var wire = new Wire(shared.Server.Port);
        await using var a = await Node.StartAsync(wire.Address, _instance, Token);
        await using var b = await StartAsync();

        wire.HoldAnswers();
        var write = a.SetAsync("key", "first", Token);
        await Eventually.IsTrueAsync(async () => { b.Near.Clear(); return await b.GetAsync("key", Token) == "first"; }, Token);
        await b.SetAsync("key", "second", Token);
        await MessagesArriveAsync(a, 1);
        wire.ReleaseAnswers();
        await write;

        Assert.Equal("second", await a.GetAsync("key", Token));
    }

    [Fact]
    public async Task OfTwoWritesOfOneNodeThatOverlapNeitherIsServed()
    {
        await using var wire = new Wire(shared.Server.Port);
        await using var a = await Node.StartAsync(wire.Address, _instance, Token);

        wire.HoldAnswers();
        var first = a.SetAsync("key", "first", Token);
        var second = a.SetAsync("key", "second", Token);
        wire.ReleaseAnswers();
        await Task.WhenAll(first, second);

        // A copy may be there, if the answers were looked at in the other order; its version then says that it is none.
        Assert.Equal("second", await a.GetAsync("key", Token));
        Assert.Equal(0, a.Near.GetStatistics().Hits);
    }

    [Fact]
    public async Task AReadAfterAnOwnWriteDoesNotJoinAFetchFromBeforeIt()
    {
        await using var wire = new Wire(shared.Server.Port);
        await using var a = await Node.StartAsync(wire.Address, _instance, Token);
        await using var b = await StartAsync();
        await b.SetAsync("key", "old", Token);
        await MessagesArriveAsync(a, 1);

        wire.HoldAnswers();
        var before = a.GetAsync("key", Token);
        await Eventually.IsTrueAsync(() => wire.HasHeld("old"), Token);
        var write = a.SetAsync("key", "new", Token);
        var after = a.GetAsync("key", Token);
        wire.ReleaseAnswers();

        await write;
        Assert.Equal("old", await before);
        Assert.Equal("new", await after);
        Assert.Equal("new", await a.GetAsync("key", Token));
    }

    [Fact]
    public async Task AWriteWhoseAnswerIsLostAfterTheTransactionSaysSoAndDropsTheCopy()
    {
        await using var wire = new Wire(shared.Server.Port);
        await using var a = await Node.StartAsync(wire.Address, _instance, Token);
        await using var b = await StartAsync();
        await a.SetAsync("key", "old", Token);

        wire.HoldAnswers();
        var write = a.SetAsync("key", "new", Token);
        await Eventually.IsTrueAsync(async () => { b.Near.Clear(); return await b.GetAsync("key", Token) == "new"; }, Token);
        wire.Cut();
        wire.ReleaseAnswers();

        var exception = await Assert.ThrowsAsync<RedisTierException>(() => write);
        Assert.Equal(RedisTierFailure.OutcomeUnknown, exception.Failure);
        await a.IsConnectedAsync(Token);
        Assert.Equal("new", await a.GetAsync("key", Token));
        await Eventually.IsTrueAsync(() => a.Tier.Messages.Unsent == 0, Token);
        await MessagesArriveAsync(b, 3); // two of the writes', and the one that was sent again
    }

    [Fact]
    public async Task ANodeWhoseSubscriptionWasCutServesNothingFromBefore()
    {
        await using var wire = new Wire(shared.Server.Port);
        await using var a = await Node.StartAsync(wire.Address, _instance, Token);
        await using var b = await StartAsync();
        await b.SetAsync("key", "old", Token);
        await MessagesArriveAsync(a, 1);
        Assert.Equal("old", await a.GetAsync("key", Token));
        Assert.Equal(1, a.Near.Count);

        wire.HoldMessages();
        await b.SetAsync("key", "new", Token);
        wire.CutSubscriptions();
        wire.ReleaseMessages();

        // Nobody reads meanwhile, which would bring a new copy.
        await Eventually.IsTrueAsync(() => a.Tier.State != TierState.Connected || a.Near.Count == 0, Token);
        await a.IsConnectedAsync(Token);
        Assert.Equal("new", await a.GetAsync("key", Token));
    }

    [Fact]
    public async Task ASubscriberThatTheServerKillsComesBackAndStartsClean()
    {
        await using var server = await RedisServer.StartAsync();
        await using var a = await Node.StartAsync(server.Address, _instance, Token);
        await using var b = await Node.StartAsync(server.Address, _instance, Token);
        await b.SetAsync("key", "old", Token);
        Assert.Equal("old", await a.GetAsync("key", Token));

        await server.CliAsync("CLIENT", "KILL", "TYPE", "pubsub");
        await b.SetAsync("key", "new", Token);

        await Eventually.IsTrueAsync(async () => await a.GetAsync("key", Token) == "new", Token);
        await a.IsConnectedAsync(Token);
        await Eventually.IsTrueAsync(async () => await a.GetAsync("key", Token) == "new" && a.Near.Count == 1, Token);
        await b.SetAsync("key", "newer", Token);
        await Eventually.IsTrueAsync(async () => await a.GetAsync("key", Token) == "newer", Token);
    }

    [Fact]
    public async Task AMessageThatCantBeReadDropsEverything()
    {
        await using var a = await StartAsync();
        await a.SetAsync("key", "value", Token);

        a.Tier.Messages.Receive("?"u8);

        Assert.Equal(0, a.Near.Count);
        Assert.Equal("value", await a.GetAsync("key", Token));
        Assert.Equal(1, a.Reads);
    }

    private Task<Node> StartAsync() => Node.StartAsync(shared.Server.Address, _instance, Token);

    private static Task MessagesArriveAsync(Node node, long count) => Eventually.IsTrueAsync(() => node.Tier.Messages.Received >= count, Token);
}
