using System.Buffers;
using BoundedCache.Tests.Support;
using Microsoft.Extensions.Caching.Distributed;
using Moq;

namespace BoundedCache.Tests.Semantics;

public sealed class ContractSemanticsTests : SemanticsTests
{
    private static readonly CancellationToken s_cancelled = new(canceled: true);

    [Fact]
    public async Task ACancelledTokenCancelsTheTaskAndNothingIsDone()
    {
        Ours.Set("k", Old, Sliding(10));
        Time.Advance(Seconds(9));
        var before = Ours.GetStatistics();

        foreach (var call in AsyncCalls("k", New, Never, new ArrayBufferWriter<byte>(), s_cancelled))
        {
            var task = call();
            Assert.True(task.IsCanceled);
            var exception = await Assert.ThrowsAnyAsync<OperationCanceledException>(() => task);
            Assert.Equal(s_cancelled, exception.CancellationToken);
        }

        var after = Ours.GetStatistics();
        Assert.Equal((before.Hits, before.Misses, before.Sets, before.Removals), (after.Hits, after.Misses, after.Sets, after.Removals));
        Time.Advance(Seconds(1));
        Assert.Null(Ours.Get("k")); // neither overwritten nor refreshed
    }

    [Fact]
    public async Task TheInMemoryProviderIgnoresACancelledToken()
    {
        await InMemory.SetAsync("k", New, Never, s_cancelled);
        Assert.Equal(New, await InMemory.GetAsync("k", s_cancelled));
        await InMemory.RemoveAsync("k", s_cancelled);
        Assert.Null(InMemory.Get("k"));
    }

    [Fact]
    public void ANullArgumentIsThrownBySynchronousMembers()
    {
        foreach (var cache in Both)
        {
            Assert.Throws<ArgumentNullException>("key", () => cache.Get(null!));
            Assert.Throws<ArgumentNullException>("key", () => cache.Set(null!, New, Never));
            Assert.Throws<ArgumentNullException>("value", () => cache.Set("k", null!, Never));
            Assert.Throws<ArgumentNullException>("options", () => cache.Set("k", New, null!));
            Assert.Throws<ArgumentNullException>("key", () => cache.Refresh(null!));
            Assert.Throws<ArgumentNullException>("key", () => cache.Remove(null!));
        }

        Assert.Throws<ArgumentNullException>("key", () => Ours.TryGet(null!, new ArrayBufferWriter<byte>()));
        Assert.Throws<ArgumentNullException>("destination", () => Ours.TryGet("k", null!));
        Assert.Throws<ArgumentNullException>("key", () => Ours.Set(null!, ReadOnlySequence<byte>.Empty, Never));
        Assert.Throws<ArgumentNullException>("options", () => Ours.Set("k", ReadOnlySequence<byte>.Empty, null!));
        Assert.Throws<ArgumentNullException>("pattern", () => Ours.RemoveByPattern(null!));
    }

    [Fact]
    public async Task ANullArgumentFaultsTheTaskOfAsynchronousMembers()
    {
        var writer = new ArrayBufferWriter<byte>();
        var (token, sequence) = (CancellationToken.None, ReadOnlySequence<byte>.Empty);
        (string Parameter, Func<Task> Call)[] calls =
        [
            .. AsyncCalls(null!, New, Never, writer, token).Select(call => ("key", call)),
            ("value", () => Ours.SetAsync("k", null!, Never, token)),
            ("options", () => Ours.SetAsync("k", New, null!, token)),
            ("options", () => Ours.SetAsync("k", sequence, null!, token).AsTask()),
            ("destination", () => Ours.TryGetAsync("k", null!, token).AsTask()),
        ];
        foreach (var (parameter, call) in calls)
        {
            var task = call();
            await Assert.ThrowsAsync<ArgumentNullException>(parameter, () => task);
        }

        Assert.Equal(0, Ours.Count);
    }

    [Fact]
    public void TheInMemoryProviderThrowsForANullArgumentAtTheCall()
    {
        Assert.Throws<ArgumentNullException>("key", () => { _ = InMemory.GetAsync(null!, CancellationToken.None); });
        Assert.Throws<ArgumentNullException>("value", () => { _ = InMemory.SetAsync("k", null!, Never, CancellationToken.None); });
    }

    [Fact]
    public async Task ANullKeyIsToldBeforeACancelledToken()
    {
        foreach (var call in AsyncCalls(null!, New, Never, new ArrayBufferWriter<byte>(), s_cancelled))
            await Assert.ThrowsAsync<ArgumentNullException>("key", call);
    }

