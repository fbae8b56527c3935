using System.Buffers;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Time.Testing;

namespace BoundedCache.Redis.Tests;

/// <summary>What is answered by the copy in this process, and for how long.</summary>
public sealed class NearTierTests(SharedServer shared)
{
    private readonly string _instance = $"near-{Guid.NewGuid():N}:";

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task AReadThatFollowsAReadDoesNotGoToRedis()
    {
        await using var node = await StartAsync();
        await WriteFromElsewhereAsync("key", "value");
        Assert.Equal("value", await node.GetAsync("key", Token));
        var reads = node.Reads;

        Assert.Equal("value", await node.GetAsync("key", Token));
        Assert.Equal("value", Text.Of(node.Cache.Get("key")));
        var buffer = new ArrayBufferWriter<byte>();
        Assert.True(await node.Cache.TryGetAsync("key", buffer, Token));
        Assert.True(node.Cache.TryGet("key", buffer));

        Assert.Equal(reads, node.Reads);
        Assert.Equal("valuevalue", Text.Of(buffer.WrittenSpan.ToArray()));
    }

    [Fact]
    public async Task AReadThatFollowsAWriteDoesNotGoToRedis()
    {
        await using var node = await StartAsync();
        await node.SetAsync("key", "value", Token);

        Assert.Equal("value", await node.GetAsync("key", Token));

        Assert.Equal(0, node.Reads);
    }

    [Fact]
    public async Task HitsAndMissesAreThoseOfTheNearTier()
    {
        await using var node = await StartAsync();
        await WriteFromElsewhereAsync("key", "value");

        await node.GetAsync("key", Token);
        await node.GetAsync("key", Token);
        await node.GetAsync("nothing", Token);

        var statistics = node.Near.GetStatistics();
        Assert.Equal((1, 2), (statistics.Hits, statistics.Misses));
    }

    [Fact]
    public async Task AForeignWriteShowsAfterMaxStaleness()
    {
        var time = new FakeTimeProvider(DateTimeOffset.UtcNow);
        await using var node = await StartAsync(options => options.MaxStaleness = TimeSpan.FromSeconds(10), time);
        await WriteFromElsewhereAsync("key", "old");
        Assert.Equal("old", await node.GetAsync("key", Token));
        await WriteFromElsewhereAsync("key", "new");

        time.Advance(TimeSpan.FromSeconds(10) - TimeSpan.FromTicks(1));
        Assert.Equal("old", await node.GetAsync("key", Token));
        time.Advance(TimeSpan.FromTicks(1));

        Assert.Equal("new", await node.GetAsync("key", Token));
    }

    [Fact]
    public async Task ReadingDoesNotProlongMaxStaleness()
    {
        var time = new FakeTimeProvider(DateTimeOffset.UtcNow);
        await using var node = await StartAsync(options => options.MaxStaleness = TimeSpan.FromSeconds(10), time);
        await node.SetAsync("key", "old", Token, new() { SlidingExpiration = TimeSpan.FromHours(1) });
        await WriteFromElsewhereAsync("key", "new");

        for (var i = 0; i < 4; i++)
        {
            time.Advance(TimeSpan.FromSeconds(2.4));
            Assert.Equal("old", await node.GetAsync("key", Token));
        }

        time.Advance(TimeSpan.FromSeconds(0.4));
        Assert.Equal("new", await node.GetAsync("key", Token));
    }

    [Fact]
    public async Task ACopyEndsAtItsAbsoluteTime()
    {
        var time = new FakeTimeProvider(DateTimeOffset.UtcNow);
        await using var node = await StartAsync(time: time);
        await node.SetAsync("key", "value", Token, new() { AbsoluteExpirationRelativeToNow = TimeSpan.FromSeconds(5) });

        time.Advance(TimeSpan.FromSeconds(5) - TimeSpan.FromTicks(1));
        Assert.Equal("value", await node.GetAsync("key", Token));
        time.Advance(TimeSpan.FromTicks(1));

        Assert.Null(await node.GetAsync("key", Token));
    }

