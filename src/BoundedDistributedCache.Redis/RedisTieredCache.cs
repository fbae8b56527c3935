using System.Buffers;
using BoundedCache.Diagnostics;
using BoundedCache.Expiration;
using BoundedCache.Storage;
using BoundedCache.Tenancy;
using Microsoft.Extensions.Caching.Distributed;
using Microsoft.Extensions.Logging;
using StackExchange.Redis;

namespace BoundedCache.Redis;

/// <summary>
/// Redis with a bounded cache in front of it: what callers get from the container. Reads are answered by the copy in this
/// process while it holds, and by Redis otherwise; writes go to Redis, and are done when Redis has acknowledged them.
/// </summary>
/// <remarks>
/// <para>
/// Which copies hold is for <see cref="NearCopies"/> to say, for how long they are served for <see cref="TierStatus"/>. Their
/// deadlines are those of the entry, kept by the near tier itself; beside them a copy ends where nobody would serve it any
/// more.
/// </para>
/// <para>
/// Once an operation was handed to Redis it runs to its end whether its caller waits or not: the end of a write is what makes
/// the copies right.
/// </para>
/// </remarks>
internal sealed class RedisTieredCache : ITieredCache, ICacheTier, IAsyncDisposable, IDisposable
{
    // By so much the clocks of two caches in one process may differ, and what Redis says of a time to live.
    private const long ClockTolerance = 100 * TimeSpan.TicksPerMillisecond;

    private readonly BoundedDistributedCache _near;
    private readonly CacheClock _clock;
    private readonly NearCopies _copies;
    private readonly KeySpace _keys;
    private readonly TierStatus _status;
    private readonly RedisConnection _connection;
    private readonly SharedFetches _fetches;
    private readonly RedisCommands _commands = new();
    private readonly RenewalSchedule _renewals;
    private readonly TolerantLogger _logger;
    private readonly RedisTierMeter? _meter;
    private readonly long _longestAge;
    private int _isDisposed;

    internal RedisTieredCache(BoundedDistributedCache near, RedisTierOptions options, IServiceProvider provider, TimeProvider timeProvider, ILogger? logger, RedisTierMeter? meter)
    {
        _near = near;
        _clock = near.Clock;
        _logger = new TolerantLogger(logger);
        _keys = new KeySpace(options.InstanceName);
        var staleness = options.MaxStaleness;
        var stalenessAway = options.MaxStalenessWhenDisconnected ?? staleness;
        _longestAge = stalenessAway.Ticks;
        _status = new TierStatus(staleness, stalenessAway, Tell);
        _copies = new NearCopies(near, _status, stalenessAway);
        _connection = new RedisConnection(options, provider, OnInterrupted, OnRestored);
        Operations = new RedisOperations(_connection, new Gate(options.MaxOperationsInFlight, options.QueueTimeout), _status);
        _fetches = new SharedFetches(_copies.Versions);
        _renewals = new RenewalSchedule(Operations, _commands, _status, _clock, timeProvider, use => _near.DropCopy(use.Partition, use.Key));
        Messages = new MessageChannel(_connection, Operations, _status, _copies, _keys, cause => _logger.ChannelRefused(Name, cause));
        _meter = meter;
        _meter?.Add(this);
    }

    public BoundedDistributedCache NearTier => _near;

    public string Name => _near.Name;

    internal TierState State => _status.State;

    public string StateText => State switch
    {
        TierState.Connected => "connected",
        TierState.Unconfirmed => "unconfirmed",
        _ => "away",
    };

    public string? Failure => State == TierState.Away
        ? $"Redis does not answer the tier of cache '{Name}'. Copies in this process are served until they are {TimeSpan.FromTicks(_longestAge)} old; other reads and all writes fail. What the connection failed with last: {Cause}."
        : null;

    public string? Worry => State == TierState.Unconfirmed
        ? $"Messages of other nodes may not arrive at the Redis tier of cache '{Name}', so every read goes to Redis."
        : null;

    private string Cause => _connection.LastFailure ?? "nothing is known";

    internal RedisOperations Operations { get; }

