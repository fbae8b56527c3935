using Polly;
using Polly.CircuitBreaker;
using StackExchange.Redis;

namespace BoundedCache.Redis;

/// <summary>
/// The only way to Redis: through the gate, then through the circuit breaker, and only where there is a connection.
/// </summary>
/// <remarks>
/// Nothing is tried twice here. An operation that gets past the checks is handed to the client at once, so what it does
/// right before it sends (<c>send</c>) happens if and only if it may have been sent. What fails, fails as
/// <see cref="RedisTierException"/>, which says whether that was the case. While the breaker is closed it lets everything
/// through, so an operation does not run inside it then, which costs more than the rest of the way; it is told of the end.
/// </remarks>
internal sealed class RedisOperations
{
    private static readonly TimeSpan Sampling = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan Break = TimeSpan.FromSeconds(1);
    private const double FailureRatio = 0.5;
    private const int MinimumThroughput = 5;

    private readonly RedisConnection _connection;
    private readonly ResiliencePipeline _breaker;
    private readonly CircuitBreakerStateProvider _breakerState = new();

    internal RedisOperations(RedisConnection connection, Gate gate, TierStatus status)
    {
        _connection = connection;
        Gate = gate;
        _breaker = new ResiliencePipelineBuilder()
            .AddCircuitBreaker(new CircuitBreakerStrategyOptions
            {
                FailureRatio = FailureRatio,
                MinimumThroughput = MinimumThroughput,
                SamplingDuration = Sampling,
                BreakDuration = Break,
                StateProvider = _breakerState,
                ShouldHandle = static arguments => new(arguments.Outcome.Exception is { } exception && RedisFailure.IsOutage(exception)),
                OnOpened = _ => Tell(isBroken: true),
                OnClosed = _ => Tell(isBroken: false),
            })
            .Build();

        ValueTask Tell(bool isBroken)
        {
            status.SetBroken(isBroken);
            return ValueTask.CompletedTask;
        }
    }

    internal Gate Gate { get; }

    internal OperationCounters Counters { get; } = new();

    /// <param name="kind">What it is counted as.</param>
    /// <param name="name">The key that decides on the server.</param>
    /// <param name="send">Sends it. Called once at most.</param>
    /// <param name="state">Passed on.</param>
    /// <param name="token">Cancels waiting for a turn, and nothing after that.</param>
    /// <exception cref="RedisTierException">It failed.</exception>
    /// <exception cref="OperationCanceledException">It was cancelled while it waited for its turn; nothing was sent.</exception>
    internal Task<TResult> RunAsync<TState, TResult>(OperationKind kind, RedisKey name, Func<IDatabase, TState, Task<TResult>> send, TState state, CancellationToken token) =>
        RunAsync(kind, name, send, state, waitsForTurn: true, token);

    /// <summary>The same without waiting for a turn, for what keeps the whole coherent and is little.</summary>
    internal Task<TResult> RunPastGateAsync<TState, TResult>(OperationKind kind, RedisKey name, Func<IDatabase, TState, Task<TResult>> send, TState state) =>
        RunAsync(kind, name, send, state, waitsForTurn: false, CancellationToken.None);

    private async Task<TResult> RunAsync<TState, TResult>(OperationKind kind, RedisKey name, Func<IDatabase, TState, Task<TResult>> send, TState state, bool waitsForTurn, CancellationToken token)
    {
        if (waitsForTurn)
            await EnterAsync(kind, token).ConfigureAwait(false);
        var isClosed = _breakerState.CircuitState == CircuitState.Closed;
        try
        {
            var result = isClosed
                ? await SendAsync(name, send, state).ConfigureAwait(false)
                : await _breaker.ExecuteAsync(
                    static async (call, _) => await call.Operations.SendAsync(call.Name, call.Send, call.State).ConfigureAwait(false),
                    (Operations: this, Name: name, Send: send, State: state),
                    CancellationToken.None).ConfigureAwait(false);
            if (isClosed)
                await ReportAsync(exception: null).ConfigureAwait(false);
            Counters.Count(kind, failure: null);
            return result;
        }
        catch (Exception exception)
        {
            if (isClosed)
                await ReportAsync(exception).ConfigureAwait(false);
            var failure = RedisFailure.Translate(exception, _connection.LastFailure);
            Counters.Count(kind, failure.Failure);
            throw failure;
        }
        finally
        {
            if (waitsForTurn)
                Gate.Leave();
        }
    }

    private Task<TResult> SendAsync<TState, TResult>(RedisKey name, Func<IDatabase, TState, Task<TResult>> send, TState state) =>
        _connection.Database is { } database ? Send(database, name, send, state) : ConnectAndSendAsync(name, send, state);

    private async Task<TResult> ConnectAndSendAsync<TState, TResult>(RedisKey name, Func<IDatabase, TState, Task<TResult>> send, TState state)
    {
        IDatabase database;
        try
        {
            database = await _connection.GetDatabaseAsync().ConfigureAwait(false);
        }
        catch (Exception)
        {
            throw new NotConnectedException(); // nothing was sent, so it does not matter what it was
        }

        return await Send(database, name, send, state).ConfigureAwait(false);
    }

    private static Task<TResult> Send<TState, TResult>(IDatabase database, RedisKey name, Func<IDatabase, TState, Task<TResult>> send, TState state) =>
        database.IsConnected(name, CommandFlags.DemandMaster) ? send(database, state) : throw new NotConnectedException();

    // Tells the breaker what became of an operation that it let through unseen. Once it is open, it would take that for the
    // trial by which it closes.
    private async ValueTask ReportAsync(Exception? exception)
    {
        if (_breakerState.CircuitState != CircuitState.Closed)
            return;
        var context = ResilienceContextPool.Shared.Get();
        await _breaker.ExecuteOutcomeAsync<object?, Exception?>(
            static (_, exception) => new(exception is null ? Outcome.FromResult<object?>(null) : Outcome.FromException<object?>(exception)),
            context,
            exception).ConfigureAwait(false);
        ResilienceContextPool.Shared.Return(context);
    }

    private ValueTask EnterAsync(OperationKind kind, CancellationToken token)
    {
        var entering = Gate.EnterAsync(token);
        return entering.IsCompletedSuccessfully ? ValueTask.CompletedTask : CountAsync(entering);

        async ValueTask CountAsync(ValueTask entering)
        {
            try
            {
                await entering.ConfigureAwait(false);
            }
            catch (RedisTierException busy)
            {
                Counters.Count(kind, busy.Failure);
                throw;
            }
        }
    }
}
