using StackExchange.Redis;

namespace BoundedCache;

/// <summary>
/// How Redis is reached from behind a bounded cache, and how long its copies hold. Read once, when the cache is made.
/// Values out of range are refused with an <see cref="Microsoft.Extensions.Options.OptionsValidationException"/>, by a host
/// when it starts and otherwise when the cache is made.
/// </summary>
public sealed class RedisTierOptions
{
    /// <summary>
    /// Where Redis is, as StackExchange.Redis takes it: <c>localhost:6379</c>, or several endpoints with settings behind
    /// them. One of this, <see cref="ConfigurationOptions"/> and <see cref="ConnectionMultiplexerFactory"/> must be set.
    /// </summary>
    public string? Configuration { get; set; }

    /// <summary>The same as an object. It is copied; the cache makes a connection of its own from it.</summary>
    public ConfigurationOptions? ConfigurationOptions { get; set; }

    /// <summary>
    /// Gives the application's own connection, which the cache uses and does not close. Called when it is first
    /// needed, with the provider of the container, and again only where it threw; nobody waits
    /// longer than 5 seconds for it. Its own time-outs hold, in the place of <see cref="OperationTimeout"/>.
    /// </summary>
    public Func<IServiceProvider, IConnectionMultiplexer>? ConnectionMultiplexerFactory { get; set; }

    /// <summary>
    /// What every key begins with in Redis, so that caches which share a database keep apart; empty by default. As in
    /// <c>Microsoft.Extensions.Caching.StackExchangeRedis</c>: both read each other's entries where the names are equal.
    /// Well-formed UTF-16, at most 256 units.
    /// </summary>
    public string InstanceName { get; set; } = "";

    /// <summary>
    /// For how long a copy in the memory of this process is served before Redis is asked again, where no message said that
    /// it changed: how old a value may be at worst. More than zero and at most a day; 30 seconds by default.
    /// </summary>
    public TimeSpan MaxStaleness { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>
    /// The same while Redis can't be reached. At least <see cref="MaxStaleness"/> and at most a day, or
    /// <see langword="null"/>, the default, for <see cref="MaxStaleness"/>.
    /// </summary>
    public TimeSpan? MaxStalenessWhenDisconnected { get; set; }

    /// <summary>
    /// How many operations wait for an answer of Redis at once; further callers wait for their turn. From 1 to 100,000; 500
    /// by default.
    /// </summary>
    public int MaxOperationsInFlight { get; set; } = 500;

    /// <summary>
    /// How long a caller waits for its turn, before it gets a <see cref="RedisTierException"/> with
    /// <see cref="RedisTierFailure.Busy"/>. More than zero and at most a day; 5 seconds by default.
    /// </summary>
    public TimeSpan QueueTimeout { get; set; } = TimeSpan.FromSeconds(5);

    /// <summary>
    /// How long an operation waits for the answer of Redis, to the second or so. From 100 milliseconds to a day;
    /// 5 seconds where it is <see langword="null"/>, the default. Not with <see cref="ConnectionMultiplexerFactory"/>.
    /// </summary>
    public TimeSpan? OperationTimeout { get; set; }
}
