using System.Collections.Concurrent;
using BitFaster.Caching.Lfu;
using BitFaster.Caching.Lru;
using BoundedCache.Benchmarks.Workloads;
using BoundedCache.Storage;
using Microsoft.Extensions.Caching.Distributed;

namespace BoundedCache.Benchmarks.Peers;

/// <summary>This provider through the interface that its users call.</summary>
internal readonly struct BoundedCalls(IDistributedCache cache, DistributedCacheEntryOptions expiry) : ICache
{
    public bool Get(string key) => cache.Get(key) is not null;

    public byte[]? Find(string key) => cache.Get(key);

    public void Set(string key, byte[] value) => cache.Set(key, value, expiry);
}

/// <summary>This provider through the decorator of tenants; a type of its own, so that each has its own loop.</summary>
internal readonly struct DecoratedCalls(IDistributedCache cache) : ICache
{
    public bool Get(string key) => cache.Get(key) is not null;

    public byte[]? Find(string key) => cache.Get(key);

    public void Set(string key, byte[] value) => cache.Set(key, value, Workload.Never);
}

/// <summary>The core of this provider alone: it finds and stamps the entry, but counts nothing.</summary>
internal readonly struct CoreCalls(BoundedDistributedCache cache) : ICache
{
    private readonly CacheStore _store = cache.Storage;

    public bool Get(string key) => _store.Use(Partition.Host, key) is not null;

    public byte[]? Find(string key) => cache.Get(key);

    public void Set(string key, byte[] value) => cache.Set(key, value, Workload.Never);
}

/// <summary><c>MemoryDistributedCache</c> through the same interface; a type of its own, so that each has its own loop.</summary>
internal readonly struct MemoryCalls(IDistributedCache cache, DistributedCacheEntryOptions expiry) : ICache
{
    public bool Get(string key) => cache.Get(key) is not null;

    public byte[]? Find(string key) => cache.Get(key);

    public void Set(string key, byte[] value) => cache.Set(key, value, expiry);
}

internal readonly struct BoundedAsyncCalls(IDistributedCache cache, DistributedCacheEntryOptions expiry) : ICache
{
    public bool Get(string key) => cache.GetAsync(key).GetAwaiter().GetResult() is not null;

    public byte[]? Find(string key) => cache.Get(key);

    public void Set(string key, byte[] value) => cache.SetAsync(key, value, expiry).GetAwaiter().GetResult();
}

internal readonly struct MemoryAsyncCalls(IDistributedCache cache, DistributedCacheEntryOptions expiry) : ICache
{
    public bool Get(string key) => cache.GetAsync(key).GetAwaiter().GetResult() is not null;

    public byte[]? Find(string key) => cache.Get(key);

    public void Set(string key, byte[] value) => cache.SetAsync(key, value, expiry).GetAwaiter().GetResult();
}

/// <summary>Reads into a pooled buffer values of a length, and sees that it has been written; for one thread.</summary>
internal readonly struct BoundedBufferCalls(IBufferDistributedCache cache, PooledWriter writer, int length) : ICache
{
    public bool Get(string key)
    {
        writer.Reset();
        return cache.TryGet(key, writer) && writer.Written == length;
    }

    public byte[]? Find(string key) => cache.Get(key);

    public void Set(string key, byte[] value) => cache.Set(key, value, Workload.Never);
}

/// <summary>Reads, and copies into the same pooled buffer what it got; for one thread.</summary>
internal readonly struct MemoryBufferCalls(IDistributedCache cache, PooledWriter writer, int length) : ICache
{
    public bool Get(string key)
    {
        writer.Reset();
        if (cache.Get(key) is not { } value)
        {
            return false;
        }

        System.Buffers.BuffersExtensions.Write(writer, value);
        return writer.Written == length;
    }

    public byte[]? Find(string key) => cache.Get(key);

    public void Set(string key, byte[] value) => cache.Set(key, value, Workload.Never);
}

internal readonly struct DictionaryCalls(ConcurrentDictionary<string, byte[]> cache) : ICache
{
    public bool Get(string key) => cache.TryGetValue(key, out _);

    public byte[]? Find(string key) => cache.TryGetValue(key, out byte[]? value) ? value : null;

    public void Set(string key, byte[] value) => cache[key] = value;
}

internal readonly struct LruCalls(ConcurrentLru<string, byte[]> cache) : ICache
{
    public bool Get(string key) => cache.TryGet(key, out _);

    public byte[]? Find(string key) => cache.TryGet(key, out byte[]? value) ? value : null;

    public void Set(string key, byte[] value) => cache.AddOrUpdate(key, value);
}

internal readonly struct TLruCalls(ConcurrentTLru<string, byte[]> cache) : ICache
{
    public bool Get(string key) => cache.TryGet(key, out _);

    public byte[]? Find(string key) => cache.TryGet(key, out byte[]? value) ? value : null;

    public void Set(string key, byte[] value) => cache.AddOrUpdate(key, value);
}

internal readonly struct LfuCalls(ConcurrentLfu<string, byte[]> cache) : ICache
{
    public bool Get(string key) => cache.TryGet(key, out _);

    public byte[]? Find(string key) => cache.TryGet(key, out byte[]? value) ? value : null;

    public void Set(string key, byte[] value) => cache.AddOrUpdate(key, value);
}