    [Fact]
    public void RefreshingOrRemovingAMissingKeyDoesNothing()
    {
        foreach (var cache in Both)
        {
            cache.Refresh("missing");
            cache.Remove("missing");
            Assert.Null(cache.Get("missing"));
        }

        Assert.Equal(0, Ours.Count);
        Assert.Equal(0, Ours.GetStatistics().Removals);
    }

    [Fact]
    public void RefreshIsAUseAndNeitherHitNorMiss()
    {
        var cache = MakeOurs(options => options.MaxEntries = 2);
        cache.Set("refreshed", Old, Never);
        cache.Set("idle", Old, Never);

        cache.Refresh("refreshed");
        cache.Refresh("missing");

        Assert.Equal(0, cache.GetStatistics().TotalRequests);
        cache.Set("third", Old, Never);
        Assert.NotNull(cache.Get("refreshed"));
        Assert.Null(cache.Get("idle"));
    }

    [Fact]
    public void FrozenEntryOptionsServeLikeAnyAndAreNotWrittenTo()
    {
        var frozen = FrozenOptions();
        Assert.Throws<InvalidOperationException>(() => frozen.SlidingExpiration = Seconds(1));
        var cache = MakeOurs(options => options.DefaultSlidingExpiration = Seconds(10));

        cache.Set("k", Old, frozen);
        cache.SetString("extension", "v");

        Assert.Equal(Old, cache.Get("k"));
        Assert.Null(frozen.SlidingExpiration);
        Time.Advance(Seconds(10));
        Assert.Null(cache.Get("k"));
        Assert.Null(cache.Get("extension"));
    }

    [Fact]
    public void ChangingEntryOptionsAfterSetChangesNothing()
    {
        var options = Relative(10);
        SetBoth("k", Old, options);

        options.AbsoluteExpirationRelativeToNow = Seconds(1);
        Time.Advance(Seconds(9));

        AssertBoth("k", Old);
    }

    // Each writer sets its keys anew all the time; what it set last before a Clear began and not since must be gone
    // when the Clear has returned, what it set after that must be there.
    [Fact]
    public async Task ClearRemovesWhatWasThereAndNothingThatIsSetAfterwards()
    {
        const int Writers = 4, Keys = 500, Rounds = 20;
        var stop = new CancellationTokenSource();
        var busy = Task.WhenAll(Enumerable.Range(0, 2).Select(_ => Task.Run(() =>
        {
            for (var i = 0; !stop.IsCancellationRequested; i++)
            {
                Ours.Set($"busy:{i % Keys}", New, Never);
                Ours.Get($"busy:{i * 7 % Keys}");
            }
        })));
        try
        {
            for (var round = 0; round < Rounds; round++)
            {
                Set("before", round);

                Ours.Clear();

                Set("after", round);
                Assert.Equal(0, Present("before"));
                Assert.Equal(Writers * Keys, Present("after"));
            }
        }
        finally
        {
            await stop.CancelAsync();
            await busy;
        }

        Integrity.Check(Ours);
        Ours.Clear();
        Assert.Equal((0, 0L), (Ours.Count, Ours.SizeBytes));

        void Set(string prefix, int round) =>
            Parallel.For(0, Writers, writer =>
            {
                for (var i = 0; i < Keys; i++)
                    Ours.Set($"{prefix}:{writer}:{i}", [(byte)round], Never);
            });

        int Present(string prefix) =>
            Enumerable.Range(0, Writers * Keys).Count(i => Ours.Get($"{prefix}:{i / Keys}:{i % Keys}") is not null);
    }

    private static DistributedCacheEntryOptions FrozenOptions()
    {
        DistributedCacheEntryOptions? frozen = null;
        var cache = new Mock<IDistributedCache>();
        cache.Setup(mock => mock.Set(It.IsAny<string>(), It.IsAny<byte[]>(), It.IsAny<DistributedCacheEntryOptions>()))
            .Callback((string _, byte[] _, DistributedCacheEntryOptions options) => frozen = options);
        cache.Object.Set("k", New); // the extension passes the options that all such calls share
        return frozen!;
    }

    private Func<Task>[] AsyncCalls(
        string key, byte[] value, DistributedCacheEntryOptions options, IBufferWriter<byte> writer, CancellationToken token) =>
    [
        () => Ours.GetAsync(key, token),
        () => Ours.TryGetAsync(key, writer, token).AsTask(),
        () => Ours.SetAsync(key, value, options, token),
        () => Ours.SetAsync(key, new ReadOnlySequence<byte>(value), options, token).AsTask(),
        () => Ours.RefreshAsync(key, token),
        () => Ours.RemoveAsync(key, token),
    ];
}
