using StackExchange.Redis;

namespace BoundedCache.Redis;

/// <summary>
/// The connection: made in the background when it is first needed, or the application's own. One that the cache makes fails
/// fast where there is no server, instead of holding back what may then be sent after its caller has given up.
/// </summary>
/// <param name="options">Validated.</param>
/// <param name="provider">What the application's own connection is made with.</param>
/// <param name="interrupted">Told of every connection that is lost.</param>
/// <param name="restored">Told of every connection that is there again.</param>
internal sealed class RedisConnection(RedisTierOptions options, IServiceProvider provider, Action interrupted, Action restored) : IAsyncDisposable
{
    internal static readonly TimeSpan DefaultOperationTimeout = TimeSpan.FromSeconds(5);

    private readonly Lock _lock = new();
    private Task<IDatabase>? _connecting;
    private IConnectionMultiplexer? _multiplexer;
    private IDatabase? _database;
    private ConfigurationOptions? _configured;
    private bool _isDisposed;
    private volatile string? _lastFailure;

    /// <summary>The database, once there was a connection; it may be lost now.</summary>
    internal IDatabase? Database => Volatile.Read(ref _database);

    /// <summary>
    /// What there was no connection for when it was last looked: a kind of the client's, or the name of an exception's type;
    /// <see langword="null"/> where nothing is known.
    /// </summary>
    internal string? LastFailure => _lastFailure;

    private TimeSpan OperationTimeout => options.OperationTimeout ?? DefaultOperationTimeout;

    /// <exception cref="TimeoutException">
    /// There was none yet within the time that operations wait for their answers, whatever the client or the application's
    /// factory waits for; that goes on.
    /// </exception>
    internal ValueTask<IDatabase> GetDatabaseAsync() => Database is { } database ? new(database) : new(ConnectAsync().WaitAsync(OperationTimeout));

    /// <summary>What the client puts before the names of channels, and not before what it does not know for one.</summary>
    internal byte[] ChannelPrefixOf(IDatabase database)
    {
        // Of a connection that is not its own it knows the text alone, in which a prefix ends at a comma.
        var configured = _configured ?? ConfigurationOptions.Parse(database.Multiplexer.Configuration, ignoreUnknown: true);
        return (byte[]?)configured.ChannelPrefix ?? [];
    }

    /// <summary>
    /// Takes from what the client threw why it has no connection, of which it tells nobody while it connects for the first
    /// time.
    /// </summary>
    internal void LearnFailure(Exception exception) => _lastFailure = KindOf(exception) ?? _lastFailure;

    public ValueTask DisposeAsync()
    {
        IConnectionMultiplexer? multiplexer;
        lock (_lock)
        {
            multiplexer = _isDisposed ? null : _multiplexer;
            _isDisposed = true;
        }

        return multiplexer is null ? ValueTask.CompletedTask : LeaveAsync(multiplexer);
    }

    private Task<IDatabase> ConnectAsync()
    {
        lock (_lock)
        {
            ObjectDisposedException.ThrowIf(_isDisposed, typeof(BoundedDistributedCache));
            // Whoever comes after a failure begins anew.
            if (_connecting is null or { IsFaulted: true } or { IsCanceled: true })
            {
                // Nothing of whoever comes first (a request, an activity, a tenant) may reach into the connection.
                using (ExecutionContext.SuppressFlow())
                    _connecting = Task.Run(ConnectAnewAsync);
                _connecting.Observe();
            }

            return _connecting;
        }
    }

    private async Task<IDatabase> ConnectAnewAsync()
    {
        try
        {
            return await MakeAsync().ConfigureAwait(false);
        }
        catch (Exception exception)
        {
            _lastFailure = KindOf(exception) ?? exception.GetType().Name;
            throw;
        }
    }

    private async Task<IDatabase> MakeAsync()
    {
        var multiplexer = options.ConnectionMultiplexerFactory is { } factory
            ? factory(provider)
            : await ConnectionMultiplexer.ConnectAsync(_configured = Configure()).ConfigureAwait(false);
        multiplexer.ConnectionFailed += OnFailed;
        multiplexer.ConnectionRestored += OnRestored;
        var database = multiplexer.GetDatabase();
        bool isTooLate;
        lock (_lock)
        {
            isTooLate = _isDisposed;
            _multiplexer = multiplexer;
            Volatile.Write(ref _database, database);
        }

        if (isTooLate)
            await LeaveAsync(multiplexer).ConfigureAwait(false);
        return database;
    }

    private ValueTask LeaveAsync(IConnectionMultiplexer multiplexer)
    {
        multiplexer.ConnectionFailed -= OnFailed;
        multiplexer.ConnectionRestored -= OnRestored;
        return options.ConnectionMultiplexerFactory is null ? multiplexer.DisposeAsync() : ValueTask.CompletedTask;
    }

    private void OnFailed(object? sender, ConnectionFailedEventArgs e)
    {
        _lastFailure = e.FailureType.ToString();
        interrupted();
    }

    private void OnRestored(object? sender, ConnectionFailedEventArgs e)
    {
        _lastFailure = null;
        restored();
    }

    // That there is no connection is what was known before; why is in what it holds.
    private static string? KindOf(Exception? exception) => exception switch
    {
        null => null,
        AggregateException several => several.InnerExceptions.Select(KindOf).FirstOrDefault(kind => kind is not null),
        RedisConnectionException { FailureType: not ConnectionFailureType.UnableToResolvePhysicalConnection } failed => failed.FailureType.ToString(),
        _ => KindOf(exception.InnerException),
    };

    private ConfigurationOptions Configure()
    {
        var configured = options.ConfigurationOptions?.Clone() ?? ConfigurationOptions.Parse(options.Configuration!);
        configured.AbortOnConnectFail = false;
        // Once it gave up the first time it says why, and goes on by itself.
        configured.ConnectRetry = 1;
        configured.BacklogPolicy = BacklogPolicy.FailFast;
        configured.IncludeDetailInExceptions = false;
        configured.AsyncTimeout = configured.SyncTimeout = (int)OperationTimeout.TotalMilliseconds;
        return configured;
    }
}