    [Fact]
    public async Task AnAbsoluteTimeInThePastRemovesTheOldValueEverywhere()
    {
        await using var node = await StartAsync();
        await using var other = await StartAsync();
        await node.SetAsync("key", "value", Token);
        Assert.Equal("value", await other.GetAsync("key", Token));

        await node.SetAsync("key", "late", Token, new() { AbsoluteExpiration = DateTimeOffset.UtcNow.AddDays(-1) });

        Assert.Null(await node.GetAsync("key", Token));
        await Eventually.IsTrueAsync(async () => await other.GetAsync("key", Token) is null, Token);
    }

    [Fact]
    public async Task AValueThatIsTooLargeForTheNearTierIsInRedis()
    {
        await using var node = await StartAsync(near: options => options.MaxBytes = 4_096);
        await node.SetAsync("key", "small", Token);
        var large = new string('x', 10_000);

        await node.SetAsync("key", large, Token);

        Assert.Equal(large, await node.GetAsync("key", Token));
        Assert.Equal(0, node.Near.Count);
    }

    [Fact]
    public async Task TheNearTierKeepsItsLimits()
    {
        await using var node = await StartAsync(near: options => options.MaxEntries = 10);

        for (var i = 0; i < 100; i++)
            await node.SetAsync($"key{i}", "value", Token);

        Assert.Equal(10, node.Near.Count);
        Assert.Equal("value", await node.GetAsync("key0", Token));
    }

    [Fact]
    public async Task DefaultsOfTheNearTierHoldInRedisToo()
    {
        await using var node = await StartAsync(near: options => options.DefaultAbsoluteExpirationRelativeToNow = TimeSpan.FromMinutes(3));

        await node.SetAsync("key", "value", Token);

        await using var redis = await shared.Server.ConnectAsync();
        var left = await redis.GetDatabase().KeyTimeToLiveAsync(_instance + "key");
        Assert.InRange(left!.Value.TotalSeconds, 170, 180);
    }

    [Fact]
    public async Task ValuesAreIsolatedWhereTheNearTierIsolatesThem()
    {
        await using var node = await StartAsync(near: options => options.IsolateValues = true);
        var written = Text.Bytes("value");
        await node.Cache.SetAsync("key", written, new(), Token);

        written[0] = (byte)'X';
        (await node.Cache.GetAsync("key", Token))![0] = (byte)'Y';

        Assert.Equal("value", await node.GetAsync("key", Token));
    }

    [Fact]
    public async Task WhereValuesAreIsolatedTheyAreCopiedAtTheCall()
    {
        await using var wire = new Wire(shared.Server.Port);
        await using var node = await StartIsolatedAsync(wire);
        var written = Text.Bytes("value");
        wire.HoldAnswers();

        var writing = node.Cache.SetAsync("key", written, new(), Token);
        written[0] = (byte)'X';
        wire.ReleaseAnswers();
        await writing;

        Assert.Equal("value", await node.GetAsync("key", Token));
    }

    [Fact]
    public async Task WhereValuesAreIsolatedThoseWhoShareAFetchGetArraysOfTheirOwn()
    {
        await using var wire = new Wire(shared.Server.Port);
        await using var node = await StartIsolatedAsync(wire);
        await WriteFromElsewhereAsync("key", "value");
        wire.HoldAnswers();

        var first = node.Cache.GetAsync("key", Token);
        var second = node.Cache.GetAsync("key", Token);
        wire.ReleaseAnswers();

        Assert.NotSame(await first, await second);
        Assert.Equal(1, node.Tier.JoinedFetches);
    }

    [Fact]
    public async Task ASequenceIsCopied()
    {
        await using var node = await StartAsync();
        var written = Text.Bytes("value");
        var writing = node.Cache.SetAsync("key", new ReadOnlySequence<byte>(written), new(), Token);
        written[0] = (byte)'X';
        await writing;
        node.Near.Clear();

        Assert.Equal("value", await node.GetAsync("key", Token));
    }

    [Fact]
    public async Task AHitAllocatesItsTaskAndNothingElse()
    {
        await using var node = await StartAsync();
        await node.SetAsync("key", "value", Token, new() { SlidingExpiration = TimeSpan.FromHours(1) });
        var buffer = new ArrayBufferWriter<byte>(1_000_000);
        for (var i = 0; i < 1_000; i++)
        {
            node.Cache.TryGet("key", buffer);
            _ = node.Cache.GetAsync("key", Token);
        }

        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var i = 0; i < 1_000; i++)
            node.Cache.TryGet("key", buffer);
        var ofTryGet = GC.GetAllocatedBytesForCurrentThread() - before;
        before = GC.GetAllocatedBytesForCurrentThread();
        for (var i = 0; i < 1_000; i++)
            _ = node.Cache.GetAsync("key", Token);
        var ofGetAsync = GC.GetAllocatedBytesForCurrentThread() - before;

