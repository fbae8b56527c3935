using System.Text.RegularExpressions;

namespace BoundedCache.Redis.Tests;

/// <summary>A write is one step for everybody else, whatever it is made of.</summary>
public sealed partial class WriteTests(SharedServer shared)
{
    private static readonly string[] WithoutScripts = ["--rename-command", "EVAL", "", "--rename-command", "EVALSHA", "", "--rename-command", "SCRIPT", ""];

    private readonly string _instance = $"write-{Guid.NewGuid():N}:";

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task ValueTimeToLiveAndMessageAreOneScript()
    {
        await using var node = await Node.StartAsync(shared.Server.Address, _instance, Token);
        await node.SetAsync("other", "value", Token); // from now on the server knows the script

        var commands = await CommandsOfAsync(shared.Server, () => node.SetAsync("key", "value", Token, new() { AbsoluteExpirationRelativeToNow = TimeSpan.FromMinutes(1) }));

        Assert.Equal(["EVALSHA", "lua PUBLISH", "lua HSET", "lua PEXPIRE"], commands);
    }

    [Fact]
    public async Task ARemovalAndItsMessageAreOneScript()
    {
        await using var node = await Node.StartAsync(shared.Server.Address, _instance, Token);
        await node.Cache.RemoveAsync("other", Token);

        var commands = await CommandsOfAsync(shared.Server, () => node.Cache.RemoveAsync("key", Token));

        Assert.Equal(["EVALSHA", "lua PUBLISH", "lua DEL"], commands);
    }

    [Fact]
    public async Task WhereTheServerHasNoScriptsTheyAreOneTransaction()
    {
        await using var server = await RedisServer.StartAsync(WithoutScripts);
        await using var node = await Node.StartAsync(server.Address, _instance, Token);
        await using var other = await Node.StartAsync(server.Address, _instance, Token);
        await node.SetAsync("key", "old", Token);
        Assert.Equal("old", await other.GetAsync("key", Token));

        var commands = await CommandsOfAsync(server, () => node.SetAsync("key", "new", Token, new() { SlidingExpiration = TimeSpan.FromMilliseconds(90_500) }), isTransaction: true);

        Assert.Equal(["MULTI", "HMSET", "PEXPIRE", "PUBLISH", "EXEC"], commands);
        await Eventually.IsTrueAsync(async () => await other.GetAsync("key", Token) == "new", Token);
        await node.Cache.RemoveAsync("key", Token);
        await Eventually.IsTrueAsync(async () => await other.GetAsync("key", Token) is null, Token);
    }

    [Fact]
    public async Task WhereTheAccountMayRunNoScriptsTheyAreOneTransaction()
    {
        await using var server = await RedisServer.StartAsync();
        await server.CliAsync("ACL", "SETUSER", "default", "-eval", "-evalsha");
        await using var node = await Node.StartAsync(server.Address, _instance, Token);

        await node.SetAsync("key", "value", Token);

        node.Near.Clear();
        Assert.Equal("value", await node.GetAsync("key", Token));
    }

    [Fact]
    public async Task WhereTheClientIsToldOfNoScriptsTheyAreOneTransaction()
    {
        await using var server = await RedisServer.StartAsync();
        await using var node = await Node.StartAsync($"{server.Address},$EVAL=,$EVALSHA=", _instance, Token);

        Assert.Null(await node.GetAsync("key", Token));
        await node.SetAsync("key", "value", Token);

        node.Near.Clear();
        Assert.Equal("value", await node.GetAsync("key", Token));
    }

    [Fact]
    public async Task WhatTheClientDoesNotSendIsRefused()
    {
        await using var server = await RedisServer.StartAsync();
        await using var node = await Node.StartAsync($"{server.Address},$EVAL=,$EVALSHA=,$MULTI=", _instance, Token);

        Assert.Equal(RedisTierFailure.Refused, (await Assert.ThrowsAsync<RedisTierException>(() => node.SetAsync("key", "value", Token))).Failure);
        Assert.Equal(0, node.Tier.Messages.Unsent);
        Assert.Equal(TierState.Connected, node.Tier.State);
    }

    [Fact]
    public async Task AServerThatHasScriptsAfterAllRunsThemOnceTheConnectionIsThereAgain()
    {
        await using var server = await RedisServer.StartAsync();
        await server.CliAsync("ACL", "SETUSER", "default", "-eval", "-evalsha");
        await using var node = await Node.StartAsync(server.Address, _instance, Token);
        await node.SetAsync("key", "value", Token);
        await server.CliAsync("ACL", "SETUSER", "default", "+eval", "+evalsha");
        var interruptions = node.Logs.GetSnapshot().Count(record => record.Id.Id == 300);

        await server.CliAsync("CLIENT", "KILL", "TYPE", "normal");
        await Eventually.IsTrueAsync(() => node.Logs.GetSnapshot().Count(record => record.Id.Id == 300) > interruptions, Token);
        await node.SetAsync("key", "value", Token);

        Assert.Contains("EVALSHA", await CommandsOfAsync(server, () => node.SetAsync("key", "value", Token)));
    }

