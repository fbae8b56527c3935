namespace BoundedCache.Tests.Support;

/// <summary>Bounds waits for what a test expects, so that a test whose expectation is broken fails and does not hang.</summary>
internal static class Deadline
{
    /// <summary>Cancelled with the test, and after half a minute.</summary>
    public static CancellationToken Token
    {
        get
        {
            var source = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
            source.CancelAfter(TimeSpan.FromSeconds(30));
            return source.Token;
        }
    }
}
