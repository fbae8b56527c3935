using System.Diagnostics.Metrics;
using BoundedCache.Diagnostics;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.Metrics.Testing;

namespace BoundedCache.Redis.Tests;

/// <summary>The values of the instruments of the tier; the states are with the outages.</summary>
public sealed class MetricsTests(SharedServer shared)
{
    private readonly string _instance = $"metrics-{Guid.NewGuid():N}:";

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task OperationsAreCountedByKindAndOutcome()
    {
        await using var node = await StartAsync(shared.Server.Address);
        await shared.Server.CliAsync("SET", _instance + "text", "none of a cache");

        await node.SetAsync("key", "value", Token);
        await node.GetAsync("key", Token);
        await node.GetAsync("nothing", Token);
        await node.GetAsync("nothing", Token);
        await node.Cache.RemoveAsync("key", Token);
        await Assert.ThrowsAsync<RedisTierException>(() => node.GetAsync("text", Token));

        Assert.Equal((1, 2, 1, 1), (Operations(node, "write", "ok"), Operations(node, "read", "ok"), Operations(node, "remove", "ok"), Operations(node, "read", "refused")));
        Assert.Equal((0, 0), (Operations(node, "write", "refused"), Operations(node, "renew", "ok")));
        Assert.InRange(Operations(node, "publish", "ok"), 1, long.MaxValue); // its probes

        await node.Services.GetRequiredService<IBoundedCacheAdmin>().ClearAsync(Token);

        Assert.InRange(Operations(node, "scan", "ok"), 1, long.MaxValue);
    }

    [Fact]
    public async Task WhatFailedIsCountedByWhatItFailedWith()
    {
        await using var wire = new Wire(shared.Server.Port);
        await using var node = await StartAsync(wire.Address, options => (options.MaxOperationsInFlight, options.QueueTimeout) = (1, TimeSpan.FromMilliseconds(50)));
        wire.HoldAnswers();
        var unknown = node.SetAsync("key", "value", Token);
        await Assert.ThrowsAsync<RedisTierException>(() => node.GetAsync("other", Token));
        wire.Cut(andRefuse: true);
        await Assert.ThrowsAsync<RedisTierException>(() => unknown);
        await Eventually.IsTrueAsync(() => node.Tier.State == TierState.Away, Token);
        await Assert.ThrowsAsync<RedisTierException>(() => node.SetAsync("key", "value", Token));

        Assert.Equal((1, 1, 1), (Operations(node, "write", "unknown"), Operations(node, "read", "busy"), Operations(node, "write", "unavailable")));
        Assert.Equal(1, Value(node, "messages.unsent"));
    }

    [Fact]
    public async Task WhatIsUnderWayAndWhatWaitsAreTold()
    {
        await using var wire = new Wire(shared.Server.Port);
        await using var node = await StartAsync(wire.Address, options => (options.MaxOperationsInFlight, options.QueueTimeout) = (2, TimeSpan.FromMinutes(1)));
        wire.HoldAnswers();
        Task[] calls = [.. Enumerable.Range(0, 5).Select(i => node.SetAsync($"key{i}", "value", Token)), node.GetAsync("key", Token), node.GetAsync("key", Token)];

        Assert.Equal((2, 4, 1), (Value(node, "in_flight"), Value(node, "waiting"), Value(node, "fetches.joined")));
        wire.ReleaseAnswers();
        await Task.WhenAll(calls);

        Assert.Equal((0, 0, 1), (Value(node, "in_flight"), Value(node, "waiting"), Value(node, "fetches.joined")));
    }

    [Fact]
    public async Task MessagesOfOtherNodesAreCountedAndOwnOnesAreNot()
    {
        await using var node = await StartAsync(shared.Server.Address);
        await using var other = await StartAsync(shared.Server.Address);
        await node.SetAsync("key", "value", Token);
        await Eventually.IsTrueAsync(() => other.Tier.Messages.Received == 1, Token);

        await other.Cache.RemoveAsync("key", Token);
        await other.Cache.RemoveAsync("key", Token);

        await Eventually.IsTrueAsync(() => Value(node, "messages") == 2, Token);
        Assert.Equal((1, 0), (Value(other, "messages"), Value(other, "messages.unsent")));
    }

    [Fact]
    public async Task SlidingEntriesInUseAreTold()
    {
        await using var node = await StartAsync(shared.Server.Address);
        await node.SetAsync("key", "value", Token, new() { SlidingExpiration = TimeSpan.FromHours(1) });
        Assert.Equal(0, Value(node, "renewals.booked"));

        // A use at the very moment of the write is one that Redis knows of.
        await Eventually.IsTrueAsync(
            async () =>
            {
                await node.GetAsync("key", Token);
                return Value(node, "renewals.booked") == 1;
            },
            Token);
    }

    [Fact]
    public async Task AfterItsEndATierIsToldOfNoMore()
    {
        var node = await StartAsync(shared.Server.Address);
        using var state = Collect(node, "state");
        state.RecordObservableInstruments();
        Assert.Equal((int)TierState.Connected, state.LastMeasurement!.Value);
        state.Clear();

        await node.Tier.DisposeAsync();
        state.RecordObservableInstruments();

        Assert.Empty(state.GetMeasurementSnapshot());
        await node.DisposeAsync();
    }

    /// <summary>What an instrument of a node says now.</summary>
    internal static long Value(Node node, string name, params (string Name, string Value)[] tags)
    {
        using var collector = Collect(node, name);
        collector.RecordObservableInstruments();
        return collector.GetMeasurementSnapshot().Single(measurement =>
            (string?)measurement.Tags["bounded_cache.name"] == node.Tier.Name
            && tags.All(tag => (string?)measurement.Tags[$"bounded_cache.redis.{tag.Name}"] == tag.Value)).Value;
    }

    private static MetricCollector<long> Collect(Node node, string name) =>
        new(node.Services.GetRequiredService<IMeterFactory>(), CacheMeter.MeterName, $"bounded_cache.redis.{name}");

    private static long Operations(Node node, string kind, string outcome) => Value(node, "operations", ("operation", kind), ("outcome", outcome));

    private Task<Node> StartAsync(string address, Action<RedisTierOptions>? configure = null) => Node.StartAsync(address, _instance, Token, configure);
}
