using System.Text.RegularExpressions;
using BoundedCache.Tests.Support;
using Microsoft.Extensions.DependencyInjection;

namespace BoundedCache.Redis.Tests;

/// <summary>What the account in Redis must be allowed: what <c>docs/redis.md</c> lists, and no more.</summary>
public sealed partial class AccountTests
{
    private const string Instance = "account:";

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task TheListedCommandsAreEnough() => await UseEverythingAsync(Listed("With scripts"), tried: []);

    [Fact]
    public async Task WithoutScriptsTheListedCommandsAreEnough() => await UseEverythingAsync(Listed("Without"), tried: ["eval", "evalsha", "script|load"]);

    private static async Task UseEverythingAsync(string[] commands, string[] tried)
    {
        await using var server = await RedisServer.StartAsync();
        await server.CliAsync(["ACL", "SETUSER", "node", "on", ">secret", $"~{Instance}*", "resetchannels", $"&bounded-cache:0:{Instance}", .. commands.Select(command => $"+{command}")]);
        await using var node = await Node.StartAsync($"{server.Address},user=node,password=secret", Instance, Token);
        await using var other = await Node.StartAsync(server.Address, Instance, Token);
        await server.CliAsync("ACL", "LOG", "RESET");

        await node.SetAsync("whole seconds", "value", Token, new() { AbsoluteExpirationRelativeToNow = TimeSpan.FromSeconds(60) });
        await node.SetAsync("for good", "value", Token);
        await Eventually.IsTrueAsync(
            async () =>
            {
                // Anew where a busy machine let it expire before it was renewed.
                if (await node.GetAsync("sliding", Token) is null)
                    await node.SetAsync("sliding", "value", Token, new() { SlidingExpiration = TimeSpan.FromSeconds(2) });
                return node.Tier.Operations.Counters.Read(OperationKind.Renew, null) > 0;
            },
            Token);
        node.Near.Clear();
        Assert.Equal("value", await node.GetAsync("for good", Token));
        await node.Cache.RefreshAsync("whole seconds", Token);
        await node.Cache.RemoveAsync("sliding", Token);
        await other.SetAsync("for good", "new", Token);
        await Eventually.IsTrueAsync(async () => await node.GetAsync("for good", Token) == "new", Token);
        await node.Services.GetRequiredService<IBoundedCacheAdmin>().RemoveByPatternAsync("*", Token);
        Assert.Null(await node.GetAsync("for good", Token));

        var log = (await server.CliAsync("ACL", "LOG")).Split('\n');
        var refused = log.Zip(log.Skip(1)).Where(pair => pair.First == "object").Select(pair => pair.Second);
        Assert.Empty(refused.Except(tried));
    }

    private static string[] Listed(string row)
    {
        var page = File.ReadAllText(RepositoryFolder.Docs("redis.md"));
        var line = page.Split('\n').Single(line => line.StartsWith($"| {row}", StringComparison.Ordinal));
        return [.. Command().Matches(line).Select(match => match.Groups[1].Value)];
    }

    [GeneratedRegex("`([A-Z|]+)`")]
    private static partial Regex Command();
}
