namespace BoundedCache.Redis.Tests.Coherence;

/// <summary>The checker finds what it is there to find.</summary>
public sealed class HistoryTests
{
    private static readonly TimeSpan Promised = TimeSpan.FromSeconds(1);

    private readonly History _history = new();

    private static long Second => System.Diagnostics.Stopwatch.Frequency;

    [Fact]
    public void AFreshReadIsNoViolation()
    {
        _history.Wrote("k", "1", node: 0, 0, 1);
        _history.DidRead("k", "1", node: 1, 2, 3);

        Assert.Empty(_history.Violations(Promised));
    }

    [Fact]
    public void AReadOlderThanPromisedIsOne()
    {
        _history.Wrote("k", "1", node: 0, 0, 1);
        _history.Wrote("k", "2", node: 0, 2, 3);
        _history.DidRead("k", "1", node: 1, 4 + (2 * Second), 5 + (2 * Second));

        Assert.Single(_history.Violations(Promised));
    }

    [Fact]
    public void AnOwnWriteThatIsNotSeenIsOneAtOnce()
    {
        _history.Wrote("k", "1", node: 0, 0, 1);
        _history.Wrote("k", "2", node: 1, 2, 3);
        _history.DidRead("k", "1", node: 1, 4, 5);

        Assert.Single(_history.Violations(Promised));
    }

    [Fact]
    public void AMissAfterAnOwnWriteIsOne()
    {
        _history.Wrote("k", "1", node: 1, 0, 1);
        _history.DidRead("k", null, node: 1, 4, 5);

        Assert.Single(_history.Violations(Promised));
    }

    [Fact]
    public void OfWritesThatOverlapEitherMayBeLast()
    {
        _history.Wrote("k", "1", node: 0, 0, 10);
        _history.Wrote("k", "2", node: 1, 5, 8);
        _history.DidRead("k", "1", node: 1, 20, 21);
        _history.DidRead("k", "2", node: 0, 20, 21);

        Assert.Empty(_history.Violations(Promised));
    }
}
