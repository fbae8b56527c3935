using StackExchange.Redis;

namespace BoundedCache.Redis;

/// <summary>
/// What nodes tell one another over one channel of Redis: receives, makes sure that it receives, and sends again what may
/// not have been sent.
/// </summary>
/// <remarks>
/// <para>
/// A subscription can be gone without anybody noticing: its connection was killed and made again, or it is half open. So the
/// node sends itself a probe through the whole way, at start, after every interruption, and every few seconds. Messages
/// count as confirmed (<see cref="TierStatus.Confirm"/>) only when a probe came back that was sent after the last
/// interruption; and at that moment everything that was held is outdated, for messages may have been missed.
/// </para>
/// <para>
/// A node ignores its own messages, whose effect it has had by <see cref="NearCopies"/> already. One that can't be read
/// is taken for "drop everything": it may come from a newer version of this library.
/// </para>
/// <para>
/// There is one loop, which runs from the start to the disposal; it alone subscribes, probes and sends again.
/// </para>
/// </remarks>
internal sealed class MessageChannel : IAsyncDisposable
{
    private const int MostMissedProbes = 3;

    private static readonly TimeSpan ProbeEvery = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan ProbeEveryWhenUnconfirmed = TimeSpan.FromMilliseconds(250);
    private static readonly TimeSpan ProbeTimeout = TimeSpan.FromSeconds(2);

    private readonly RedisConnection _connection;
    private readonly RedisOperations _operations;
    private readonly TierStatus _status;
    private readonly NearCopies _copies;
    private readonly KeySpace _keys;
    private readonly UnsentDrops _unsent = new();
    private readonly SemaphoreSlim _wake = new(0);
    private readonly CancellationTokenSource _stopped = new();
    private readonly Lock _startLock = new();
    private Task? _loop;
    private ISubscriber? _subscriber;
    private Probe? _probe;
    private long _probes;
    private int _missedProbes;
    private long _received;

    internal MessageChannel(RedisConnection connection, RedisOperations operations, TierStatus status, NearCopies copies, KeySpace keys)
    {
        _connection = connection;
        _operations = operations;
        _status = status;
        _copies = copies;
        _keys = keys;
    }

    /// <summary>Who this node is to the others.</summary>
    internal Guid Sender { get; } = Guid.NewGuid();

    internal long Received => Interlocked.Read(ref _received);

    internal int Unsent => _unsent.Count;

    /// <summary>Publish and subscribe know no databases, so the channel names its own.</summary>
    internal RedisChannel ChannelOf(IDatabase database) => RedisChannel.Literal($"bounded-cache:{database.Database}:{_keys.InstanceName}");

    /// <summary>Begins, once; called by whoever uses the tier first.</summary>
    internal void Start()
    {
        if (Volatile.Read(ref _loop) is not null)
            return;
        lock (_startLock)
            _loop ??= Task.Run(RunAsync);
    }

    /// <summary>Has the loop look at once.</summary>
    internal void Wake()
    {
        if (_wake.CurrentCount == 0)
            _wake.Release();
    }

    /// <summary>Has the others told of a write whose own message may not have been sent, once that is possible.</summary>
    internal void SendLater(string name)
    {
        _unsent.Add(name);
        Wake();
    }

    public async ValueTask DisposeAsync()
    {
        Task? loop;
        lock (_startLock)
            loop = _loop ??= Task.CompletedTask;
        await _stopped.CancelAsync().ConfigureAwait(false);
        await loop.ConfigureAwait(false);
        if (_subscriber is { } subscriber && _connection.Database is { } database)
        {
            try
            {
                await subscriber.UnsubscribeAsync(ChannelOf(database), OnMessage, CommandFlags.FireAndForget).ConfigureAwait(false);
            }
            catch (Exception)
            {
                // The connection is the application's, and may be gone already.
            }
        }

        _stopped.Dispose();
        _wake.Dispose();
    }

