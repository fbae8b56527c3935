using System.Runtime.CompilerServices;

namespace BoundedCache.Redis.Tests;

internal static class Eventually
{
    private static readonly TimeSpan _patience = TimeSpan.FromSeconds(30);

    /// <summary>Waits for what other threads are to bring about; fails when it takes so long that it won't come.</summary>
    public static Task IsTrueAsync(
        Func<bool> condition, CancellationToken cancellationToken, [CallerArgumentExpression(nameof(condition))] string what = "") =>
        IsTrueAsync(() => Task.FromResult(condition()), cancellationToken, what);

    /// <inheritdoc cref="IsTrueAsync(Func{bool}, CancellationToken, string)"/>
    public static async Task IsTrueAsync(
        Func<Task<bool>> condition, CancellationToken cancellationToken, [CallerArgumentExpression(nameof(condition))] string what = "")
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(_patience);
        while (!await condition())
        {
            Assert.False(limit.IsCancellationRequested, $"Never came about: {what}");
            await Task.Delay(2, cancellationToken);
        }
    }
}