    [Fact]
    public async Task AWriteThatIsRefusedLeavesTheKeyAsItWas()
    {
        await using var node = await Node.StartAsync(shared.Server.Address, _instance, Token);
        await using var redis = await shared.Server.ConnectAsync();
        await redis.GetDatabase().StringSetAsync(_instance + "key", "of another type");

        var exception = await Assert.ThrowsAsync<RedisTierException>(
            () => node.SetAsync("key", "value", Token, new() { AbsoluteExpirationRelativeToNow = TimeSpan.FromMinutes(1) }));

        Assert.Equal(RedisTierFailure.Refused, exception.Failure);
        Assert.Equal("of another type", await redis.GetDatabase().StringGetAsync(_instance + "key"));
        Assert.Null(await redis.GetDatabase().KeyTimeToLiveAsync(_instance + "key"));
    }

    [Fact]
    public async Task AServerThatForgotTheScriptIsGivenItAgain()
    {
        await using var server = await RedisServer.StartAsync();
        await using var node = await Node.StartAsync(server.Address, _instance, Token);
        await node.SetAsync("key", "old", Token);

        await server.CliAsync("SCRIPT", "FLUSH");
        await node.SetAsync("key", "new", Token);

        node.Near.Clear();
        Assert.Equal("new", await node.GetAsync("key", Token));
    }

    [Fact]
    public async Task ATransactionThatAFullServerDiscardsIsRefusedAndChangesNothing()
    {
        await using var server = await RedisServer.StartAsync([.. WithoutScripts, "--maxmemory-policy", "noeviction"]);
        await using var node = await Node.StartAsync(server.Address, _instance, Token);
        await node.SetAsync("key", "value", Token, new() { AbsoluteExpirationRelativeToNow = TimeSpan.FromMinutes(1) });
        await server.CliAsync("CONFIG", "SET", "maxmemory", "1");

        var exception = await Assert.ThrowsAsync<RedisTierException>(() => node.SetAsync("key", "new", Token));

        Assert.Equal(RedisTierFailure.Refused, exception.Failure);
        Assert.Contains("EXECABORT", exception.Message, StringComparison.Ordinal);
        Assert.Equal("value", await node.GetAsync("key", Token));
        Assert.Equal(0, node.Tier.Messages.Unsent);
        Assert.NotEqual("-1", await server.CliAsync("TTL", _instance + "key"));
    }

    [Fact]
    public async Task ATransactionThatAServerDiscardsSinceItIsNoPrimaryAnyMoreIsAnOutageAndChangesNothing()
    {
        await using var server = await RedisServer.StartAsync(WithoutScripts);
        await using var node = await Node.StartAsync(server.Address, _instance, Token);
        await node.SetAsync("key", "value", Token);
        await server.CliAsync("REPLICAOF", "127.0.0.1", "1");

        var write = await Assert.ThrowsAsync<RedisTierException>(() => node.SetAsync("key", "new", Token));
        var removal = await Assert.ThrowsAsync<RedisTierException>(() => node.Cache.RemoveAsync("key", Token));

        Assert.All([write, removal], exception =>
        {
            Assert.Equal(RedisTierFailure.Unavailable, exception.Failure);
            Assert.Contains("READONLY", exception.Message, StringComparison.Ordinal);
        });
        await server.CliAsync("REPLICAOF", "NO", "ONE");
        Assert.Equal("value", await server.CliAsync("HGET", _instance + "key", "data"));
        Assert.Equal("-1", await server.CliAsync("TTL", _instance + "key"));
    }

    /// <summary>What one call has the server run for its key, or where it is a transaction from its beginning to its end.</summary>
    private async Task<string[]> CommandsOfAsync(RedisServer server, Func<Task> call, bool isTransaction = false)
    {
        await using var log = await ServerLog.OpenAsync(server, Token);
        await call();
        await server.CliAsync("ECHO", "enough");
        await Eventually.IsTrueAsync(() => log.Lines.Any(line => line.EndsWith("\"enough\"", StringComparison.Ordinal)), Token);

        var lines = isTransaction
            ? log.Lines.SkipWhile(line => !line.EndsWith("\"MULTI\"", StringComparison.Ordinal)).TakeWhile(line => !line.EndsWith("\"enough\"", StringComparison.Ordinal))
            : log.Lines.Where(line => line.Contains(_instance + "key", StringComparison.Ordinal));
        return [.. lines.Select(line => Command().Match(line)).Select(match => (match.Groups["lua"].Success ? "lua " : "") + match.Groups["name"].Value.ToUpperInvariant()).Take(5)];
    }

    [GeneratedRegex("""\[\d+ (?<lua>lua)?[^\]]*\] "(?<name>\w+)""")]
    private static partial Regex Command();
}
