using BoundedCache.Expiration;
using BoundedCache.Storage;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Time.Testing;

namespace BoundedCache.Redis.Tests;

/// <summary>How often Redis is told of uses, and what is booked for it meanwhile.</summary>
public sealed class RenewalScheduleTests(SharedServer shared)
{
    private static readonly TimeSpan Window = TimeSpan.FromMinutes(10);

    private readonly string _instance = $"renewals-{Guid.NewGuid():N}:";

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task AFullScheduleWithoutRedisTriesOnceForEachUse()
    {
        var time = new FakeTimeProvider(DateTimeOffset.UtcNow);
        var clock = new CacheClock(time);
        var status = new TierStatus(TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(1), (_, _) => { });
        var options = new RedisTierOptions { ConnectionMultiplexerFactory = _ => throw new InvalidOperationException() };
        using var gate = new Gate(10, TimeSpan.FromSeconds(1));
        await using var connection = new RedisConnection(options, new ServiceCollection().BuildServiceProvider(), () => { }, () => { });
        var operations = new RedisOperations(connection, gate, status);
        using var schedule = new RenewalSchedule(operations, new RedisCommands(), status, clock, time, _ => { }, maxBooked: 0);
        var use = new SlidingUse(schedule, Partition.Host, "key", "key", new Deadlines(Deadlines.None, Window.Ticks), clock.Read().Monotonic);

        for (var uses = 1; uses <= 4; uses++)
        {
            time.Advance(TimeSpan.FromSeconds(1));
            use.Use(clock.Read());

            await Eventually.IsTrueAsync(() => !use.IsBooked && operations.Counters.Read(OperationKind.Renew, RedisTierFailure.Unavailable) == uses, Token);
        }

        Assert.Equal(0, schedule.Count);
    }

    [Fact]
    public async Task AnEntryThatIsFetchedAgainAndAgainIsBookedOnce()
    {
        await using var node = await StartAsync(time: null, options => options.MaxStaleness = TimeSpan.FromMilliseconds(20));
        await node.SetAsync("key", "value", Token, new() { SlidingExpiration = TimeSpan.FromHours(1) });

        await Eventually.IsTrueAsync(
            async () =>
            {
                Assert.Equal("value", await node.GetAsync("key", Token));
                Assert.InRange(node.Tier.BookedRenewals, 0, 1);
                return node.Reads >= 20;
            },
            Token);

        Assert.Equal(1, node.Tier.BookedRenewals);
        Assert.Equal(0, Renewals(node));
    }

    [Theory]
    [InlineData(null)]
    [InlineData(24)] // each write has another absolute time then
    public async Task AnEntryThatIsWrittenAgainAndAgainIsBookedOnceAndRedisKnowsOfItAnyway(int? hours)
    {
        var time = new FakeTimeProvider(DateTimeOffset.UtcNow);
        await using var node = await StartAsync(time);
        TimeSpan? lifetime = hours is { } known ? TimeSpan.FromHours(known) : null;

        for (var i = 0; i < 200; i++)
        {
            await node.SetAsync("key", "value", Token, new() { SlidingExpiration = Window, AbsoluteExpirationRelativeToNow = lifetime });
            time.Advance(TimeSpan.FromSeconds(10));
            Assert.Equal("value", await node.GetAsync("key", Token));
            Assert.Equal(1, node.Tier.BookedRenewals);
        }

        Assert.Equal(0, Renewals(node));
    }

    [Fact]
    public async Task WhatRedisWasToldMeanwhilePutsTheRenewalOff()
    {
        var time = new FakeTimeProvider(DateTimeOffset.UtcNow);
        await using var node = await StartAsync(time);
        await SetAndUseAsync(node, time);
        time.Advance(TimeSpan.FromMinutes(2));
        await SetAndUseAsync(node, time);

        time.Advance(TimeSpan.FromMinutes(4)); // past half a window of the first write
        await Eventually.IsTrueAsync(() => node.Tier.BookedRenewals == 1, Token);
        Assert.Equal(0, Renewals(node));

        time.Advance(TimeSpan.FromMinutes(2));
        await Eventually.IsTrueAsync(() => Renewals(node) == 1, Token);
        await Eventually.IsTrueAsync(() => node.Tier.BookedRenewals == 0, Token);
    }

    [Fact]
    public async Task AFetchOfAnEntryThatLivesUntilItsAbsoluteTimeBooksNothing()
    {
        await using var writer = await StartAsync();
        await using var node = await StartAsync();
        await writer.SetAsync("key", "value", Token, new() { SlidingExpiration = TimeSpan.FromHours(1), AbsoluteExpirationRelativeToNow = TimeSpan.FromMinutes(5) });

        Assert.Equal("value", await node.GetAsync("key", Token));
        Assert.Equal("value", await node.GetAsync("key", Token));

        Assert.Equal(0, node.Tier.BookedRenewals);
        Assert.Null(await node.GetAsync("nothing", Token));
        Assert.Equal(0, Renewals(node));
    }

