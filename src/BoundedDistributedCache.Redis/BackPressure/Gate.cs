namespace BoundedCache.Redis;

/// <summary>
/// Lets so many operations wait for Redis at once, and the others wait for their turn: until they are cancelled, or for the
/// longest time that a caller is to wait. Nobody is turned away before.
/// </summary>
internal sealed class Gate(int places, TimeSpan queueTimeout) : IDisposable
{
    private readonly SemaphoreSlim _free = new(places, places);
    private int _waiting;

    internal int Places => places;

    internal int InFlight => places - _free.CurrentCount;

    internal int Waiting => Volatile.Read(ref _waiting);

    /// <summary>Takes a place if one is free.</summary>
    internal bool TryEnter() => _free.Wait(0);

    /// <exception cref="OperationCanceledException">The token was cancelled.</exception>
    /// <exception cref="RedisTierException">No place was free in time.</exception>
    internal ValueTask EnterAsync(CancellationToken token)
    {
        token.ThrowIfCancellationRequested();
        return TryEnter() ? ValueTask.CompletedTask : WaitAsync(token);
    }

    internal void Leave() => _free.Release();

    public void Dispose() => _free.Dispose();

    private async ValueTask WaitAsync(CancellationToken token)
    {
        Interlocked.Increment(ref _waiting);
        try
        {
            if (await _free.WaitAsync(queueTimeout, token).ConfigureAwait(false))
                return;
        }
        finally
        {
            Interlocked.Decrement(ref _waiting);
        }

        throw new RedisTierException(
            RedisTierFailure.Busy,
            $"No place among the {places} operations in flight was free within {queueTimeout}. Nothing was sent, and nothing has changed. "
            + $"Redis is slower than it is asked: look at its load, or raise {nameof(RedisTierOptions)}.{nameof(RedisTierOptions.MaxOperationsInFlight)} or {nameof(RedisTierOptions.QueueTimeout)}.");
    }
}