    /// <summary>Takes in one message. Called by the client's threads, several at once and in any order.</summary>
    internal void Receive(ReadOnlySpan<byte> message)
    {
        if (!DropMessage.TryParse(message, out var kind, out var sender, out var content))
        {
            _copies.DropAll();
            return;
        }

        if (kind == DropMessageKind.Probe)
        {
            if (sender == Sender && Volatile.Read(ref _probe) is { } probe && probe.Number == DropMessage.NumberOf(content))
                probe.CameBack();
            return;
        }

        if (sender == Sender)
            return;

        Interlocked.Increment(ref _received);
        if (kind == DropMessageKind.All)
        {
            _copies.DropAll();
        }
        else if (_keys.TryParse(content, out var partition, out var key))
        {
            _copies.Drop(partition, key);
        }
    }

    private void OnMessage(RedisChannel channel, RedisValue message)
    {
        try
        {
            Receive(((ReadOnlyMemory<byte>)message).Span);
        }
        catch (Exception)
        {
            // Whatever it said was not done, so nothing that is held can be trusted.
            _status.Interrupt();
            Wake();
        }
    }

    private async Task RunAsync()
    {
        while (!_stopped.IsCancellationRequested)
        {
            var isConfirmed = false;
            try
            {
                isConfirmed = await ProbeAsync().ConfigureAwait(false);
                if (isConfirmed)
                    await SendUnsentAsync().ConfigureAwait(false);
            }
            catch (Exception)
            {
                // What fails here fails again in a moment, or it does not; either way the state says so.
                _status.SetSilent(isSilent: true);
            }

            try
            {
                await _wake.WaitAsync(isConfirmed ? ProbeEvery : ProbeEveryWhenUnconfirmed, _stopped.Token).ConfigureAwait(false);
            }
            catch (OperationCanceledException)
            {
                return;
            }
        }
    }

    private async Task<bool> ProbeAsync()
    {
        var database = await _connection.GetDatabaseAsync().ConfigureAwait(false);
        await SubscribeAsync(database).ConfigureAwait(false);

        var interruptions = _status.Interruptions;
        var probe = new Probe(++_probes);
        Volatile.Write(ref _probe, probe);
        await PublishAsync(DropMessage.OfProbe(Sender, probe.Number)).ConfigureAwait(false);
        _status.SetSilent(isSilent: false);
        try
        {
            await probe.Returned.WaitAsync(ProbeTimeout, TimeProvider.System, _stopped.Token).ConfigureAwait(false);
        }
        catch (TimeoutException)
        {
            _status.Interrupt();
            if (++_missedProbes >= MostMissedProbes)
                await SubscribeAnewAsync(database).ConfigureAwait(false);
            return false;
        }

        _missedProbes = 0;
        if (_status.Confirm(interruptions, _copies.Outdate))
            _copies.DropAll();
        return _status.State == TierState.Connected;
    }

    private async Task SubscribeAsync(IDatabase database)
    {
        if (_subscriber is not null)
            return;
        var subscriber = database.Multiplexer.GetSubscriber();
        await subscriber.SubscribeAsync(ChannelOf(database), OnMessage).ConfigureAwait(false);
        _subscriber = subscriber;
    }

    private async Task SubscribeAnewAsync(IDatabase database)
    {
        _missedProbes = 0;
        if (_subscriber is not { } subscriber)
            return;
        _subscriber = null;
        await subscriber.UnsubscribeAsync(ChannelOf(database), OnMessage).ConfigureAwait(false);
    }

    private async Task SendUnsentAsync()
    {
        var (isAll, names) = _unsent.TakeAll();
        var sent = 0;
        try
        {
            if (isAll)
                await PublishAsync(DropMessage.OfAll(Sender)).ConfigureAwait(false);
            isAll = false;
            for (; sent < names.Length; sent++)
                await PublishAsync(DropMessage.OfKey(Sender, names[sent])).ConfigureAwait(false);
        }
        catch (RedisTierException)
        {
            if (isAll)
                _unsent.AddAll();
            foreach (var name in names.AsSpan(sent))
                _unsent.Add(name);
            throw;
        }
    }

    private Task<long> PublishAsync(byte[] message) => _operations.RunPastGateAsync(
        OperationKind.Publish,
        default,
        static (database, call) => database.PublishAsync(call.Channel.ChannelOf(database), call.Message),
        (Channel: this, Message: message));

    private sealed class Probe(long number)
    {
        private readonly TaskCompletionSource _returned = new(TaskCreationOptions.RunContinuationsAsynchronously);

        internal long Number => number;

        internal Task Returned => _returned.Task;

        internal void CameBack() => _returned.TrySetResult();
    }
}
