using System.Buffers;
using BoundedCache.Tests.Support;

namespace BoundedCache.Tests.Faults;

/// <summary>
/// A buffer writer may throw anywhere, hand out too little, stand still, or use the cache that writes to it: what it is
/// given is the value as it was when it was found.
/// </summary>
public sealed class BufferWriterTests
{
    private static readonly byte[] s_value = [.. Enumerable.Range(0, 1_000).Select(i => (byte)i)];

    public static TheoryData<string, int> Failures => new()
    {
        { "room", 1 }, { "room", 2 }, { "room", 10 },
        { "advance", 1 }, { "advance", 2 }, { "advance", 10 },
        { "nothing", 1 }, { "nothing", 2 }, { "nothing", 10 },
    };

    /// <summary>"Nothing" is room of no length: whoever went on asking would never end.</summary>
    [Theory]
    [MemberData(nameof(Failures))]
    public async Task WhatOneThrowsReachesTheCallerAndNobodyElse(string where, int call)
    {
        using BoundedDistributedCache cache = Uses.MakeCache();
        BoundedCachePartition tenant = cache.ForTenant("acme");
        cache.Set("key", s_value, TestCache.Sliding(TimeSpan.FromHours(1)));
        tenant.Set("key", s_value, TestCache.NoExpiry);
        Type expected = where == "nothing" ? typeof(ArgumentOutOfRangeException) : typeof(InvalidOperationException);

        Assert.Throws(expected, () => cache.TryGet("key", new FailingWriter(where, call)));
        Assert.Throws(expected, () => tenant.TryGet("key", new FailingWriter(where, call)));
        Task<bool> task = cache.TryGetAsync("key", new FailingWriter(where, call), TestContext.Current.CancellationToken).AsTask();
        await Assert.ThrowsAsync(expected, () => task);

        ArrayBufferWriter<byte> writer = new();
        Assert.True(cache.TryGet("key", writer));
        Assert.Equal(s_value, writer.WrittenSpan);
        Assert.Equal((4, 0), (cache.GetStatistics().Hits, cache.GetStatistics().Misses));
        Assert.Equal(2, cache.Count);
        Uses.AssertSound(cache);
    }

    [Fact]
    public void WhileOneStandsStillOthersGoOn()
    {
        using Stall stall = new();
        using BoundedDistributedCache cache = Uses.MakeCache();
        cache.Set("key", s_value, TestCache.Sliding(TimeSpan.FromHours(1)));
        WatchedWriter writer = new(stall.Here);

        stall.During(() => Assert.True(cache.TryGet("key", writer)), () => Uses.MakeAll(cache));

        Assert.Equal(s_value, writer.Written);
        Uses.AssertSound(cache);
    }

    [Theory]
    [MemberData(nameof(Uses.All), MemberType = typeof(Uses))]
    public void OneMayUseTheCache(string use)
    {
        BoundedDistributedCache cache = Uses.MakeCache();
        cache.Set("key", s_value, TestCache.Sliding(TimeSpan.FromHours(1)));
        WatchedWriter writer = new(() => Uses.Make(use, cache));

        Assert.True(cache.TryGet("key", writer));

        Assert.Equal(s_value, writer.Written);
        Uses.AssertSound(cache);
    }

    [Fact]
    public void OneMayReadTheSameKeyIntoAnother()
    {
        using BoundedDistributedCache cache = Uses.MakeCache();
        cache.Set("key", s_value, TestCache.Sliding(TimeSpan.FromHours(1)));
        ArrayBufferWriter<byte> inner = new();
        WatchedWriter outer = new(() => cache.TryGet("key", inner));

        Assert.True(cache.TryGet("key", outer));

        Assert.Equal(s_value, outer.Written);
        Assert.NotEqual(0, inner.WrittenCount);
        Assert.Equal(0, inner.WrittenCount % s_value.Length);
        Uses.AssertSound(cache);
    }

    /// <summary>Hands out room for a hundred bytes at a time, and fails from the call of that number on.</summary>
    private sealed class FailingWriter(string where, int call) : IBufferWriter<byte>
    {
        private readonly byte[] _room = new byte[100];
        private int _roomsAskedFor;
        private int _advances;

        public void Advance(int count)
        {
            if (where == "advance" && ++_advances >= call)
            {
                throw new InvalidOperationException();
            }
        }

        public Memory<byte> GetMemory(int sizeHint = 0) => ++_roomsAskedFor < call || where == "advance"
            ? _room
            : where == "room" ? throw new InvalidOperationException() : Memory<byte>.Empty;

        public Span<byte> GetSpan(int sizeHint = 0) => GetMemory(sizeHint).Span;
    }

    /// <summary>Does something at each of its members' calls, and hands out small pieces, so that those are many.</summary>
    private sealed class WatchedWriter(Action onCall) : IBufferWriter<byte>
    {
        private readonly byte[] _room = new byte[s_value.Length];
        private int _written;

        public byte[] Written => _room[.._written];

        public void Advance(int count)
        {
            onCall();
            _written += count;
        }

        public Memory<byte> GetMemory(int sizeHint = 0)
        {
            onCall();
            return _room.AsMemory(_written, Math.Min(300, _room.Length - _written));
        }

        public Span<byte> GetSpan(int sizeHint = 0) => GetMemory(sizeHint).Span;
    }
}
