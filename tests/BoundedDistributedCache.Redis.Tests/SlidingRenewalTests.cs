using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Time.Testing;
using StackExchange.Redis;

namespace BoundedCache.Redis.Tests;

/// <summary>A sliding entry does not expire in Redis while it is used here, without a round trip per use.</summary>
/// <remarks>The node's clock is a fake one, Redis' is not: so Redis is told that little is left, and what it is told then counts.</remarks>
public sealed class SlidingRenewalTests(SharedServer shared) : IAsyncLifetime
{
    private static readonly TimeSpan Window = TimeSpan.FromHours(1);
    private static readonly TimeSpan Little = TimeSpan.FromMinutes(1);

    private readonly string _instance = $"sliding-{Guid.NewGuid():N}:";
    private readonly FakeTimeProvider _time = new(DateTimeOffset.UtcNow);
    private ConnectionMultiplexer _redis = null!;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync() => _redis = await shared.Server.ConnectAsync();

    public ValueTask DisposeAsync() => _redis.DisposeAsync();

    [Fact]
    public async Task AnEntryThatIsUsedLocallyIsRenewedTwiceInAWindowOrALittleOftener()
    {
        await using var node = await StartAsync();
        await SetAsync(node);

        for (var i = 0; i < 30; i++)
        {
            await PassAsync(node, TimeSpan.FromMinutes(6));
            Assert.Equal("value", await node.GetAsync("key", Token));

            // The clock goes no further before the renewal that half a window and a step ask for.
            await Eventually.IsTrueAsync(() => RenewalsOf(node) >= (i + 1) / 6, Token);
        }

        Assert.Equal(0, node.Reads);
        Assert.InRange(RenewalsOf(node), 5, 8);
        Assert.InRange((await LeftAsync())!.Value, Window / 2, Window);
    }

    [Fact]
    public async Task AUseEarlyInTheWindowCountsInRedisTooAlthoughNothingFollows()
    {
        await using var node = await StartAsync();
        await SetAsync(node);

        await PassAsync(node, TimeSpan.FromMinutes(10));
        await node.GetAsync("key", Token);
        await PassAsync(node, TimeSpan.FromMinutes(20));
        await Eventually.IsTrueAsync(() => RenewalsOf(node) == 1, Token);

        Assert.Equal(40, (await LeftAsync())!.Value.TotalMinutes, tolerance: 1);
    }

    [Fact]
    public async Task ARenewalIsNotDueBeforeHalfOfTheWindow()
    {
        await using var node = await StartAsync();
        await SetAsync(node);

        await PassAsync(node, TimeSpan.FromMinutes(10));
        await node.GetAsync("key", Token);
        await PassAsync(node, TimeSpan.FromMinutes(20) - TimeSpan.FromTicks(1));

        Assert.Equal((0, 1), (RenewalsOf(node), node.Tier.BookedRenewals));
    }

    [Fact]
    public async Task ARenewalNeverShortens()
    {
        await using var node = await StartAsync();
        await SetAsync(node);
        await _redis.GetDatabase().KeyExpireAsync(_instance + "key", Window); // another node knows of a later use

        await PassAsync(node, TimeSpan.FromMinutes(10));
        await node.GetAsync("key", Token);
        await PassAsync(node, TimeSpan.FromMinutes(20));
        await Eventually.IsTrueAsync(() => RenewalsOf(node) == 1, Token);

        Assert.Equal(60, (await LeftAsync())!.Value.TotalMinutes, tolerance: 1);
    }

    [Fact]
    public async Task AnEntryThatNobodyUsesExpiresInItsWindow()
    {
        await using var node = await Node.StartAsync(shared.Server.Address, _instance, Token);

        await node.SetAsync("key", "value", Token, new() { SlidingExpiration = TimeSpan.FromMilliseconds(200) });
        await Eventually.IsTrueAsync(async () => !await _redis.GetDatabase().KeyExistsAsync(_instance + "key"), Token);

        // The node's clock is coarse: it may be behind by one of its ticks.
        await Task.Delay(TimeSpan.FromMilliseconds(50), Token);
        Assert.Null(await node.GetAsync("key", Token));
    }

    [Fact]
    public async Task ARenewalDoesNotTouchWhatOverwroteTheEntry()
    {
        await using var node = await StartAsync();
        await SetAsync(node);
        await PassAsync(node, TimeSpan.FromMinutes(10));
        await node.GetAsync("key", Token);

        await _redis.GetDatabase().HashSetAsync(_instance + "key", [new("absexp", -1), new("sldexp", -1), new("data", "new")]);
        await _redis.GetDatabase().KeyPersistAsync(_instance + "key");
        await PassAsync(node, TimeSpan.FromMinutes(20));
        await Eventually.IsTrueAsync(() => RenewalsOf(node) == 1, Token);

        Assert.Null(await LeftAsync());
        await Eventually.IsTrueAsync(async () => await node.GetAsync("key", Token) == "new", Token);
    }

    [Fact]
    public async Task ARefreshOfACopyCountsAsAUse()
    {
        await using var node = await StartAsync();
        await SetAsync(node);

        await PassAsync(node, TimeSpan.FromMinutes(20));
        await node.Cache.RefreshAsync("key", Token);
        await PassAsync(node, TimeSpan.FromMinutes(10));
        await Eventually.IsTrueAsync(() => RenewalsOf(node) == 1, Token);

        Assert.Equal(50, (await LeftAsync())!.Value.TotalMinutes, tolerance: 1);
    }

    [Fact]
    public async Task WhereTheServerHasNoScriptsItIsRenewedAllTheSame()
    {
        await using var server = await RedisServer.StartAsync("--rename-command", "EVAL", "", "--rename-command", "EVALSHA", "", "--rename-command", "SCRIPT", "");
        await using var node = await StartAsync(server);
        await node.SetAsync("key", "value", Token, new() { SlidingExpiration = Window });
        await server.CliAsync("EXPIRE", _instance + "key", "60");

        await PassAsync(node, TimeSpan.FromMinutes(20));
        await node.GetAsync("key", Token);
        await PassAsync(node, TimeSpan.FromMinutes(10));
        await Eventually.IsTrueAsync(() => RenewalsOf(node) == 1, Token);

        Assert.InRange(int.Parse(await server.CliAsync("TTL", _instance + "key"), System.Globalization.CultureInfo.InvariantCulture), 49 * 60, 50 * 60);
    }

    private static long RenewalsOf(Node node) => node.Tier.Operations.Counters.Read(OperationKind.Renew, null);

    private Task<Node> StartAsync(RedisServer? server = null) => Node.StartAsync(
        (server ?? shared.Server).Address,
        _instance,
        Token,
        options => options.MaxStaleness = TimeSpan.FromDays(1),
        services => services.AddSingleton<TimeProvider>(_time));

    private async Task SetAsync(Node node)
    {
        await node.SetAsync("key", "value", Token, new() { SlidingExpiration = Window });
        await _redis.GetDatabase().KeyExpireAsync(_instance + "key", Little);
    }

    // What is due is sent before this returns, and answered.
    private async Task PassAsync(Node node, TimeSpan time)
    {
        _time.Advance(time);
        await Eventually.IsTrueAsync(() => node.Tier.Operations.Gate.InFlight == 0, Token);
    }

    private Task<TimeSpan?> LeftAsync() => _redis.GetDatabase().KeyTimeToLiveAsync(_instance + "key");
}
