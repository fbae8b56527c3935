using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Logging;
using StackExchange.Redis;

namespace BoundedCache.Redis.Tests;

public sealed class ConnectionTests(SharedServer shared)
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    private readonly string _instance = $"connection-{Guid.NewGuid():N}:";

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task TheApplicationsOwnConnectionIsUsedAndNotClosed()
    {
        await using var redis = await shared.Server.ConnectAsync();
        var node = await Node.StartAsync(shared.Server.Address, _instance, Token, options =>
        {
            options.Configuration = null;
            options.ConnectionMultiplexerFactory = _ => redis;
        });
        await node.SetAsync("key", "value", Token);

        await node.DisposeAsync();

        Assert.True(redis.IsConnected);
        Assert.True(await redis.GetDatabase().KeyExistsAsync(_instance + "key"));
    }

    [Fact]
    public async Task WhatCantBeConnectedIsUnavailableWhateverItThrows()
    {
        await using var node = Node.Create("", _instance, options =>
        {
            options.Configuration = null;
            options.ConnectionMultiplexerFactory = _ => throw new InvalidOperationException("secret");
        });

        var write = await Assert.ThrowsAsync<RedisTierException>(() => node.SetAsync("key", "value", Token));
        var read = await Assert.ThrowsAsync<RedisTierException>(() => node.GetAsync("key", Token));

        Assert.Equal((RedisTierFailure.Unavailable, RedisTierFailure.Unavailable), (write.Failure, read.Failure));
        Assert.DoesNotContain("secret", write.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task WhileTheFirstConnectionTakesLongerThanOperationsWaitRedisIsAway()
    {
        await using var server = await RedisServer.StartAsync();
        server.Pause();
        await using var node = Node.Create($"{server.Address},connectTimeout=600000", _instance, options => options.OperationTimeout = TimeSpan.FromMilliseconds(500));

        var write = await Assert.ThrowsAsync<RedisTierException>(() => node.SetAsync("key", "value", Token).WaitAsync(Patience, Token));

        Assert.Equal(RedisTierFailure.Unavailable, write.Failure);
        await Eventually.IsTrueAsync(() => node.Tier.State == TierState.Away, Token);
    }

    [Fact]
    public async Task AFactoryThatHangsKeepsNobodyWaiting()
    {
        using var isOver = new ManualResetEventSlim();
        await using var redis = await shared.Server.ConnectAsync();
        await using var node = Node.Create("", _instance, options =>
        {
            options.Configuration = null;
            options.ConnectionMultiplexerFactory = _ =>
            {
                isOver.Wait(Token);
                return redis;
            };
        });

        var read = await Assert.ThrowsAsync<RedisTierException>(() => node.GetAsync("key", Token).WaitAsync(Patience, Token));
        isOver.Set();

        Assert.Equal(RedisTierFailure.Unavailable, read.Failure);
        await node.IsConnectedAsync(Token);
    }

    [Fact]
    public async Task WhyThereIsNoConnectionIsToldEverywhere()
    {
        await using var server = await RedisServer.StartAsync();
        await server.CliAsync("CONFIG", "SET", "requirepass", "right");
        await using var node = Node.Create(
            $"{server.Address},password=wrong,connectTimeout=1000",
            _instance,
            options => options.OperationTimeout = TimeSpan.FromSeconds(20),
            services => services.AddHealthChecks().AddBoundedDistributedCache());
        node.Tier.Start();
        await Eventually.IsTrueAsync(() => node.Tier.Failure?.Contains("AuthenticationFailure", StringComparison.Ordinal) is true, Token);

        var write = await Assert.ThrowsAsync<RedisTierException>(() => node.SetAsync("key", "value", Token));
        var health = (await node.Services.GetRequiredService<HealthCheckService>().CheckHealthAsync(Token)).Entries["bounded_cache"];

        Assert.All([write.Message, health.Description], told => Assert.Contains("AuthenticationFailure", told, StringComparison.Ordinal));

        // What is told once, as Redis is found to be away, is what was known then.
        Assert.Matches("AuthenticationFailure|nothing is known", node.Logs.GetSnapshot().First(record => record.Id.Id == 301).Message);
    }

    [Fact]
    public async Task OfAFactoryThatThrowsTheKindOfExceptionIsTold()
    {
        await using var node = Node.Create("", _instance, options =>
        {
            options.Configuration = null;
            options.ConnectionMultiplexerFactory = _ => throw new InvalidOperationException("secret");
        });
        node.Tier.Start();
        await Eventually.IsTrueAsync(() => node.Tier.State == TierState.Away, Token);

        var write = await Assert.ThrowsAsync<RedisTierException>(() => node.SetAsync("key", "value", Token));

        Assert.Contains(nameof(InvalidOperationException), write.Message, StringComparison.Ordinal);
        Assert.Contains(nameof(InvalidOperationException), node.Tier.Failure!, StringComparison.Ordinal);
        Assert.DoesNotContain("secret", node.Tier.Failure!, StringComparison.Ordinal);
    }

    [Fact]
    public async Task WhyALostConnectionIsNotThereAgainIsTold()
    {
        await using var server = await RedisServer.StartAsync();
        await using var node = await Node.StartAsync(server.Address, _instance, Token, options => options.OperationTimeout = TimeSpan.FromSeconds(1));
        server.Kill();
        await Eventually.IsTrueAsync(() => node.Tier.State == TierState.Away, Token);

        Assert.Matches("SocketClosed|SocketFailure|UnableToConnect", node.Tier.Failure!);
        await server.StartAsync();
        await node.IsConnectedAsync(Token);
    }

    [Fact]
    public async Task NothingOfTheFirstCallerReachesWhatGoesOnInTheBackground()
    {
        var ambient = new AsyncLocal<string?>();
        var time = new TimerWatch();
        var seen = new System.Collections.Concurrent.ConcurrentQueue<string?>();
        await using var redis = await shared.Server.ConnectAsync();
        ambient.Value = "of the caller";
        await using var node = Node.Create(
            "",
            _instance,
            options =>
            {
                options.Configuration = null;
                options.ConnectionMultiplexerFactory = _ =>
                {
                    seen.Enqueue(ambient.Value);
                    return redis;
                };
            },
            services => services.AddSingleton<TimeProvider>(time).AddSingleton<ILoggerProvider>(new Watch(() => seen.Enqueue(ambient.Value))));

        await node.SetAsync("key", "value", Token);
        await node.IsConnectedAsync(Token);

        await Eventually.IsTrueAsync(() => seen.Count >= 2, Token); // the factory, and what is told of the connection
        Assert.All(seen, Assert.Null);
        Assert.True(time.HadNoContext);
    }

    [Fact]
    public async Task ConfigurationOptionsAreCopiedAndTheirDatabaseIsKept()
    {
        var options = ConfigurationOptions.Parse($"{shared.Server.Address},defaultDatabase=3");
        await using var node = await Node.StartAsync(shared.Server.Address, _instance, Token, tier =>
        {
            tier.Configuration = null;
            tier.ConfigurationOptions = options;
        });
        await node.SetAsync("key", "value", Token);

        await using var redis = await shared.Server.ConnectAsync();
        Assert.True(await redis.GetDatabase(3).KeyExistsAsync(_instance + "key"));
        Assert.True(options.AbortOnConnectFail);
    }

    /// <summary>Is told of everything that the tier logs.</summary>
    private sealed class Watch(Action told) : ILoggerProvider, ILogger
    {
        public ILogger CreateLogger(string categoryName) => this;

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            if (eventId.Id >= 300)
                told();
        }

        public void Dispose()
        {
        }
    }

    /// <summary>Looks whether a timer that is made takes over the context of whoever makes it.</summary>
    private sealed class TimerWatch : TimeProvider
    {
        public bool HadNoContext { get; private set; }

        public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
        {
            if (callback.Method.DeclaringType!.FullName!.Contains("RenewalSchedule", StringComparison.Ordinal))
                HadNoContext = ExecutionContext.IsFlowSuppressed();
            return base.CreateTimer(callback, state, dueTime, period);
        }
    }
}
