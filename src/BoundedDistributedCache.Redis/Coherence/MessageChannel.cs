using StackExchange.Redis;

namespace BoundedCache.Redis;

/// <summary>
/// What nodes tell one another over one channel of Redis: receives, makes sure that it receives, and sends again what may
/// not have been sent.
/// </summary>
/// <remarks>
/// <para>
/// A subscription can be gone without anybody noticing: its connection was killed and made again, or it is half open. So the
/// node sends itself a probe, by way of a primary as messages come, at start, after every interruption, and every few
/// seconds. Messages count as confirmed (<see cref="TierStatus.Confirm"/>) only when a probe came back that was sent after
/// the last interruption, by a server that answers questions too; and at that moment everything that was held is outdated, for
/// messages may have been missed. In a cluster one probe proves the way from one of the primaries only.
/// </para>
/// <para>
/// A node ignores its own messages, whose effect it has had by <see cref="NearCopies"/> already. Redis may do a write of
/// unknown outcome later, and that has had no effect here: so after such a write the node goes by another id, and its own
/// messages from before are those of another. A message that can't be read is taken for "drop everything": it may come from a
/// newer version of this library.
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
    private readonly Action<string> _refused;
    private readonly Guid _prober = Guid.NewGuid();
    private readonly UnsentDrops _unsent = new();
    private readonly SemaphoreSlim _wake = new(0);
    private readonly CancellationTokenSource _stopped = new();
    private readonly Lock _startLock = new();
    private Task? _loop;
    private ChannelName? _name;
    private ChannelMessageQueue? _subscription;
    private Probe? _probe;
    private long _probes;
    private int _missedProbes;
    private long _received;
    private Identity _identity = new();
    private string? _refusal;

    /// <param name="connection">The connection.</param>
    /// <param name="operations">The way to Redis.</param>
    /// <param name="status">Told of what is found.</param>
    /// <param name="copies">What messages are about.</param>
    /// <param name="keys">How keys are named.</param>
    /// <param name="refused">Told why Redis does not let the node use the channel.</param>
    internal MessageChannel(RedisConnection connection, RedisOperations operations, TierStatus status, NearCopies copies, KeySpace keys, Action<string> refused)
    {
        _connection = connection;
        _operations = operations;
        _status = status;
        _copies = copies;
        _keys = keys;
        _refused = refused;
    }

    /// <summary>What this node's messages of one key begin with, from now on.</summary>
    internal byte[] KeyHeader => Volatile.Read(ref _identity).KeyHeader;

    private Guid Sender => Volatile.Read(ref _identity).Sender;

    internal long Received => Interlocked.Read(ref _received);

    internal int Unsent => _unsent.Count;

    /// <summary>
    /// Publish and subscribe know no databases, so the channel names its own. Probes are sent to it as the server knows it, as
    /// messages are: so they tell whether the subscription listens there.
    /// </summary>
    internal ChannelName NameOf(IDatabase database)
    {
        if (Volatile.Read(ref _name) is { } known)
            return known;
        var channel = RedisChannel.Literal($"bounded-cache:{database.Database}:{_keys.InstanceName}");
        var name = new ChannelName(channel, [.. _connection.ChannelPrefixOf(database), .. (byte[])channel!]);
        Volatile.Write(ref _name, name);
        return name;
    }

    /// <summary>Begins, once; called by whoever uses the tier first.</summary>
    internal void Start()
    {
        if (Volatile.Read(ref _loop) is not null)
            return;
        lock (_startLock)
        {
            // Nothing of whoever comes first may reach into the loop.
            using (ExecutionContext.SuppressFlow())
                _loop ??= Task.Run(RunAsync);
        }
    }

    /// <summary>Has the loop look at once.</summary>
    internal void Wake()
    {
        try
        {
            if (_wake.CurrentCount == 0)
                _wake.Release();
        }
        catch (ObjectDisposedException)
        {
            // The loop has ended.
        }
    }

    /// <summary>
    /// A write may or may not have been done, or may be done yet: has the others told of it once that is possible, and takes
    /// its own message, should it come, for another's. To be called before the copy is dropped.
    /// </summary>
    internal void SendLater(string name)
    {
        Volatile.Write(ref _identity, new Identity());
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
        if (_subscription is { } subscription)
            await ForgetAsync(() => subscription.UnsubscribeAsync(CommandFlags.FireAndForget)).ConfigureAwait(false);

        _stopped.Dispose();
        _wake.Dispose();
    }

    /// <summary>Takes in one message. Called for one after the other.</summary>
    internal void Receive(ReadOnlySpan<byte> message)
    {
        if (!DropMessage.TryParse(message, out var kind, out var sender, out var content))
        {
            _copies.DropAll();
            return;
        }

        if (kind == DropMessageKind.Probe)
        {
            if (sender == _prober && Volatile.Read(ref _probe) is { } probe && probe.Number == DropMessage.NumberOf(content))
                probe.CameBack();
            return;
        }

        if (sender == Sender)
            return;

        Interlocked.Increment(ref _received);
        if (kind == DropMessageKind.Key && _keys.TryParse(content, out var partition, out var key))
            _copies.Drop(partition, key);
        else
            _copies.DropAll();
    }

    private void OnMessage(ChannelMessage message)
    {
        try
        {
            Receive(((ReadOnlyMemory<byte>)message.Message).Span);
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
        while (true)
        {
            try
            {
                var wait = await LookAsync().ConfigureAwait(false);
                await _wake.WaitAsync(wait, _stopped.Token).ConfigureAwait(false);
            }
            catch (OperationCanceledException) when (_stopped.IsCancellationRequested)
            {
                return;
            }
        }
    }

    /// <returns>After which time to look again.</returns>
    private async Task<TimeSpan> LookAsync()
    {
        try
        {
            var isConfirmed = await ProbeAsync().ConfigureAwait(false);
            _refusal = null;
            return isConfirmed ? ProbeEvery : ProbeEveryWhenUnconfirmed;
        }
        catch (OperationCanceledException) when (_stopped.IsCancellationRequested)
        {
            throw;
        }
        catch (RedisTierException exception) when (exception.Failure == RedisTierFailure.Refused)
        {
            // Redis answers, and lets nobody speak or listen here.
            _status.SetSilent(isSilent: false);
            _status.Interrupt();
            if (_refusal != exception.Message)
                _refused(_refusal = exception.Message);
            return ProbeEvery;
        }
        catch (Exception exception)
        {
            // What fails here fails again in a moment, or it does not; either way the state says so.
            _connection.LearnFailure(exception);
            _status.SetSilent(isSilent: true);
            return ProbeEveryWhenUnconfirmed;
        }
    }

    private async Task<bool> ProbeAsync()
    {
        var database = await _connection.GetDatabaseAsync().AsTask().WaitOrLeaveAsync(_stopped.Token).ConfigureAwait(false);
        var failure = await TrySubscribeAsync(database).ConfigureAwait(false);

        var interruptions = _status.Interruptions;
        var probe = new Probe(++_probes);
        Volatile.Write(ref _probe, probe);
        await AskAsync().ConfigureAwait(false);
        await PublishAsync(DropMessage.OfProbe(_prober, probe.Number)).ConfigureAwait(false);
        _status.SetSilent(isSilent: false);
        await SendUnsentAsync().ConfigureAwait(false);
        if (failure is RedisTierException refusal)
            throw refusal;
        if (failure is not null)
        {
            // Messages have a connection of their own, which may be half open while Redis answers on the other.
            _status.Interrupt();
            return false;
        }

        try
        {
            await probe.Returned.WaitAsync(ProbeTimeout, TimeProvider.System, _stopped.Token).ConfigureAwait(false);
        }
        catch (TimeoutException)
        {
            _status.Interrupt();
            if (++_missedProbes >= MostMissedProbes)
                await ForgetAsync(UnsubscribeAsync).ConfigureAwait(false);
            return false;
        }

        _missedProbes = 0;
        if (_status.Confirm(interruptions, _copies.Outdate))
            _copies.DropAll();
        return _status.State == TierState.Connected;
    }

    /// <returns>
    /// What it failed with, a <see cref="RedisTierException"/> where Redis refused it; <see langword="null"/> where there is a
    /// subscription.
    /// </returns>
    private async Task<Exception?> TrySubscribeAsync(IDatabase database)
    {
        if (_subscription is not null)
            return null;
        var (subscriber, channel) = (database.Multiplexer.GetSubscriber(), NameOf(database).ToClient);
        try
        {
            var subscription = await subscriber.SubscribeAsync(channel).WaitOrLeaveAsync(_stopped.Token).ConfigureAwait(false);
            subscription.OnMessage(OnMessage);
            _subscription = subscription;
            return null;
        }
        catch (Exception exception) when (!_stopped.IsCancellationRequested)
        {
            // The client keeps a queue for what could not be subscribed, and fills it once that is possible.
            await ForgetAsync(() => subscriber.UnsubscribeAsync(channel, flags: CommandFlags.FireAndForget)).ConfigureAwait(false);
            if (exception is RedisServerException && RedisFailure.Translate(exception) is { Failure: RedisTierFailure.Refused } refusal)
                return refusal;
            _connection.LearnFailure(exception);
            return exception;
        }
    }

    private async Task UnsubscribeAsync()
    {
        _missedProbes = 0;
        if (_subscription is not { } subscription)
            return;
        _subscription = null;
        await subscription.UnsubscribeAsync().WaitOrLeaveAsync(_stopped.Token).ConfigureAwait(false);
    }

    // The connection may be the application's, and be gone already.
    private static async Task ForgetAsync(Func<Task> unsubscribe)
    {
        try
        {
            await unsubscribe().ConfigureAwait(false);
        }
        catch (Exception)
        {
        }
    }

    private async Task SendUnsentAsync()
    {
        var (isAll, names) = _unsent.TakeAll();
        var all = isAll ? PublishAsync(DropMessage.OfAll(Sender)) : Task.CompletedTask;
        var each = Array.ConvertAll(names, name => PublishAsync(DropMessage.OfKey(Sender, name)));
        try
        {
            await Task.WhenAll([all, .. each]).ConfigureAwait(false);
        }
        catch (Exception)
        {
            if (!all.IsCompletedSuccessfully)
                _unsent.AddAll();
            for (var i = 0; i < names.Length; i++)
            {
                if (!each[i].IsCompletedSuccessfully)
                    _unsent.Add(names[i]);
            }

            throw;
        }
    }

    // A server that still loads its data passes messages on, and does nothing else yet.
    private Task<TimeSpan?> AskAsync() => _operations.RunPastGateAsync(
        OperationKind.Publish,
        _keys.InstanceName,
        static (database, name) => database.KeyTimeToLiveAsync(name, CommandFlags.DemandMaster),
        _keys.InstanceName).WaitOrLeaveAsync(_stopped.Token);

    // As a command like any other: the client's own way to publish goes where the subscription is, which may be a replica, and
    // from there nothing reaches the others.
    private Task<RedisResult> PublishAsync(byte[] message) => _operations.RunPastGateAsync(
        OperationKind.Publish,
        default,
        static (database, call) => database.ExecuteAsync("PUBLISH", [call.Channel.NameOf(database).ToServer, call.Message], CommandFlags.DemandMaster),
        (Channel: this, Message: message)).WaitOrLeaveAsync(_stopped.Token);

    /// <summary>Who this node is to the others for a time.</summary>
    private sealed class Identity
    {
        internal Identity() => KeyHeader = DropMessage.HeaderOfKey(Sender);

        internal Guid Sender { get; } = Guid.NewGuid();

        internal byte[] KeyHeader { get; }
    }

    private sealed class Probe(long number)
    {
        private readonly TaskCompletionSource _returned = new(TaskCreationOptions.RunContinuationsAsynchronously);

        internal long Number => number;

        internal Task Returned => _returned.Task;

        internal void CameBack() => _returned.TrySetResult();
    }
}
