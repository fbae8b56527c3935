using BoundedCache.Expiration;
using BoundedCache.Storage;
using Microsoft.Extensions.Options;

namespace BoundedCache.Redis.Tests;

/// <summary>Coherence without Redis: which copies are found, under a real near tier.</summary>
public sealed class NearCopiesTests : IDisposable
{
    private static readonly TimeSpan MaxStaleness = TimeSpan.FromSeconds(30);

    private readonly BoundedDistributedCache _near = new(Options.Create(new BoundedDistributedCacheOptions()));
    private readonly TierStatus _status = new(MaxStaleness, MaxStaleness, (_, _) => { });
    private readonly NearCopies _copies;

    public NearCopiesTests()
    {
        _copies = new NearCopies(_near, _status, MaxStaleness);
        _status.Confirm(_status.Interruptions, _copies.Outdate);
    }

    public void Dispose() => _near.Dispose();

    [Fact]
    public void AFillThatNothingHappenedDuringIsFound()
    {
        Assert.True(Fill("value", _copies.BeginFill(Partition.Host, "key")));

        Assert.Equal("value", Find());
    }

    [Fact]
    public void WhatIsPutThereByAnybodyElseIsNotFound()
    {
        _near.Set("key", Text.Bytes("value"), new());

        Assert.Null(Find());
    }

    [Fact]
    public void ACopyThatNobodyConfirmedIsNotFound()
    {
        var now = _near.Clock.Read();

        _near.KeepCopy(Partition.Host, "key", Text.Bytes("value"), Deadlines.Never with { Absolute = now.Utc + TimeSpan.TicksPerHour }, new CopyNote(_copies.Versions.Generation, tag: null), extraCharge: 0, now);

        Assert.Equal(1, _near.Count);
        Assert.Null(Find());
    }

    [Fact]
    public void AMessageTakesTheCopyOut()
    {
        Fill("value", _copies.BeginFill(Partition.Host, "key"));

        _copies.Drop(Partition.Host, "key");

        Assert.Equal(0, _near.Count);
    }

    [Fact]
    public void AMessageLeavesTheCopiesOfOtherKeys()
    {
        Fill("value", _copies.BeginFill(Partition.Host, "key"));

        for (var i = 0; i < 100_000; i++)
            _copies.Drop(Partition.Host, $"other{i}");

        Assert.Equal("value", Find());
    }

    [Fact]
    public void OutdatingHidesEveryCopyAtOnce()
    {
        Fill("value", _copies.BeginFill(Partition.Host, "key"));

        _copies.Outdate();

        Assert.Equal(1, _near.Count);
        Assert.Null(Find());
    }

    [Fact]
    public void WhatWasThereIsServedUntilAWriteEnds()
    {
        Fill("old", _copies.BeginFill(Partition.Host, "key"));

        var ticket = _copies.BeginWrite(Partition.Host, "key");
        Assert.Equal("old", Find());
        EndWrite("new", ticket);

        Assert.Equal("new", Find());
    }

    [Fact]
    public void WhereTwoWritesOverlapNothingIsServedAfterEither()
    {
        Fill("old", _copies.BeginFill(Partition.Host, "key"));

        var first = _copies.BeginWrite(Partition.Host, "key");
        var second = _copies.BeginWrite(Partition.Host, "key");
        EndWrite("first", first);
        Assert.Null(Find());
        EndWrite("second", second);

        Assert.Null(Find());
    }

    [Fact]
    public void ARemovalLeavesNothing()
    {
        Fill("value", _copies.BeginFill(Partition.Host, "key"));

        EndWrite(value: null, _copies.BeginWrite(Partition.Host, "key"));

        Assert.Equal(0, _near.Count);
    }

    [Fact]
    public void WhereNothingMayBeKeptAWriteLeavesNothing()
    {
        Fill("old", _copies.BeginFill(Partition.Host, "key"));
        var ticket = _copies.BeginWrite(Partition.Host, "key");
        _status.Interrupt();

        EndWrite("new", ticket);

        Assert.Equal(0, _near.Count);
    }

    [Fact]
    public async Task UnderAnyInterleavingNoReadIsOlderThanTheLastChange()
    {
        // A register in the place of Redis. A writer changes it, and then either tells of it, as a message does, or ends its
        // write; a read that begins after that must not find what was there before.
        var token = TestContext.Current.CancellationToken;
        var truth = 0L;
        var isWrong = false;
        var found = 0L;
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(token);
        stop.CancelAfter(TimeSpan.FromSeconds(2));

        var fillers = Enumerable.Range(0, 2).Select(_ => Task.Run(() =>
        {
            while (!stop.IsCancellationRequested)
            {
                var ticket = _copies.BeginFill(Partition.Host, "key");
                Fill($"{Interlocked.Read(ref truth)}", ticket);
            }
        }, token));
        var writer = Task.Run(() =>
        {
            for (var i = 1L; !stop.IsCancellationRequested; i++)
            {
                if (i % 3 == 0)
                {
                    var ticket = _copies.BeginWrite(Partition.Host, "key");
                    Interlocked.Exchange(ref truth, i);
                    EndWrite($"{i}", ticket);
                }
                else
                {
                    Interlocked.Exchange(ref truth, i);
                    if (i % 3 == 1)
                        _copies.Drop(Partition.Host, "key");
                    else
                        _copies.Outdate();
                }

                for (var reads = 0; reads < 20; reads++)
                {
                    var value = Find();
                    found += value is null ? 0 : 1;
                    isWrong |= value is not null && value != $"{i}";
                }
            }
        }, token);
        await Task.WhenAll([.. fillers, writer]);

        Assert.False(isWrong);
        Assert.True(found > 1_000, $"{found} were found");
    }

    private string? Find() => Text.Of(_copies.Find(Partition.Host, "key", _status.ServableAge)?.Value);

    private bool Fill(string value, CopyTicket ticket) =>
        _copies.TryKeep(Partition.Host, "key", Text.Bytes(value), Deadlines.Never, use: null, ticket, _near.Clock.Read());

    private void EndWrite(string? value, CopyTicket ticket) =>
        _copies.EndWrite(Partition.Host, "key", value is null ? null : Text.Bytes(value), Deadlines.Never, use: null, ticket, _near.Clock.Read());
}
