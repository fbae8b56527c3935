using Microsoft.Extensions.DependencyInjection;

namespace BoundedCache.Redis.Tests;

/// <summary>What Redis has done or answered counts, whatever fails here afterwards: a clock is the application's code.</summary>
public sealed class ClockFailureTests(SharedServer shared)
{
    private readonly string _instance = $"clock-{Guid.NewGuid():N}:";
    private readonly FailingClock _time = new();

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task AWriteThatCantBeKeptHereIsDoneAndTheOldCopyIsGone()
    {
        await using var wire = new Wire(shared.Server.Port);
        await using var node = await StartAsync(wire);
        await node.SetAsync("key", "old", Token);

        var write = await WhileTheAnswerWaitsAsync(node, wire, () => node.SetAsync("key", "new", Token));

        await write;
        Assert.Equal(0, node.Near.Count);
        Assert.Equal("new", await node.GetAsync("key", Token));
    }

    [Fact]
    public async Task AReadThatCantBeKeptHereIsAnswered()
    {
        await using var wire = new Wire(shared.Server.Port);
        await using var node = await StartAsync(wire);
        await node.SetAsync("key", "value", Token);
        node.Near.Clear();

        var read = await WhileTheAnswerWaitsAsync(node, wire, () => node.GetAsync("key", Token));

        Assert.Equal("value", await read);
        Assert.Equal(0, node.Near.Count);
    }

    private async Task<T> WhileTheAnswerWaitsAsync<T>(Node node, Wire wire, Func<T> call)
    {
        wire.HoldAnswersFrom("EVALSHA");
        var calling = call();
        await Eventually.IsTrueAsync(() => wire.HasHeld("\r\n") && node.Tier.Operations.Gate.InFlight == 1, Token);
        _time.FailsNext = true;
        wire.ReleaseAnswers();
        return calling;
    }

    private async Task<Node> StartAsync(Wire wire)
    {
        var node = await Node.StartAsync(wire.Address, _instance, Token, services: services => services.AddSingleton<TimeProvider>(_time));
        await node.GetAsync("nothing", Token); // from now on the server knows the script
        return node;
    }
}
