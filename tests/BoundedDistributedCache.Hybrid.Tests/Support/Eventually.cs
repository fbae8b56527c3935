using System.Runtime.CompilerServices;

namespace BoundedCache.Hybrid.Tests.Support;

internal static class Eventually
{
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(30);

    /// <summary>
    /// Waits for what HybridCache does behind its caller's back; fails when it takes so long that it won't come.
    /// </summary>
    public static async Task IsTrueAsync(Func<bool> condition, [CallerArgumentExpression(nameof(condition))] string what = "")
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        limit.CancelAfter(s_patience);
        while (!condition())
        {
            Assert.False(limit.IsCancellationRequested, $"Never came about: {what}");
            await Task.Yield();
        }
    }
}