    internal MessageChannel Messages { get; }

    internal KeySpace Keys => _keys;

    internal RedisConnection Connection => _connection;

    internal long JoinedFetches => _fetches.Joined;

    internal int BookedRenewals => _renewals.Count;

    /// <summary>Begins to connect, in the background.</summary>
    internal void Start() => Messages.Start();

    public ITenantDecorated WithTenants(AmbientPartition ambient) => new RedisTenantCache(this, ambient);

    public byte[]? Get(string key) => Get(Partition.Host, key);

    public Task<byte[]?> GetAsync(string key, CancellationToken token = default) => GetAsync(Partition.Host, key, token);

    public bool TryGet(string key, IBufferWriter<byte> destination) => TryGet(Partition.Host, key, destination);

    public ValueTask<bool> TryGetAsync(string key, IBufferWriter<byte> destination, CancellationToken token = default) =>
        TryGetAsync(Partition.Host, key, destination, token);

    public void Set(string key, byte[] value, DistributedCacheEntryOptions options) => Set(Partition.Host, key, value, options);

    public void Set(string key, ReadOnlySequence<byte> value, DistributedCacheEntryOptions options) => Set(Partition.Host, key, value.ToArray(), options);

    public Task SetAsync(string key, byte[] value, DistributedCacheEntryOptions options, CancellationToken token = default) =>
        SetAsync(Partition.Host, key, value, options, token);

    public ValueTask SetAsync(string key, ReadOnlySequence<byte> value, DistributedCacheEntryOptions options, CancellationToken token = default) =>
        SetAsync(Partition.Host, key, value, options, token);

    public void Refresh(string key) => Refresh(Partition.Host, key);

    public Task RefreshAsync(string key, CancellationToken token = default) => RefreshAsync(Partition.Host, key, token);

    public void Remove(string key) => Remove(Partition.Host, key);

    public Task RemoveAsync(string key, CancellationToken token = default) => RemoveAsync(Partition.Host, key, token);

    public void Dispose()
    {
        if (Interlocked.Exchange(ref _isDisposed, 1) == 0)
            DisposeOnceAsync().AsTask().GetAwaiter().GetResult();
    }

    public ValueTask DisposeAsync() =>
        Interlocked.Exchange(ref _isDisposed, 1) == 0 ? DisposeOnceAsync() : ValueTask.CompletedTask;

    // What the public members and the tenants' decorator do for one partition.

    internal byte[]? Get(Partition partition, string key)
    {
        if (TryServe(partition, key, out var value))
            return value;
        ThrowIfDisposed();
        return ReadAsync(partition, key, CancellationToken.None).GetAwaiter().GetResult();
    }

    internal Task<byte[]?> GetAsync(Partition partition, string key, CancellationToken token)
    {
        try
        {
            ArgumentNullException.ThrowIfNull(key);
            if (token.IsCancellationRequested)
                return Task.FromCanceled<byte[]?>(token);
            if (TryServe(partition, key, out var value))
                return Task.FromResult<byte[]?>(value);
            ThrowIfDisposed();
        }
        catch (Exception exception)
        {
            return Task.FromException<byte[]?>(exception);
        }

        return ReadAsync(partition, key, token);
    }

    internal bool TryGet(Partition partition, string key, IBufferWriter<byte> destination)
    {
        ArgumentNullException.ThrowIfNull(destination);
        var value = Get(partition, key);
        if (value is not null)
            destination.Write(value);
        return value is not null;
    }

    internal ValueTask<bool> TryGetAsync(Partition partition, string key, IBufferWriter<byte> destination, CancellationToken token)
    {
        try
        {
            ArgumentNullException.ThrowIfNull(key);
            ArgumentNullException.ThrowIfNull(destination);
            if (token.IsCancellationRequested)
                return ValueTask.FromCanceled<bool>(token);
            if (TryServe(partition, key, out var value))
            {
                destination.Write(value);
                return new ValueTask<bool>(true);
            }

            ThrowIfDisposed();
        }
        catch (Exception exception)
        {
            return ValueTask.FromException<bool>(exception);
        }

        return new ValueTask<bool>(ReadIntoAsync(ReadAsync(partition, key, token), destination));
    }

