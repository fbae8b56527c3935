using BoundedCache.Benchmarks.Peers;
using Microsoft.Extensions.Caching.Distributed;
using Microsoft.Extensions.Caching.Hybrid;
using ZiggyCreatures.Caching.Fusion;

namespace BoundedCache.Benchmarks.Others;

/// <summary>HybridCache at its memory level, as its users call it: what is missing would be made, and must not be.</summary>
internal readonly struct HybridCalls(HybridCache cache) : ICache
{
    public bool Get(string key) => Find(key) is not null;

    public byte[]? Find(string key)
    {
        // Its users await what is there already: they pay for no task.
        ValueTask<byte[]?> pending = cache.GetOrCreateAsync<byte[]?>(key, static _ => ValueTask.FromResult<byte[]?>(null));
        return pending.IsCompleted ? pending.Result : pending.AsTask().GetAwaiter().GetResult();
    }

    public void Set(string key, byte[] value)
    {
        ValueTask pending = cache.SetAsync(key, value);
        if (pending.IsCompleted)
        {
            pending.GetAwaiter().GetResult();
        }
        else
        {
            pending.AsTask().GetAwaiter().GetResult();
        }
    }
}

internal readonly struct FusionCalls(IFusionCache cache) : ICache
{
    public bool Get(string key) => Find(key) is not null;

    public byte[]? Find(string key) => cache.GetOrDefault<byte[]>(key);

    public void Set(string key, byte[] value) => cache.Set(key, value);
}

/// <summary>Redis over loopback, through the interface that all of them share.</summary>
internal readonly struct RedisCalls(IDistributedCache cache) : ICache
{
    private static readonly DistributedCacheEntryOptions Never = new();

    public bool Get(string key) => cache.Get(key) is not null;

    public byte[]? Find(string key) => cache.Get(key);

    public void Set(string key, byte[] value) => cache.Set(key, value, Never);
}
