namespace BoundedCache.Redis.Tests;

/// <summary>Coherence without Redis: what a copy needs to be served, and what takes that from it.</summary>
public sealed class CopyVersionsTests
{
    private const int Key = 42;
    private const int Other = 43;

    private readonly CopyVersions _versions = new(maxEntries: 1_000);

    [Fact]
    public void AFillIsKeptWhenNothingHappenedMeanwhile()
    {
        var ticket = _versions.Current(Key);

        Assert.True(_versions.IsCurrent(Key, ticket));
    }

    [Fact]
    public void AMessageOutdatesTheFillThatBeganBeforeIt()
    {
        var ticket = _versions.Current(Key);

        _versions.Advance(Key);

        Assert.False(_versions.IsCurrent(Key, ticket));
    }

    [Fact]
    public void AMessageOutdatesNothingOfAnotherKey()
    {
        var ticket = _versions.Current(Other);

        _versions.Advance(Key);

        Assert.True(_versions.IsCurrent(Other, ticket));
    }

    [Fact]
    public void AWriteAloneIsKept()
    {
        var write = _versions.BeginWrite(Key);

        Assert.True(_versions.TryEndWrite(Key, write, out var ended));
        Assert.True(_versions.IsCurrent(Key, ended));
    }

    [Fact]
    public void AWriteOutdatesWhatWasHeldFromItsBeginningOn()
    {
        var held = _versions.Current(Key);

        _versions.BeginWrite(Key);

        Assert.False(_versions.IsCurrent(Key, held));
    }

    [Fact]
    public void AFillThatBeganDuringAWriteIsOutdatedByItsEnd()
    {
        var write = _versions.BeginWrite(Key);
        var fill = _versions.Current(Key);

        _versions.TryEndWrite(Key, write, out _);

        Assert.False(_versions.IsCurrent(Key, fill));
    }

    [Fact]
    public void AWriteThatAMessageCameIntoIsNotKept()
    {
        var write = _versions.BeginWrite(Key);

        _versions.Advance(Key);

        Assert.False(_versions.TryEndWrite(Key, write, out var ended));
        Assert.False(_versions.IsCurrent(Key, ended));
    }

    [Fact]
    public void AWriteThatEverythingWasOutdatedInIsNotKept()
    {
        var write = _versions.BeginWrite(Key);

        _versions.AdvanceAll();

        Assert.False(_versions.TryEndWrite(Key, write, out var ended));
        Assert.False(_versions.IsCurrent(Key, ended));
    }

    [Fact]
    public void OfTwoWritesThatOverlapNeitherIsKept()
    {
        var first = _versions.BeginWrite(Key);
        var second = _versions.BeginWrite(Key);

        Assert.False(_versions.TryEndWrite(Key, first, out _));
        Assert.False(_versions.TryEndWrite(Key, second, out _));
    }

    [Fact]
    public void AWriteThatAnotherOneEndedInIsNotKept()
    {
        var first = _versions.BeginWrite(Key);
        var second = _versions.BeginWrite(Key);
        _versions.TryEndWrite(Key, second, out _);

        Assert.False(_versions.TryEndWrite(Key, first, out _));
    }

    [Fact]
    public void AFillThatBeganDuringAWriteThatFailedIsNotCurrentInTheNextOne()
    {
        var failed = _versions.BeginWrite(Key);
        var fill = _versions.Current(Key);
        _versions.Advance(Key);

        _versions.BeginWrite(Key);

        Assert.NotEqual(failed, _versions.Current(Key));
        Assert.False(_versions.IsCurrent(Key, fill));
    }

    [Fact]
    public void AdvancingAllOutdatesEveryKey()
    {
        var tickets = Enumerable.Range(0, 10_000).Select(_versions.Current).ToArray();

        _versions.AdvanceAll();

        Assert.DoesNotContain(true, tickets.Select((ticket, key) => _versions.IsCurrent(key, ticket)));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(10_000)]
    [InlineData(int.MaxValue)]
    public void MemoryIsBoundedWhateverTheLimits(int maxEntries) =>
        Assert.InRange(new CopyVersions(maxEntries).Count, 1_024, 16_384);
}