    internal void Set(Partition partition, string key, byte[] value, DistributedCacheEntryOptions options) =>
        SetAsync(partition, key, value, options, CancellationToken.None).GetAwaiter().GetResult();

    internal ValueTask SetAsync(Partition partition, string key, ReadOnlySequence<byte> value, DistributedCacheEntryOptions options, CancellationToken token) =>
        token.IsCancellationRequested ? ValueTask.FromCanceled(token) : new(SetAsync(partition, key, value.ToArray(), options, token));

    internal Task SetAsync(Partition partition, string key, byte[] value, DistributedCacheEntryOptions options, CancellationToken token)
    {
        try
        {
            ArgumentNullException.ThrowIfNull(key);
            ArgumentNullException.ThrowIfNull(value);
            ArgumentNullException.ThrowIfNull(options);
            if (token.IsCancellationRequested)
                return Task.FromCanceled(token);
            ThrowIfDisposed();
            var now = _clock.Read();
            var deadlines = _near.DeadlinesOf(options, now);
            return ChangeAsync(partition, key, deadlines.HavePassed(now) ? null : _near.Isolated(value), deadlines, token);
        }
        catch (Exception exception)
        {
            return Task.FromException(exception);
        }
    }

    internal void Refresh(Partition partition, string key) =>
        RefreshAsync(partition, key, CancellationToken.None).GetAwaiter().GetResult();

    internal Task RefreshAsync(Partition partition, string key, CancellationToken token)
    {
        try
        {
            ArgumentNullException.ThrowIfNull(key);
            if (token.IsCancellationRequested)
                return Task.FromCanceled(token);
            if (_copies.Find(partition, key, _status.ServableAge) is not null)
                return Task.CompletedTask;
            ThrowIfDisposed();
            return RefreshFromRedisAsync(partition, key, token);
        }
        catch (Exception exception)
        {
            return Task.FromException(exception);
        }
    }

    internal void Remove(Partition partition, string key) =>
        RemoveAsync(partition, key, CancellationToken.None).GetAwaiter().GetResult();

    internal Task RemoveAsync(Partition partition, string key, CancellationToken token)
    {
        try
        {
            ArgumentNullException.ThrowIfNull(key);
            if (token.IsCancellationRequested)
                return Task.FromCanceled(token);
            ThrowIfDisposed();
            return ChangeAsync(partition, key, value: null, Deadlines.Never, token);
        }
        catch (Exception exception)
        {
            return Task.FromException(exception);
        }
    }

    private bool TryServe(Partition partition, string key, out byte[] value)
    {
        if (_copies.Find(partition, key, _status.ServableAge) is { } entry)
        {
            value = _near.Serve(entry);
            return true;
        }

        value = [];
        return false;
    }

    private async Task<byte[]?> ReadAsync(Partition partition, string key, CancellationToken token)
    {
        try
        {
            var value = await FetchAsync(partition, key, token).ConfigureAwait(false);
            _near.CountMiss(partition);
            return value is null ? null : _near.Isolated(value);
        }
        catch (RedisTierException exception) when (IsUnanswered(exception))
        {
            // Redis was asked and did not answer, so what is here is the best there is.
            if (_copies.Find(partition, key, _status.ServableAgeAway) is { } entry)
                return _near.Serve(entry);
            throw;
        }
    }

    private async Task RefreshFromRedisAsync(Partition partition, string key, CancellationToken token)
    {
        try
        {
            await FetchAsync(partition, key, token).ConfigureAwait(false);
        }
        catch (RedisTierException exception) when (IsUnanswered(exception) && _copies.Find(partition, key, _status.ServableAgeAway) is not null)
        {
            // As a read of it: the copy was used, and Redis is told later.
        }
    }

    private static bool IsUnanswered(RedisTierException exception) =>
        exception.Failure is RedisTierFailure.Unavailable or RedisTierFailure.OutcomeUnknown;

