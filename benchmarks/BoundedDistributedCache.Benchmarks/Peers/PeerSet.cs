using System.Collections.Concurrent;
using BitFaster.Caching.Lfu;
using BitFaster.Caching.Lru;
using BitFaster.Caching.Scheduler;
using BoundedCache.Benchmarks.Workloads;
using Microsoft.Extensions.Caching.Distributed;
using Microsoft.Extensions.Caching.Memory;
using Microsoft.Extensions.Options;

namespace BoundedCache.Benchmarks.Peers;

/// <summary>Makes those who take part, each with room for as many entries.</summary>
internal static class PeerSet
{
    public const string Bounded = "BoundedDistributedCache";
    public const string ScanResistant = "BoundedDistributedCache, ScanResistant";
    public const string Memory = "MemoryDistributedCache";
    public const string Lru = "ConcurrentLru";
    public const string TLru = "ConcurrentTLru";
    public const string Lfu = "ConcurrentLfu";
    public const string Dictionary = "ConcurrentDictionary";

    public static readonly string[] All = [Bounded, Memory, Lru, TLru, Lfu, Dictionary];

    /// <summary>All but the dictionary, which has no limit.</summary>
    public static readonly string[] WithLimit = [Bounded, Memory, Lru, TLru, Lfu];

    /// <summary>
    /// What room a peer is given to hold as many entries, where nothing is to be crowded out. MemoryDistributedCache has
    /// some to spare: at its limit it would reject, and nothing could be compared.
    /// </summary>
    public static int Room(string name, int entries) => name == Memory ? 2 * entries : entries;

    public static EvictionPolicy PolicyOf(string name) => name == ScanResistant ? EvictionPolicy.ScanResistant : EvictionPolicy.Lru;

    /// <param name="name">Who.</param>
    /// <param name="capacity">How many entries are to fit.</param>
    /// <param name="valueLength">The length of each value, for the peer that counts those only.</param>
    /// <param name="expiry">When entries expire, where the peer can do that for each.</param>
    /// <param name="inForeground">Whether what a peer does in the background is done by its caller, for counts that repeat.</param>
    public static Peer Make(string name, int capacity, int valueLength = 100, DistributedCacheEntryOptions? expiry = null, bool inForeground = false)
    {
        expiry ??= Workload.Never;
        switch (name)
        {
            case Bounded or ScanResistant:
                BoundedDistributedCache bounded = MakeBounded(capacity, policy: PolicyOf(name));
                return new Peer<BoundedCalls>(name, new BoundedCalls(bounded, expiry), bounded.Dispose);
            case Memory:
                return new Peer<MemoryCalls>(name, new MemoryCalls(MakeMemory((long)capacity * valueLength), expiry));
            case Lru:
                return new Peer<LruCalls>(name, new LruCalls(new ConcurrentLru<string, byte[]>(capacity)));
            case TLru:
                return new Peer<TLruCalls>(name, new TLruCalls(new ConcurrentTLru<string, byte[]>(capacity, TimeSpan.FromHours(1))));
            case Lfu:
                IScheduler scheduler = inForeground ? new ForegroundScheduler() : new ThreadPoolScheduler();
                return new Peer<LfuCalls>(name, new LfuCalls(new ConcurrentLfu<string, byte[]>(Environment.ProcessorCount, capacity, scheduler, EqualityComparer<string>.Default)));
            case Dictionary:
                return new Peer<DictionaryCalls>(name, new DictionaryCalls(new ConcurrentDictionary<string, byte[]>()));
            default:
                throw new ArgumentException($"There is no peer called {name}.", nameof(name));
        }
    }

    public static BoundedDistributedCache MakeBounded(
        int maxEntries,
        long maxBytes = 1L << 40,
        bool isolateValues = false,
        TimeProvider? clock = null,
        EvictionPolicy policy = EvictionPolicy.Lru) =>
        new(
            Options.Create(new BoundedDistributedCacheOptions
            {
                MaxEntries = maxEntries,
                MaxBytes = maxBytes,
                IsolateValues = isolateValues,
                EvictionPolicy = policy,
            }),
            clock);

    public static MemoryDistributedCache MakeMemory(long sizeLimit) =>
        new(Options.Create(new MemoryDistributedCacheOptions { SizeLimit = sizeLimit }));
}