        Assert.InRange(ofTryGet, 0, 500);
        Assert.InRange(ofGetAsync, 0, 73_000);
    }

    [Fact]
    public async Task ConcurrentMissesOfOneKeyShareOneFetch()
    {
        await using var wire = new Wire(shared.Server.Port);
        await using var node = await Node.StartAsync(wire.Address, _instance, Token);
        await WriteFromElsewhereAsync("key", "value");
        wire.HoldAnswers();

        var reads = Enumerable.Range(0, 100).Select(_ => node.GetAsync("key", Token)).ToArray();
        wire.ReleaseAnswers();

        Assert.All(await Task.WhenAll(reads), value => Assert.Equal("value", value));
        Assert.Equal(1, node.Reads);
        Assert.Equal(99, node.Tier.JoinedFetches);
    }

    [Fact]
    public async Task OneCallerWhoLeavesASharedFetchTakesNobodyWithHim()
    {
        await using var wire = new Wire(shared.Server.Port);
        await using var node = await Node.StartAsync(wire.Address, _instance, Token);
        await WriteFromElsewhereAsync("key", "value");
        wire.HoldAnswers();
        using var cancelled = new CancellationTokenSource();

        var first = node.Cache.GetAsync("key", cancelled.Token);
        var second = node.GetAsync("key", Token);
        await cancelled.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => first);
        wire.ReleaseAnswers();
        Assert.Equal("value", await second);
    }

    [Fact]
    public async Task ArgumentsAreChecked()
    {
        await using var node = await StartAsync();
        var cache = node.Cache;

        Assert.Throws<ArgumentNullException>("key", () => cache.Get(null!));
        await Assert.ThrowsAsync<ArgumentNullException>("key", () => cache.GetAsync(null!, Token));
        await Assert.ThrowsAsync<ArgumentNullException>("key", () => cache.RemoveAsync(null!, Token));
        await Assert.ThrowsAsync<ArgumentNullException>("key", () => cache.RefreshAsync(null!, Token));
        await Assert.ThrowsAsync<ArgumentNullException>("value", () => cache.SetAsync("key", null!, new(), Token));
        await Assert.ThrowsAsync<ArgumentNullException>("options", () => cache.SetAsync("key", [], null!, Token));
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => cache.GetAsync("key", new CancellationToken(true)));
        Assert.True(cache.SetAsync("key", [], new(), new CancellationToken(true)).IsCanceled);
        Assert.True(cache.RemoveAsync("key", new CancellationToken(true)).IsCanceled);
    }

    [Fact]
    public async Task AfterDisposalItSaysSo()
    {
        var node = await StartAsync();
        var cache = node.Cache;
        await node.DisposeAsync();

        Assert.Throws<ObjectDisposedException>(() => cache.Get("key"));
        await Assert.ThrowsAsync<ObjectDisposedException>(() => cache.SetAsync("key", [], new(), Token));
    }

    private Task<Node> StartAsync(
        Action<RedisTierOptions>? configure = null, TimeProvider? time = null, Action<BoundedDistributedCacheOptions>? near = null) =>
        Node.StartAsync(shared.Server.Address, _instance, Token, configure, services =>
        {
            if (time is not null)
                services.AddSingleton(time);
            if (near is not null)
                services.AddBoundedDistributedCache(near);
        });

    private Task<Node> StartIsolatedAsync(Wire wire) => Node.StartAsync(
        wire.Address, _instance, Token, services: services => services.AddBoundedDistributedCache(options => options.IsolateValues = true));

    private async Task WriteFromElsewhereAsync(string key, string value)
    {
        await using var redis = await shared.Server.ConnectAsync();
        await redis.GetDatabase().HashSetAsync(_instance + key, [new("absexp", -1), new("sldexp", -1), new("data", value)]);
    }
}
