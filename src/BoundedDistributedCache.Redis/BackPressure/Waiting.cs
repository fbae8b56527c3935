namespace BoundedCache.Redis;

/// <summary>Waiting for what goes on when nobody waits any more, and whose failure then is nobody's.</summary>
internal static class Waiting
{
    /// <exception cref="OperationCanceledException">The token was cancelled first.</exception>
    internal static async Task WaitOrLeaveAsync(this Task running, CancellationToken token)
    {
        try
        {
            await running.WaitAsync(token).ConfigureAwait(false);
        }
        catch (OperationCanceledException)
        {
            running.Observe();
            throw;
        }
    }

    /// <inheritdoc cref="WaitOrLeaveAsync(Task, CancellationToken)"/>
    internal static async Task<T> WaitOrLeaveAsync<T>(this Task<T> running, CancellationToken token)
    {
        await WaitOrLeaveAsync((Task)running, token).ConfigureAwait(false);
        return await running.ConfigureAwait(false);
    }

    /// <summary>What it throws counts as seen.</summary>
    internal static void Observe(this Task task) => task.ContinueWith(
        static failed => _ = failed.Exception,
        CancellationToken.None,
        TaskContinuationOptions.OnlyOnFaulted | TaskContinuationOptions.ExecuteSynchronously,
        TaskScheduler.Default);
}