    [Fact]
    public async Task TheLastRenewalBeforeTheAbsoluteTimeIsTheLast()
    {
        var time = new FakeTimeProvider(DateTimeOffset.UtcNow);
        await using var node = await StartAsync(time, options => options.MaxStaleness = TimeSpan.FromHours(1));
        await node.SetAsync("key", "value", Token, new() { SlidingExpiration = Window, AbsoluteExpirationRelativeToNow = TimeSpan.FromMinutes(14) });

        time.Advance(TimeSpan.FromMinutes(4.5));
        await node.GetAsync("key", Token);
        time.Advance(TimeSpan.FromMinutes(0.5));
        await Eventually.IsTrueAsync(() => Renewals(node) == 1 && node.Tier.BookedRenewals == 0, Token);
        for (var i = 0; i < 8; i++)
        {
            time.Advance(TimeSpan.FromMinutes(1));
            Assert.Equal("value", await node.GetAsync("key", Token));
            Assert.Equal(0, node.Tier.BookedRenewals);
        }

        Assert.Equal(1, Renewals(node));
    }

    [Fact]
    public async Task WhileRedisIsAwayNothingIsTriedAndTheBookingStays()
    {
        var time = new FakeTimeProvider(DateTimeOffset.UtcNow);
        await using var server = await RedisServer.StartAsync();
        await using var node = await Node.StartAsync(server.Address, "", Token, options => options.OperationTimeout = TimeSpan.FromSeconds(1), services => services.AddSingleton<TimeProvider>(time));
        await SetAndUseAsync(node, time);
        server.Kill();
        await Eventually.IsTrueAsync(() => node.Tier.State == TierState.Away, Token);

        time.Advance(Window / 2);
        for (var i = 0; i < 10; i++)
            time.Advance(TimeSpan.FromSeconds(1));

        Assert.Equal(0, Renewals(node));
        Assert.Equal(1, node.Tier.BookedRenewals);
        await server.StartAsync();
        await node.IsConnectedAsync(Token);
        await Eventually.IsTrueAsync(
            () =>
            {
                time.Advance(TimeSpan.FromSeconds(1));
                return Renewals(node) == 1;
            },
            Token);
    }

    [Fact]
    public async Task AClockThatFailsWhileARenewalEndsDoesNotEndThoseToCome()
    {
        var time = new FailingClock();
        await using var wire = new Wire(shared.Server.Port);
        await using var node = await Node.StartAsync(
            wire.Address, _instance, Token, options => options.MaxStaleness = TimeSpan.FromHours(1), services => services.AddSingleton<TimeProvider>(time));
        await node.SetAsync("key", "value", Token, new() { SlidingExpiration = Window });
        time.Advance(TimeSpan.FromSeconds(1));
        await node.GetAsync("key", Token);
        wire.HoldAnswersFrom("EVAL");
        time.Advance(Window / 2);
        await Eventually.IsTrueAsync(() => wire.HasHeld("\r\n") && node.Tier.Operations.Gate.InFlight == 1, Token);
        time.FailsNext = true;
        wire.ReleaseAnswers();
        await Eventually.IsTrueAsync(() => Renewals(node) == 1 && node.Tier.Operations.Gate.InFlight == 0 && !time.FailsNext, Token);

        await node.GetAsync("key", Token);
        time.Advance(Window / 2);

        await Eventually.IsTrueAsync(() => Renewals(node) == 2, Token);
    }

    [Fact]
    public async Task WhereADueTimeMovesForwardAgainAndAgainTheQueueKeepsItsBound()
    {
        var time = new FakeTimeProvider(DateTimeOffset.UtcNow);
        var clock = new CacheClock(time);
        var status = new TierStatus(TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(1), (_, _) => { });
        using var gate = new Gate(10, TimeSpan.FromSeconds(1));
        await using var connection = new RedisConnection(new RedisTierOptions(), new ServiceCollection().BuildServiceProvider(), () => { }, () => { });
        var operations = new RedisOperations(connection, gate, status);
        using var schedule = new RenewalSchedule(operations, new RedisCommands(), status, clock, time, _ => { });
        var now = clock.Read();

        for (var i = 0; i < 1_000; i++)
        {
            var deadlines = new Deadlines(Deadlines.None, Window.Ticks - (i * TimeSpan.TicksPerMillisecond));
            new SlidingUse(schedule, Partition.Host, "key", "key", deadlines, now.Monotonic - 1).Use(now);
        }

        Assert.Equal(1, schedule.Count);
        Assert.InRange(schedule.Queued, 1, 200);
    }

    private Task<Node> StartAsync(FakeTimeProvider? time = null, Action<RedisTierOptions>? configure = null) =>
        Node.StartAsync(shared.Server.Address, _instance, Token, configure, services =>
        {
            if (time is not null)
                services.AddSingleton<TimeProvider>(time);
        });

    private static async Task SetAndUseAsync(Node node, FakeTimeProvider time)
    {
        await node.SetAsync("key", "value", Token, new() { SlidingExpiration = Window });
        time.Advance(TimeSpan.FromSeconds(1));
        await node.GetAsync("key", Token);
    }

    // Whatever became of them.
    private static long Renewals(Node node) =>
        node.Tier.Operations.Counters.Read(OperationKind.Renew, null)
        + Enum.GetValues<RedisTierFailure>().Sum(failure => node.Tier.Operations.Counters.Read(OperationKind.Renew, failure));
}
