using System.Buffers;
using BoundedCache.Tests.Support;
using Microsoft.Extensions.Caching.Distributed;

namespace BoundedCache.Tests.Semantics;

public sealed class ValueSemanticsTests : SemanticsTests
{
    [Fact]
    public void AnEmptyValueIsAValue()
    {
        SetBoth("k", [], Never);

        AssertBoth("k", Array.Empty<byte>());
        var writer = new ArrayBufferWriter<byte>();
        Assert.True(Ours.TryGet("k", writer));
        Assert.Equal(0, writer.WrittenCount);
        Assert.Equal((2, 0), (Ours.GetStatistics().Hits, Ours.GetStatistics().Misses));
    }

    [Fact]
    public void TheEmptyKeyIsAKey()
    {
        SetBoth("", Old, Never);
        AssertBoth("", Old);

        Assert.All(Both, cache => cache.Remove(""));

        AssertBoth("", null);
    }

    [Fact]
    public void KeysAreComparedUnitByUnit()
    {
        string[] keys = ["k", "K", "k ", "k\0", "\u00E9", "e\u0301", "\u00AD", "\uD83D", "\uD83E", "\uFFFD", "\u0131", "i", "I"];
        for (var i = 0; i < keys.Length; i++)
            SetBoth(keys[i], [(byte)i], Never);

        for (var i = 0; i < keys.Length; i++)
            AssertBoth(keys[i], [(byte)i]);
        Assert.Equal(keys.Length, Ours.Count);
    }

    [Fact]
    public void KeysOfAMegabyteAreKeptApartAndCharged()
    {
        var key = new string('k', 1 << 20);
        SetBoth(key + "a", Old, Never);
        SetBoth(key + "b", New, Never);

        AssertBoth(key + "a", Old);
        AssertBoth(key + "b", New);
        AssertBoth(key, null);
        Assert.True(Ours.SizeBytes > 2 * sizeof(char) * (1 << 20));
    }

    [Fact]
    public void ArraysAreSharedWithCallers()
    {
        var value = new byte[] { 1 };
        SetBoth("k", value, Never);

        value[0] = 2;

        AssertBoth("k", [2]);
        Assert.All(Both, cache => Assert.Same(value, cache.Get("k")));
    }

    [Fact]
    public async Task IsolatedArraysAreCopiedBothWays()
    {
        var cache = MakeOurs(options => options.IsolateValues = true);
        var value = new byte[] { 1 };
        cache.Set("k", value, Never);

        value[0] = 2;
        cache.Get("k")![0] = 3;
        (await cache.GetAsync("k", TestContext.Current.CancellationToken))![0] = 4;

        Assert.Equal([1], cache.Get("k"));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(5)]
    public async Task ASequenceIsCopiedBeforeSetReturns(int segments)
    {
        var buffer = Enumerable.Range(0, 100).Select(i => (byte)i).ToArray();
        var expected = buffer.ToArray();
        var sequence = Segment.Split(buffer, segments);

        Ours.Set("sync", sequence, Never);
        await Ours.SetAsync("async", sequence, Never, TestContext.Current.CancellationToken);
        Array.Clear(buffer);

        Assert.Equal(expected, Ours.Get("sync"));
        Assert.Equal(expected, Ours.Get("async"));
    }

    [Fact]
    public void AnEmptySequenceIsAnEmptyValue()
    {
        foreach (var sequence in new[] { default, ReadOnlySequence<byte>.Empty, Segment.Split([], 3) })
        {
            Ours.Set("k", Old, Never);

            Ours.Set("k", sequence, Never);

            Assert.Equal(Array.Empty<byte>(), Ours.Get("k"));
        }
    }

    [Fact]
    public void TheInMemoryProviderKnowsNoBuffers() => Assert.False(InMemory is IBufferDistributedCache);

    [Fact]
    public async Task AMissWritesNothing()
    {
        Ours.Set("expired", Old, Relative(1));
        Time.Advance(Seconds(1));
        foreach (var key in new[] { "missing", "expired" })
        {
            var writer = new Writer(quota: 0);

            Assert.False(Ours.TryGet(key, writer));
            Assert.False(await Ours.TryGetAsync(key, writer, TestContext.Current.CancellationToken));

            Assert.False(writer.WasAskedForRoom);
        }
    }