    private static async Task<bool> ReadIntoAsync(Task<byte[]?> reading, IBufferWriter<byte> destination)
    {
        var value = await reading.ConfigureAwait(false);
        if (value is not null)
            destination.Write(value);
        return value is not null;
    }

    private Task<byte[]?> FetchAsync(Partition partition, string key, CancellationToken token)
    {
        var name = _keys.NameOf(partition, key);
        Start();
        var fetched = FetchAsync(partition, key, name, out var isJoined, token);
        return isJoined ? FetchAfterAsync(fetched, partition, key, name, token) : fetched;
    }

    // What was joined may have waited for its turn before this caller came, who has not waited as long as he may.
    private async Task<byte[]?> FetchAfterAsync(Task<byte[]?> joined, Partition partition, string key, string name, CancellationToken token)
    {
        try
        {
            return await joined.ConfigureAwait(false);
        }
        catch (RedisTierException exception) when (exception.Failure == RedisTierFailure.Busy)
        {
            return await FetchAsync(partition, key, name, out _, token).ConfigureAwait(false);
        }
    }

    private Task<byte[]?> FetchAsync(Partition partition, string key, string name, out bool isJoined, CancellationToken token)
    {
        isJoined = !_fetches.TryStart(name, _near.HashOf(partition, key), token.CanBeCanceled, out var fetch);
        if (isJoined)
            return fetch.WaitAsync(token);
        var running = RunFetchAsync(fetch, partition, key, name);
        if (!token.CanBeCanceled)
            return running;
        running.Observe();
        return fetch.WaitAsync(token);
    }

    private async Task<byte[]?> RunFetchAsync(Fetch fetch, Partition partition, string key, string name)
    {
        try
        {
            var asked = _clock.Read();
            var stored = await Operations.RunAsync(
                OperationKind.Read,
                name,
                static (database, call) => call.Commands.ReadAsync(database, call.Name),
                (Commands: _commands, Name: name),
                fetch.Abandoned).ConfigureAwait(false);
            var value = Take(fetch, partition, key, name, stored, asked);
            fetch.Complete(value);
            return value;
        }
        catch (Exception exception)
        {
            fetch.Fail(exception);
            throw;
        }
        finally
        {
            _fetches.End(name, fetch);
        }
    }

    /// <summary>Keeps what was fetched if that may be, and gives out its value.</summary>
    private byte[]? Take(Fetch fetch, Partition partition, string key, string name, StoredEntry? stored, Now asked)
    {
        var value = ValueAt(asked, stored);
        try
        {
            var now = _clock.Read();
            value = ValueAt(now, stored);
            if (value is null || !TryKeep(fetch, partition, key, name, stored!.Value, asked, now))
                _copies.DropOlder(partition, key, asked);
        }
        catch (Exception)
        {
            // Redis has answered, whatever is amiss here.
            _copies.Drop(partition, key);
        }

        return value;
    }

    private static byte[]? ValueAt(Now now, StoredEntry? stored) =>
        stored is { } found && (found.Absolute == StoredEntry.NotPresent || now.Utc < found.Absolute) ? found.Value : null;

    private bool TryKeep(Fetch fetch, Partition partition, string key, string name, StoredEntry found, Now asked, Now now)
    {
        // What was left to live is counted from before it was asked for: a copy may end early, and not late.
        var deadlines = found.DeadlinesAt(asked);
        var use = UseOf(partition, key, name, deadlines, found.TimeToLive?.Ticks ?? 0, asked, now);
        use?.Use(now);
        return _copies.TryKeep(partition, key, found.Value, deadlines, use, fetch.Ticket, asked);
    }

    /// <summary>
    /// What has Redis told of uses; <see langword="null"/> where there is nothing to tell: the entry does not slide, or lives
    /// until its absolute time already.
    /// </summary>
    private SlidingUse? UseOf(Partition partition, string key, string name, Deadlines deadlines, long left, Now asked, Now answered)
    {
        if (deadlines.Sliding == Deadlines.None || answered.Utc + left >= deadlines.Absolute - ClockTolerance)
            return null;

        // What is left of the time to live tells when Redis last heard of a use.
        return new SlidingUse(_renewals, partition, key, name, deadlines, asked.Monotonic - Math.Max(0, deadlines.Sliding - left));
    }

