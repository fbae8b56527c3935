using System.Buffers;
using BoundedCache.Benchmarks.Peers;
using BoundedCache.Benchmarks.Workloads;
using Microsoft.Extensions.Caching.Distributed;

namespace BoundedCache.Benchmarks.Tests;

public sealed class WorkloadTests
{
    private static readonly string[] Keys = Workload.Keys(50);

    [Fact]
    public void RequestsAreForTheKeysByInstancesThatNoCacheHolds()
    {
        string[][] requests = Workload.Requests(Keys, threads: 2, operations: 2_000);

        Assert.All(requests.SelectMany(own => own), key => Assert.DoesNotContain(Keys, held => ReferenceEquals(held, key)));
        Assert.Equal(Keys, requests.SelectMany(own => own).Distinct().Order(StringComparer.Ordinal));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(10)]
    public void NoWriteBringsTheInstanceOfTheLastOneOfThatKey(int writeEvery)
    {
        string[] requests = Workload.Requests(Keys, threads: 1, operations: 3_000, writeEvery)[0];

        Dictionary<string, string> held = Keys.ToDictionary(key => key);
        foreach ((int index, string key) in requests.Index())
        {
            Assert.NotSame(held[key], key);
            if (Peer.IsWrite(index, writeEvery))
            {
                held[key] = key;
            }
        }
    }

    [Theory]
    [InlineData(5)]
    [InlineData(3_000)]
    public void WhatAMixOverwritesIsWhatItsRequestsWereMadeFor(int operations)
    {
        string[] requests = [.. Enumerable.Range(0, operations).Select(i => $"{i}")];
        List<string> written = [];
        using Peer<Writes> peer = new("log", new Writes(written));

        peer.Mix(requests, 2, Workload.Value);

        Assert.Equal(requests.Where((_, index) => Peer.IsWrite(index, 2)), written);
        Assert.Equal(written[^1], requests[Peer.LastWrite(operations, 2)]);
    }

    [Fact]
    public void ABufferThatWasNotWrittenIsNoHit()
    {
        using PooledWriter writer = new();

        Assert.False(new BoundedBufferCalls(new WritesNothing(), writer, length: 100).Get("key"));
        Assert.False(new MemoryBufferCalls(new WritesNothing(), writer, length: 100).Get("key"));
    }

    private readonly struct Writes(List<string> written) : ICache
    {
        public bool Get(string key) => true;

        public byte[]? Find(string key) => null;

        public void Set(string key, byte[] value) => written.Add(key);
    }

    private sealed class WritesNothing : IBufferDistributedCache
    {
        public bool TryGet(string key, IBufferWriter<byte> destination) => true;

        public byte[]? Get(string key) => [];

        public ValueTask<bool> TryGetAsync(string key, IBufferWriter<byte> destination, CancellationToken token = default) => throw new NotSupportedException();

        public void Set(string key, ReadOnlySequence<byte> value, DistributedCacheEntryOptions options) => throw new NotSupportedException();

        public ValueTask SetAsync(string key, ReadOnlySequence<byte> value, DistributedCacheEntryOptions options, CancellationToken token = default) => throw new NotSupportedException();

        public Task<byte[]?> GetAsync(string key, CancellationToken token = default) => throw new NotSupportedException();

        public void Set(string key, byte[] value, DistributedCacheEntryOptions options) => throw new NotSupportedException();

        public Task SetAsync(string key, byte[] value, DistributedCacheEntryOptions options, CancellationToken token = default) => throw new NotSupportedException();

        public void Refresh(string key) => throw new NotSupportedException();

        public Task RefreshAsync(string key, CancellationToken token = default) => throw new NotSupportedException();

        public void Remove(string key) => throw new NotSupportedException();

        public Task RemoveAsync(string key, CancellationToken token = default) => throw new NotSupportedException();
    }
}
