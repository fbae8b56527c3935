namespace BoundedCache.Redis;

/// <summary>
/// One read that goes to Redis, for all callers that ask for its key meanwhile. When none of them waits any more, it gives
/// up its turn.
/// </summary>
/// <param name="ticket">The version of the key before it began.</param>
/// <param name="abandoned">Cancelled when nobody waits any more; belongs to whoever runs the fetch.</param>
internal sealed class Fetch(CopyTicket ticket, CancellationTokenSource abandoned)
{
    private readonly TaskCompletionSource<byte[]?> _result = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private int _callers = 1;

    internal CopyTicket Ticket => ticket;

    internal Task<byte[]?> Result => _result.Task;

    /// <returns>Whether it goes on for this caller too.</returns>
    internal bool TryJoin()
    {
        for (var callers = Volatile.Read(ref _callers); callers > 0;)
        {
            var seen = Interlocked.CompareExchange(ref _callers, callers + 1, callers);
            if (seen == callers)
                return true;
            callers = seen;
        }

        return false;
    }

    internal async Task<byte[]?> WaitAsync(CancellationToken token)
    {
        try
        {
            return await _result.Task.WaitAsync(token).ConfigureAwait(false);
        }
        finally
        {
            if (Interlocked.Decrement(ref _callers) == 0 && !_result.Task.IsCompleted)
                Abandon();
        }
    }

    internal void Complete(byte[]? value) => _result.TrySetResult(value);

    internal void Fail(Exception exception)
    {
        _result.TrySetException(exception);
        _ = _result.Task.Exception; // whoever waited has seen it; there may be nobody
    }

    private void Abandon()
    {
        try
        {
            abandoned.Cancel();
        }
        catch (ObjectDisposedException)
        {
            // It has just come to its end.
        }
    }
}
