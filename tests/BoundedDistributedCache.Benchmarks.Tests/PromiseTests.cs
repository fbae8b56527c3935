using System.Diagnostics;
using BoundedCache.Benchmarks.Measuring;
using BoundedCache.Benchmarks.Tiers;

namespace BoundedCache.Benchmarks.Tests;

/// <summary>Two nodes, and a second for which a read may be out of date.</summary>
public sealed class PromiseTests
{
    private readonly Promise _promise = new(nodes: 2, TimeSpan.FromSeconds(1));

    private static long Second => Stopwatch.Frequency;

    [Fact]
    public void WhatIsCurrentIsNotStale()
    {
        _promise.Wrote(key: 0, value: 1, node: 0, begin: 0, acknowledged: 1);
        _promise.Wrote(key: 1, value: 2, node: 0, begin: 2, acknowledged: 3);

        Assert.Equal(TimeSpan.Zero, _promise.StalenessOf(key: 0, value: 1, node: 0, begin: 10));
        Assert.Equal(TimeSpan.Zero, _promise.StalenessOf(key: 1, value: 2, node: 1, begin: 10));
    }

    [Fact]
    public void StalenessCountsFromTheFirstAcknowledgementOfSomethingNewer()
    {
        _promise.Wrote(key: 0, value: 1, node: 0, begin: 0, acknowledged: 1);
        _promise.Wrote(key: 0, value: 2, node: 0, begin: 2, acknowledged: Second);
        _promise.Wrote(key: 0, value: 3, node: 0, begin: 3, acknowledged: Second / 2);

        Assert.Equal(TimeSpan.FromSeconds(0.75), _promise.StalenessOf(key: 0, value: 1, node: 1, begin: Second / 4 * 5));
        Assert.Equal(TimeSpan.Zero, _promise.StalenessOf(key: 0, value: 1, node: 1, begin: Second / 2));
    }

    [Fact]
    public void WhatIsOlderThanPromisedIsRefused()
    {
        _promise.Wrote(key: 0, value: 1, node: 0, begin: 0, acknowledged: 1);
        _promise.Wrote(key: 0, value: 2, node: 0, begin: 2, acknowledged: 3);

        Assert.Equal(TimeSpan.FromSeconds(1), _promise.StalenessOf(key: 0, value: 1, node: 1, begin: 3 + Second));
        Assert.Contains("out of date", Refused(0, 1, 1, 4 + (2 * Second)), StringComparison.Ordinal);
    }

    [Fact]
    public void AnOwnWriteMustBeSeenAtOnce()
    {
        _promise.Wrote(key: 0, value: 1, node: 0, begin: 0, acknowledged: 1);
        _promise.Wrote(key: 0, value: 2, node: 1, begin: 2, acknowledged: 3);

        Assert.Contains("own node", Refused(0, 1, 1, 4), StringComparison.Ordinal);
    }

    [Fact]
    public void OfWritesThatOverlapEitherMayBeLast()
    {
        _promise.Wrote(key: 0, value: 1, node: 0, begin: 0, acknowledged: 10);
        _promise.Wrote(key: 0, value: 2, node: 1, begin: 5, acknowledged: 8);

        Assert.Equal(TimeSpan.Zero, _promise.StalenessOf(key: 0, value: 1, node: 1, begin: 20));
        Assert.Equal(TimeSpan.Zero, _promise.StalenessOf(key: 0, value: 2, node: 0, begin: 20));
    }

    [Fact]
    public void AWriteThatComesToBeKnownLaterCounts()
    {
        _promise.Wrote(key: 0, value: 1, node: 0, begin: 0, acknowledged: 1);
        _promise.StalenessOf(key: 0, value: 1, node: 0, begin: 2);

        _promise.Wrote(key: 0, value: 2, node: 0, begin: 3, acknowledged: 4);

        Refused(0, 1, 0, 5);
    }

    [Fact]
    public void AMissAndWhatNobodyWroteAreRefused()
    {
        _promise.Wrote(key: 0, value: 1, node: 0, begin: 0, acknowledged: 1);

        Assert.Contains("missed", Refused(0, null, 1, 2), StringComparison.Ordinal);
        Assert.Contains("nobody", Refused(0, 7, 1, 2), StringComparison.Ordinal);
        Assert.Contains("nobody", Refused(1, 1, 1, 2), StringComparison.Ordinal);
    }

    private string Refused(int key, long? value, int node, long begin) =>
        Assert.Throws<RefusedException>(() => _promise.StalenessOf(key, value, node, begin)).Message;
}