    /// <summary>Writes, or where there is no value removes.</summary>
    private Task ChangeAsync(Partition partition, string key, byte[]? value, Deadlines deadlines, CancellationToken token)
    {
        var name = _keys.NameOf(partition, key);
        Start();
        var running = RunChangeAsync(new Change(this, partition, key, name, value, deadlines), token);
        return token.CanBeCanceled && !running.IsCompleted ? running.WaitOrLeaveAsync(token) : running;
    }

    private async Task RunChangeAsync(Change change, CancellationToken token)
    {
        try
        {
            await Operations.RunAsync(
                change.Value is null ? OperationKind.Remove : OperationKind.Write,
                change.Name,
                static (database, change) => change.SendAsync(database),
                change,
                token).ConfigureAwait(false);
        }
        catch (Exception exception)
        {
            if (change.HasBegun)
            {
                if (exception is not RedisTierException { Failure: RedisTierFailure.Unavailable or RedisTierFailure.Refused })
                    Messages.SendLater(change.Name);
                _copies.Drop(change.Partition, change.Key);
            }

            throw;
        }

        End(change);
    }

    private void End(Change change)
    {
        try
        {
            var left = StoredEntry.TimeToLiveOf(change.Deadlines, change.Began)?.Ticks ?? 0;
            var use = change.Value is null ? null : UseOf(change.Partition, change.Key, change.Name, change.Deadlines, left, change.Began, change.Began);
            _copies.EndWrite(change.Partition, change.Key, change.Value, change.Deadlines, use, change.Ticket, change.Began);
        }
        catch (Exception)
        {
            // Redis has done it, whatever is amiss here.
            _copies.Drop(change.Partition, change.Key);
        }
    }

    private void OnInterrupted()
    {
        _status.Interrupt();
        Messages.Wake();
    }

    private void OnRestored()
    {
        _commands.TryScriptsAgain();
        Messages.Wake();
    }

    private void Tell(TierState before, TierState after)
    {
        switch (after)
        {
            case TierState.Connected:
                _logger.Connected(Name);
                break;
            case TierState.Unconfirmed when before == TierState.Away:
                _logger.AnswersAgain(Name);
                break;
            case TierState.Unconfirmed:
                _logger.MessagesInterrupted(Name);
                break;
            default:
                _logger.Away(Name, TimeSpan.FromTicks(_longestAge), Cause);
                break;
        }
    }

    private void ThrowIfDisposed() => ObjectDisposedException.ThrowIf(Volatile.Read(ref _isDisposed) != 0, typeof(BoundedDistributedCache));

    private async ValueTask DisposeOnceAsync()
    {
        _meter?.Remove(this);
        await Messages.DisposeAsync().ConfigureAwait(false);
        _renewals.Dispose();
        await _connection.DisposeAsync().ConfigureAwait(false);
    }

    /// <summary>A write or a removal under way.</summary>
    private sealed class Change(RedisTieredCache tier, Partition partition, string key, string name, byte[]? value, Deadlines deadlines)
    {
        internal Partition Partition => partition;

        internal string Key => key;

        internal string Name => name;

        /// <summary><see langword="null"/>: a removal.</summary>
        internal byte[]? Value => value;

        internal Deadlines Deadlines => deadlines;

        /// <summary>Whether it may have been sent.</summary>
        internal bool HasBegun { get; private set; }

        internal CopyTicket Ticket { get; private set; }

        internal Now Began { get; private set; }

        internal Task<bool> SendAsync(IDatabase database)
        {
            var channel = tier.Messages.NameOf(database);
            Began = tier._clock.Read();
            Ticket = tier._copies.BeginWrite(partition, key);
            HasBegun = true;
            return value is null
                ? tier._commands.RemoveAsync(database, name, channel, tier.Messages.KeyHeader)
                : tier._commands.WriteAsync(database, name, value, deadlines, StoredEntry.TimeToLiveOf(deadlines, Began), channel, tier.Messages.KeyHeader);
        }
    }
}
