using Microsoft.Extensions.Caching.Distributed;
using Microsoft.Extensions.Caching.StackExchangeRedis;
using StackExchange.Redis;

namespace BoundedCache.Redis.Tests;

/// <summary>Both ways with the real package: an application can roll over, and back, without losing a session.</summary>
public sealed class StorageFormatTests(SharedServer shared) : IAsyncLifetime
{
    private readonly string _instance = $"format-{Guid.NewGuid():N}:";
    private RedisCache _package = null!;
    private Node _node = null!;
    private ConnectionMultiplexer _redis = null!;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        _package = new RedisCache(new RedisCacheOptions { Configuration = shared.Server.Address, InstanceName = _instance });
        _node = await Node.StartAsync(shared.Server.Address, _instance, Token);
        _redis = await shared.Server.ConnectAsync();
    }

    public async ValueTask DisposeAsync()
    {
        _package.Dispose();
        await _node.DisposeAsync();
        await _redis.DisposeAsync();
    }

    [Theory]
    [MemberData(nameof(Expirations))]
    public async Task TheTierReadsWhatThePackageWrote(DistributedCacheEntryOptions options)
    {
        await _package.SetAsync("key", Text.Bytes("value"), options, Token);

        Assert.Equal("value", await _node.GetAsync("key", Token));
    }

    [Theory]
    [MemberData(nameof(Expirations))]
    public async Task ThePackageReadsWhatTheTierWrote(DistributedCacheEntryOptions options)
    {
        await _node.SetAsync("key", "value", Token, options);

        Assert.Equal("value", Text.Of(await _package.GetAsync("key", Token)));
    }

    [Theory]
    [MemberData(nameof(Expirations))]
    public async Task BothWriteTheSameFieldsAndTimeToLive(DistributedCacheEntryOptions options)
    {
        await _package.SetAsync("theirs", Text.Bytes("value"), options, Token);
        await _node.SetAsync("ours", "value", Token, options);

        var theirs = await FieldsAsync("theirs");
        var ours = await FieldsAsync("ours");
        Assert.Equal(theirs.Keys.Order(), ours.Keys.Order());
        Assert.Equal(theirs["data"], ours["data"]);
        Assert.Equal((long)theirs["sldexp"], (long)ours["sldexp"]);
        Assert.Equal((double)(long)theirs["absexp"], (long)ours["absexp"], tolerance: TimeSpan.FromSeconds(2).Ticks);
        var theirTime = await _redis.GetDatabase().KeyTimeToLiveAsync(_instance + "theirs");
        var ourTime = await _redis.GetDatabase().KeyTimeToLiveAsync(_instance + "ours");
        Assert.Equal(theirTime is null, ourTime is null);
        Assert.Equal(theirTime?.TotalSeconds ?? 0, ourTime?.TotalSeconds ?? 0, tolerance: 3.0);
    }

    [Fact]
    public async Task AnOverwriteWithoutExpirationClearsTheOldTimeToLive()
    {
        await _node.SetAsync("key", "old", Token, new() { AbsoluteExpirationRelativeToNow = TimeSpan.FromMinutes(1) });

        await _node.SetAsync("key", "new", Token);

        Assert.Null(await _redis.GetDatabase().KeyTimeToLiveAsync(_instance + "key"));
    }

    [Fact]
    public async Task AnOverwriteByThePackageThatLeavesTheOldTimeToLiveIsNotHeldLongerThanThat()
    {
        await _node.SetAsync("key", "old", Token, new() { AbsoluteExpirationRelativeToNow = TimeSpan.FromSeconds(1.5) });
        await _package.SetAsync("key", Text.Bytes("new"), new(), Token);
        _node.Near.Clear();

        Assert.Equal("new", await _node.GetAsync("key", Token));
        await Eventually.IsTrueAsync(async () => !await _redis.GetDatabase().KeyExistsAsync(_instance + "key"), Token);

        // The node's clock is coarse: it may be behind by one of its ticks.
        await Task.Delay(TimeSpan.FromMilliseconds(50), Token);
        Assert.Null(await _node.GetAsync("key", Token));
    }

    [Fact]
    public async Task AnEmptyValueIsAValue()
    {
        await _node.SetAsync("key", "", Token);
        _node.Near.Clear();

        Assert.Equal("", await _node.GetAsync("key", Token));
    }

    [Fact]
    public async Task AnAbsoluteTimeWithAnOffsetIsTheSameMoment()
    {
        var inAnHour = DateTimeOffset.UtcNow.AddHours(1).ToOffset(TimeSpan.FromHours(9));

        await _node.SetAsync("key", "value", Token, new() { AbsoluteExpiration = inAnHour });

        Assert.Equal(inAnHour.UtcTicks, (long)(await FieldsAsync("key"))["absexp"]);
    }

    [Fact]
    public async Task WhatIsNoEntryIsAMiss()
    {
        await _redis.GetDatabase().HashSetAsync(_instance + "key", [new HashEntry("other", "x")]);

        Assert.Null(await _node.GetAsync("key", Token));
    }

    [Fact]
    public async Task AKeyOfAnotherTypeIsRefusedWithoutItsName()
    {
        await _redis.GetDatabase().StringSetAsync(_instance + "secret", "x");

        var exception = await Assert.ThrowsAsync<RedisTierException>(() => _node.GetAsync("secret", Token));

        Assert.Equal(RedisTierFailure.Refused, exception.Failure);
        Assert.DoesNotContain("secret", exception.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task AKeyThatIsNotWellFormedIsRefused()
    {
        await Assert.ThrowsAsync<ArgumentException>("key", () => _node.SetAsync("half \uD83D", "value", Token));
        await Assert.ThrowsAsync<ArgumentException>("key", () => _node.GetAsync("half \uDC00", Token));
    }

    [Theory]
    [InlineData("")]
    [InlineData("ключ 键 🗝")]
    [InlineData("^host")]
    [InlineData("a*b?[c]\\d")]
    public async Task AnyWellFormedKeyIsAKey(string key)
    {
        await _node.SetAsync(key, "value", Token);
        _node.Near.Clear();

        Assert.Equal("value", await _node.GetAsync(key, Token));
    }

    public static TheoryData<DistributedCacheEntryOptions> Expirations() =>
    [
        new DistributedCacheEntryOptions(),
        new DistributedCacheEntryOptions { SlidingExpiration = TimeSpan.FromMinutes(20) },
        new DistributedCacheEntryOptions { AbsoluteExpirationRelativeToNow = TimeSpan.FromMinutes(5) },
        new DistributedCacheEntryOptions { AbsoluteExpirationRelativeToNow = TimeSpan.FromMinutes(5), SlidingExpiration = TimeSpan.FromMinutes(20) },
        new DistributedCacheEntryOptions { AbsoluteExpirationRelativeToNow = TimeSpan.FromMinutes(50), SlidingExpiration = TimeSpan.FromMinutes(20) },
    ];

    private async Task<Dictionary<string, RedisValue>> FieldsAsync(string key) =>
        (await _redis.GetDatabase().HashGetAllAsync(_instance + key)).ToDictionary(field => field.Name.ToString(), field => field.Value);
}
