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
/// <see cref="RedisTierException"/>, which says whether that was the case.
/// </remarks>
internal sealed class RedisOperations
{
    private static readonly TimeSpan Sampling = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan Break = TimeSpan.FromSeconds(1);
    private const double FailureRatio = 0.5;
    private const int MinimumThroughput = 5;

    private readonly RedisConnection _connection;
    private readonly ResiliencePipeline _breaker;

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
    internal async Task<TResult> RunAsync<TState, TResult>(OperationKind kind, RedisKey name, Func<IDatabase, TState, Task<TResult>> send, TState state, CancellationToken token)
    {
        try
        {
            await Gate.EnterAsync(token).ConfigureAwait(false);
        }
        catch (RedisTierException busy)
        {
            Counters.Count(kind, busy.Failure);
            throw;
        }

        try
        {
            return await RunPastGateAsync(kind, name, send, state).ConfigureAwait(false);
        }
        finally
        {
            Gate.Leave();
        }
    }

    /// <summary>The same without waiting for a turn, for what keeps the whole coherent and is little.</summary>
    internal async Task<TResult> RunPastGateAsync<TState, TResult>(OperationKind kind, RedisKey name, Func<IDatabase, TState, Task<TResult>> send, TState state)
    {
        try
        {
            var result = await _breaker.ExecuteAsync(
                static async (call, _) =>
                {
                    var database = await ConnectAsync(call.Connection, call.Name).ConfigureAwait(false);
                    return await call.Send(database, call.State).ConfigureAwait(false);
                },
                new Call<TState, TResult>(_connection, name, send, state)).ConfigureAwait(false);
            Counters.Count(kind, failure: null);
            return result;
        }
        catch (Exception exception)
        {
            var failure = RedisFailure.Translate(exception);
            Counters.Count(kind, failure.Failure);
            throw failure;
        }
    }

    /// <exception cref="NotConnectedException">There is none to a primary, for whatever reason.</exception>
    private static async ValueTask<IDatabase> ConnectAsync(RedisConnection connection, RedisKey name)
    {
        try
        {
            var database = await connection.GetDatabaseAsync().ConfigureAwait(false);
            if (database.IsConnected(name, CommandFlags.DemandMaster))
                return database;
        }
        catch (Exception)
        {
            // Nothing was sent, so it does not matter what it was.
        }

        throw new NotConnectedException();
    }

    private readonly record struct Call<TState, TResult>(RedisConnection Connection, RedisKey Name, Func<IDatabase, TState, Task<TResult>> Send, TState State);
}
