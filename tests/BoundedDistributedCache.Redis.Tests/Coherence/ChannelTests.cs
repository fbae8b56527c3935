using System.Reflection;
using Microsoft.Extensions.Logging.Testing;
using StackExchange.Redis;

namespace BoundedCache.Redis.Tests.Coherence;

/// <summary>The channel by which nodes tell one another what to drop.</summary>
public sealed class ChannelTests(SharedServer shared)
{
    private readonly string _instance = $"channel-{Guid.NewGuid():N}:";

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task AfterAStartWithoutRedisAMessageCountsOnce()
    {
        await using var server = await RedisServer.StartAsync();
        server.Kill();
        await using var node = Node.Create(server.Address, _instance, options => options.OperationTimeout = TimeSpan.FromSeconds(1));
        node.Tier.Start();
        await Task.Delay(1_500, Token); // It tries to subscribe four times a second, of which nothing is counted.
        await server.StartAsync();
        await node.IsConnectedAsync(Token);
        await using var other = await Node.StartAsync(server.Address, _instance, Token);

        for (var i = 1; i <= 5; i++)
        {
            await other.SetAsync("key", "value", Token);
            await Eventually.IsTrueAsync(() => node.Tier.Messages.Received >= i, Token);
        }

        Assert.Equal(5, node.Tier.Messages.Received);
    }

    [Fact]
    public async Task WhatCouldNotBeSubscribedIsNotKeptByTheClient()
    {
        await using var server = await RedisServer.StartAsync();
        await using var node = await CreateAsync(server, "-subscribe", "allchannels");
        node.Tier.Start();
        await Eventually.IsTrueAsync(() => Refusals(node).Any(), Token);
        await AllowAsync(server, node);

        // Each would get every message: to count it twice, or to keep it for good.
        var database = await node.Tier.Connection.GetDatabaseAsync();
        object?[] arguments = [node.Tier.Messages.NameOf(database).ToClient, 0, 0];
        typeof(ConnectionMultiplexer).GetMethod("GetSubscriberCounts", BindingFlags.Instance | BindingFlags.NonPublic)!.Invoke(database.Multiplexer, arguments);

        Assert.Equal(1, (int)arguments[1]! + (int)arguments[2]!);
    }

    [Fact]
    public async Task AfterAWriteOfUnknownOutcomeAnOwnMessageFromBeforeDropsTheCopy()
    {
        await using var node = await StartAsync();
        await node.SetAsync("key", "value", Token);
        byte[] message = [.. node.Tier.Messages.KeyHeader, .. Text.Bytes(_instance + "key")];
        node.Tier.Messages.Receive(message);
        Assert.Equal(1, node.Near.Count);

        node.Tier.Messages.SendLater(_instance + "other");
        node.Tier.Messages.Receive(message);

        Assert.Equal(0, node.Near.Count);
    }

    [Fact]
    public async Task AnOwnMessageIsIgnoredAndAnotherNodesIsNot()
    {
        await using var node = await StartAsync();
        await node.SetAsync("key", "value", Token);

        node.Tier.Messages.Receive([.. node.Tier.Messages.KeyHeader, .. Text.Bytes(_instance + "key")]);
        Assert.Equal(1, node.Near.Count);
        node.Tier.Messages.Receive([.. DropMessage.HeaderOfKey(Guid.NewGuid()), .. Text.Bytes(_instance + "key")]);

        Assert.Equal(0, node.Near.Count);
    }

    [Theory]
    [InlineData(new byte[] { 0xFF, 0xFE })]
    [InlineData(new byte[] { (byte)'?' })]
    public async Task AMessageWhoseNameCantBeReadDropsEverything(byte[] name)
    {
        await using var node = await StartAsync();
        await node.SetAsync("key", "value", Token);

        node.Tier.Messages.Receive([.. DropMessage.HeaderOfKey(Guid.NewGuid()), .. name]);

        Assert.Equal(0, node.Near.Count);
    }

    [Fact]
    public async Task WhereTheAccountMayNotSubscribeEveryReadGoesToRedisAndTheLogSaysWhy()
    {
        await using var server = await RedisServer.StartAsync();
        await using var node = await CreateAsync(server, "-subscribe", "allchannels");
        node.Tier.Start();

        await Eventually.IsTrueAsync(() => Refusals(node).Any(), Token);
        await node.SetAsync("key", "value", Token);
        Assert.Equal("value", await node.GetAsync("key", Token));
        Assert.Equal("value", await node.GetAsync("key", Token));

        Assert.Equal(2, node.Reads);
        Assert.Equal(TierState.Unconfirmed, node.Tier.State);
        Assert.Contains("NOPERM", Assert.Single(Refusals(node)).Message, StringComparison.Ordinal);
        await AllowAsync(server, node);
    }

