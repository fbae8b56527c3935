namespace BoundedCache.Redis;

/// <summary>
/// One read that goes to Redis, for all callers that ask for its key meanwhile. When none of them waits any more, it gives
/// up its turn.
/// </summary>
/// <param name="ticket">The version of the key before it began.</param>
/// <param name="canBeAbandoned">Whether whoever starts it may leave. Otherwise somebody waits to its end.</param>
internal sealed class Fetch(CopyTicket ticket, bool canBeAbandoned) : IDisposable
{
    private readonly TaskCompletionSource<byte[]?> _result = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly CancellationTokenSource? _abandoned = canBeAbandoned ? new() : null;
    private int _callers = 1;

    internal CopyTicket Ticket => ticket;

    /// <summary>Cancelled when nobody waits any more.</summary>
    internal CancellationToken Abandoned => _abandoned?.Token ?? CancellationToken.None;

    /// <returns>Whether it goes on for this caller too; one that has failed does not.</returns>
    internal bool TryJoin()
    {
        if (_result.Task.IsFaulted)
            return false;
        for (var callers = Volatile.Read(ref _callers); callers > 0;)
        {
            var seen = Interlocked.CompareExchange(ref _callers, callers + 1, callers);
            if (seen == callers)
                return true;
            callers = seen;
        }

        return false;
    }

    /// <summary>What it comes to. A caller who can't leave waits to the end, so that it is never abandoned.</summary>
    internal Task<byte[]?> WaitAsync(CancellationToken token) => token.CanBeCanceled ? WaitOrLeaveAsync(token) : _result.Task;

    internal void Complete(byte[]? value) => _result.TrySetResult(value);

    internal void Fail(Exception exception)
    {
        _result.TrySetException(exception);
        _ = _result.Task.Exception; // whoever waited has seen it; there may be nobody
    }

    /// <summary>By whoever runs it, at its end.</summary>
    public void Dispose() => _abandoned?.Dispose();

    private async Task<byte[]?> WaitOrLeaveAsync(CancellationToken token)
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

    private void Abandon()
    {
        try
        {
            _abandoned?.Cancel();
        }
        catch (ObjectDisposedException)
        {
            // It has just come to its end.
        }
    }
}