    [Fact]
    public async Task WhatAWriterThrowsReachesTheCallerAndTheEntryStays()
    {
        var value = new byte[100];
        Ours.Set("k", value, Never);

        Assert.Throws<InsufficientMemoryException>(() => Ours.TryGet("k", new Writer(quota: 99)));
        var task = Ours.TryGetAsync("k", new Writer(quota: 99), TestContext.Current.CancellationToken).AsTask();
        await Assert.ThrowsAsync<InsufficientMemoryException>(() => task);

        Assert.Equal(value, Ours.Get("k"));
        Assert.True(Ours.TryGet("k", new Writer(quota: 100)));
        Assert.Equal(1, Ours.Count);
    }

    [Fact]
    public void AWriterMayHandOutRoomInSmallPieces()
    {
        var value = Enumerable.Range(0, 1_000).Select(i => (byte)i).ToArray();
        Ours.Set("k", value, Never);
        var writer = new Writer(quota: 1_000, piece: 7);

        Assert.True(Ours.TryGet("k", writer));

        Assert.Equal(value, writer.Written);
    }

    // From another thread, which would have to wait for a lock that the reading one held.
    [Fact]
    public void AWriterMayUseTheCache()
    {
        Ours.Set("k", Old, Sliding(10));
        var writer = new Writer(quota: 1)
        {
            OnRoom = () => Assert.True(Task.Run(() =>
            {
                Ours.Set("k", New, Never);
                Ours.Remove("k");
                Ours.Clear();
                Ours.RemoveExpired();
            }).Wait(Seconds(60))),
        };

        Assert.True(Ours.TryGet("k", writer));

        Assert.Equal(Old, writer.Written);
        Assert.Null(Ours.Get("k"));
        Integrity.Check(Ours);
    }

    [Fact]
    public void AValueThatCanNeverFitIsNotStoredAndRemovesTheOldOne()
    {
        var (ours, inMemory) = (MakeOurs(options => options.MaxBytes = 10_000), MakeInMemory(options => options.SizeLimit = 10_000));
        foreach (var cache in new[] { ours, inMemory })
        {
            cache.Set("other", Old, Never);
            cache.Set("k", Old, Never);

            cache.Set("k", new byte[10_001], Never);

            Assert.Null(cache.Get("k"));
            Assert.NotNull(cache.Get("other"));
        }

        ours.Set("k", Segment.Split(new byte[10_001], 2), Never);
        Assert.Equal(2, ours.GetStatistics().Rejections);
        Assert.Equal(1, ours.Count);
    }

    [Fact]
    public void WhenFullANewValueIsStoredAndTheLeastRecentlyUsedGoes()
    {
        var (ours, inMemory) = (MakeOurs(options => options.MaxBytes = 10_000), MakeInMemory(options => options.SizeLimit = 10_000));
        foreach (var cache in new[] { ours, inMemory })
        {
            cache.Set("oldest", new byte[4_000], Never);
            cache.Set("old", new byte[4_000], Never);

            cache.Set("new", new byte[4_000], Never);
        }

        Assert.Null(ours.Get("oldest"));
        Assert.NotNull(ours.Get("old"));
        Assert.NotNull(ours.Get("new"));

        Assert.Null(inMemory.Get("new"));
        inMemory.Set("old", new byte[7_000], Never);
        Assert.Null(inMemory.Get("old"));
    }

    private sealed class Segment : ReadOnlySequenceSegment<byte>
    {
        public static ReadOnlySequence<byte> Split(byte[] buffer, int segments)
        {
            var first = new Segment();
            var last = first;
            for (var i = 0; i < segments; i++)
            {
                var (start, end) = (buffer.Length * i / segments, buffer.Length * (i + 1) / segments);
                var next = new Segment { Memory = buffer.AsMemory(start..end), RunningIndex = start };
                last.Next = next;
                last = next;
            }
            return new(first, 0, last, last.Memory.Length);
        }
    }

    /// <summary>Throws where more is written than its quota, like the pooled writers of caches on top.</summary>
    private sealed class Writer(int quota, int piece = int.MaxValue) : IBufferWriter<byte>
    {
        private readonly byte[] _room = new byte[quota + 1];
        private int _written;

        public bool WasAskedForRoom { get; private set; }

        public Action? OnRoom { get; init; }

        public byte[] Written => _room[.._written];

        public void Advance(int count)
        {
            if (_written + count > quota)
                throw new InsufficientMemoryException();
            _written += count;
        }

        public Memory<byte> GetMemory(int sizeHint = 0)
        {
            WasAskedForRoom = true;
            OnRoom?.Invoke();
            var rest = _room.AsMemory(_written);
            return rest.Length < sizeHint ? throw new InsufficientMemoryException() : rest[..Math.Min(rest.Length, Math.Max(piece, sizeHint))];
        }

        public Span<byte> GetSpan(int sizeHint = 0) => GetMemory(sizeHint).Span;
    }
}