    [Fact]
    public async Task WhereTheAccountMayNotUseTheChannelNothingIsWrittenAndTheLogSaysWhy()
    {
        await using var server = await RedisServer.StartAsync();
        await using var node = await CreateAsync(server, "resetchannels", "&elsewhere");
        node.Tier.Start();

        await Eventually.IsTrueAsync(() => Refusals(node).Any(), Token);
        var refusal = await Assert.ThrowsAsync<RedisTierException>(() => node.SetAsync("key", "value", Token));

        Assert.Equal(RedisTierFailure.Refused, refusal.Failure);
        Assert.Equal("0", await server.CliAsync("EXISTS", _instance + "key"));
        Assert.Equal(TierState.Unconfirmed, node.Tier.State);
    }

    [Fact]
    public async Task UnsentMessagesGoOutAlthoughNoneComeIn()
    {
        await using var server = await RedisServer.StartAsync();
        await using var deaf = await CreateAsync(server, "-subscribe", "allchannels");
        await using var other = await Node.StartAsync(server.Address, _instance, Token);
        deaf.Tier.Start();

        deaf.Tier.Messages.SendLater(_instance + "key");

        await Eventually.IsTrueAsync(() => other.Tier.Messages.Received == 1 && deaf.Tier.Messages.Unsent == 0, Token);
    }

    [Fact]
    public async Task UnsentMessagesDoNotWaitForOneAnother()
    {
        await using var server = await RedisServer.StartAsync();
        await using var log = await ServerLog.OpenAsync(server, Token);
        await using var wire = new Wire(server.Port);
        await using var node = await Node.StartAsync(wire.Address, _instance, Token, options => options.OperationTimeout = TimeSpan.FromMinutes(5));
        wire.HoldAnswersFrom("unsent");

        for (var i = 0; i < 50; i++)
            node.Tier.Messages.SendLater($"{_instance}unsent{i}");

        try
        {
            await Eventually.IsTrueAsync(() => log.Lines.Count(line => line.Contains("unsent", StringComparison.Ordinal)) == 50, Token);
        }
        finally
        {
            wire.ReleaseAnswers();
        }

        await Eventually.IsTrueAsync(() => node.Tier.Messages.Unsent == 0, Token);
    }

    [Theory]
    [InlineData("app:")]
    [InlineData("app,more:")]
    public async Task AChannelPrefixHoldsForMessagesAsForTheSubscription(string prefix)
    {
        await using var a = await Node.StartAsync("", _instance, Token, Prefixed);
        await using var b = await Node.StartAsync("", _instance, Token, Prefixed);
        await a.SetAsync("key", "old", Token);
        Assert.Equal("old", await b.GetAsync("key", Token));

        await a.SetAsync("key", "new", Token);

        await Eventually.IsTrueAsync(async () => await b.GetAsync("key", Token) == "new", Token);

        void Prefixed(RedisTierOptions options) => options.ConfigurationOptions = OptionsWith(prefix);
    }

    [Fact]
    public async Task WhereThePrefixOfTheApplicationsConnectionCannotBeReadEveryReadGoesToRedis()
    {
        await using var connection = await ConnectionMultiplexer.ConnectAsync(OptionsWith("app,more:"));
        await using var node = Node.Create("", _instance, options => options.ConnectionMultiplexerFactory = _ => connection);
        await node.SetAsync("key", "value", Token);
        await Eventually.IsTrueAsync(() => node.Tier.Operations.Counters.Read(OperationKind.Publish, null) > 1, Token);

        Assert.Equal("value", await node.GetAsync("key", Token));
        Assert.Equal("value", await node.GetAsync("key", Token));

        Assert.Equal(TierState.Unconfirmed, node.Tier.State);
        Assert.Equal(2, node.Reads);
    }

    private ConfigurationOptions OptionsWith(string channelPrefix)
    {
        var options = ConfigurationOptions.Parse(shared.Server.Address);
        options.ChannelPrefix = RedisChannel.Literal(channelPrefix);
        return options;
    }

    private Task<Node> StartAsync() => Node.StartAsync(shared.Server.Address, _instance, Token);

    /// <summary>A node whose account may do everything but what these rules say.</summary>
    private async Task<Node> CreateAsync(RedisServer server, params string[] rules)
    {
        await server.CliAsync(["ACL", "SETUSER", "node", "on", ">secret", "~*", "+@all", .. rules]);
        return Node.Create($"{server.Address},user=node,password=secret", _instance);
    }

    private static async Task AllowAsync(RedisServer server, Node node)
    {
        await server.CliAsync("ACL", "SETUSER", "node", "+subscribe");
        node.Tier.Messages.Wake();
        await node.IsConnectedAsync(Token);
    }

    private static IEnumerable<FakeLogRecord> Refusals(Node node) => node.Logs.GetSnapshot().Where(record => record.Id.Id == 304);
}
