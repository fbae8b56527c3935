using System.Buffers;
using BenchmarkDotNet.Attributes;
using BoundedCache.Benchmarks.Peers;
using BoundedCache.Benchmarks.Workloads;
using Microsoft.Extensions.Caching.Distributed;
using Microsoft.Extensions.DependencyInjection;

namespace BoundedCache.Benchmarks.SingleOperations;

/// <summary>The entries that single operations are done to: a power of two of them, asked for in a mixed order.</summary>
public abstract class Entries
{
    private const int Count = 1 << 13;

    private readonly string[] _keys = Workload.Keys(Count);
    private readonly string[] _asked;
    private readonly string[][] _written;
    private readonly string[] _absent = Workload.FreshKeys(Count);
    private int _at;

    protected Entries()
    {
        new Random(3).Shuffle(_keys);

        // No web request brings the instance that the cache holds.
        _asked = Workload.Copies(_keys);
        _written = [Workload.Copies(_keys), Workload.Copies(_keys)];
    }

    protected static int Capacity => Count;

    protected string NextKey() => _asked[_at++ & (Count - 1)];

    /// <summary>For a write: a cache may hold the instance of the last one, so the next brings another.</summary>
    protected string NextWrittenKey()
    {
        int at = _at++;
        return _written[(at / Count) & 1][at & (Count - 1)];
    }

    protected string NextAbsentKey() => _absent[_at++ & (Count - 1)];

    /// <summary>Each key gets an array of its own: what is copied out is not the same again and again.</summary>
    protected void Fill(IDistributedCache cache, int length, DistributedCacheEntryOptions expiry)
    {
        foreach (string key in _keys)
        {
            cache.Set(key, new byte[length], expiry);
        }

        if (_keys.Count(key => cache.Get(key) is not null) != Count)
        {
            throw new InvalidOperationException("The cache does not hold what it was given.");
        }
    }
}

/// <summary>By length of the value, entries that never expire.</summary>
public class BySize : Entries
{
    private readonly PooledWriter _writer = new();
    private BoundedDistributedCache _cache = null!;
    private byte[] _value = [];

    [Params(100, 16_384)]
    public int Bytes { get; set; }

    [GlobalSetup]
    public void SetUp()
    {
        _value = new byte[Bytes];
        _cache = PeerSet.MakeBounded(2 * Capacity);
        Fill(_cache, Bytes, Workload.Never);
    }

    [GlobalCleanup]
    public void CleanUp() => _cache.Dispose();

    [Benchmark]
    public byte[]? Get() => _cache.Get(NextKey());

    [Benchmark]
    public Task<byte[]?> GetAsync() => _cache.GetAsync(NextKey());

    [Benchmark]
    public bool TryGet()
    {
        _writer.Reset();
        return _cache.TryGet(NextKey(), _writer);
    }

    [Benchmark]
    public void SetExisting() => _cache.Set(NextWrittenKey(), _value, Workload.Never);

    [Benchmark]
    public Task SetAsyncExisting() => _cache.SetAsync(NextWrittenKey(), _value, Workload.Never);

    [Benchmark]
    public void SetExistingFromSequence() => _cache.Set(NextWrittenKey(), new ReadOnlySequence<byte>(_value), Workload.Never);
}

/// <summary>By the kind of expiry, values of 100 bytes.</summary>
public class ByExpiry : Entries
{
    private static readonly DistributedCacheEntryOptions Absolute = new() { AbsoluteExpirationRelativeToNow = TimeSpan.FromHours(1) };

    private BoundedDistributedCache _cache = null!;

    [Params("never", "absolute", "sliding")]
    public string Expires { get; set; } = "";

    private DistributedCacheEntryOptions Expiry => Expires switch
    {
        "absolute" => Absolute,
        "sliding" => Workload.Sliding,
        _ => Workload.Never,
    };

    [GlobalSetup]
    public void SetUp()
    {
        _cache = PeerSet.MakeBounded(2 * Capacity);
        Fill(_cache, Workload.Value.Length, Expiry);
    }

    [GlobalCleanup]
    public void CleanUp() => _cache.Dispose();

    [Benchmark]
    public byte[]? Get() => _cache.Get(NextKey());

    [Benchmark]
    public void Refresh() => _cache.Refresh(NextKey());

    [Benchmark]
    public void SetExisting() => _cache.Set(NextWrittenKey(), Workload.Value, Expiry);
}

/// <summary>What is not there, and what leaves.</summary>
public class Absent : Entries
{
    private readonly PooledWriter _writer = new();
    private BoundedDistributedCache _cache = null!;

    [GlobalSetup]
    public void SetUp()
    {
        _cache = PeerSet.MakeBounded(2 * Capacity);
        Fill(_cache, Workload.Value.Length, Workload.Never);
    }

    [GlobalCleanup]
    public void CleanUp() => _cache.Dispose();

    [Benchmark]
    public byte[]? GetMiss() => _cache.Get(NextAbsentKey());

    [Benchmark]
    public Task<byte[]?> GetAsyncMiss() => _cache.GetAsync(NextAbsentKey());

    [Benchmark]
    public bool TryGetMiss() => _cache.TryGet(NextAbsentKey(), _writer);

    [Benchmark]
    public void RemoveMiss() => _cache.Remove(NextAbsentKey());

    [Benchmark]
    public void SetAndRemove()
    {
        string key = NextAbsentKey();
        _cache.Set(key, Workload.Value, Workload.Never);
        _cache.Remove(key);
    }
}

/// <summary>New keys in a cache that is full: each crowds another out.</summary>
public class AtCapacity : Entries
{
    private string[] _fresh = [];
    private BoundedDistributedCache _cache = null!;
    private byte[] _value = [];
    private int _next;

    [Params(100, 16_384)]
    public int Bytes { get; set; }

    [GlobalSetup]
    public void SetUp()
    {
        // As many keys that each is long forgotten when its turn comes again.
        _fresh = Workload.FreshKeys(16 * Capacity);
        _value = new byte[Bytes];
        _cache = PeerSet.MakeBounded(Capacity);
        foreach (string key in _fresh)
        {
            _cache.Set(key, _value, Workload.Never);
        }
    }

    [GlobalCleanup]
    public void CleanUp() => _cache.Dispose();

    [Benchmark]
    public void SetNew() => _cache.Set(_fresh[_next++ & ((16 * Capacity) - 1)], _value, Workload.Never);
}

/// <summary>Values that callers may write to: copied when set and when got.</summary>
public class Isolated : Entries
{
    private BoundedDistributedCache _cache = null!;
    private byte[] _value = [];

    [Params(100, 16_384)]
    public int Bytes { get; set; }

    [GlobalSetup]
    public void SetUp()
    {
        _value = new byte[Bytes];
        _cache = PeerSet.MakeBounded(2 * Capacity, isolateValues: true);
        Fill(_cache, Bytes, Workload.Never);
    }

    [GlobalCleanup]
    public void CleanUp() => _cache.Dispose();

    [Benchmark]
    public byte[]? Get() => _cache.Get(NextKey());

    [Benchmark]
    public void SetExisting() => _cache.Set(NextWrittenKey(), _value, Workload.Never);
}

/// <summary>Through the decorator that reads the ambient tenant.</summary>
public class ThroughTenants : Entries
{
    private readonly PooledWriter _writer = new();
    private ServiceProvider _provider = null!;
    private IBufferDistributedCache _cache = null!;

    [GlobalSetup]
    public void SetUp()
    {
        _provider = new ServiceCollection()
            .AddBoundedDistributedCache(options => (options.MaxEntries, options.MaxBytes) = (2 * Capacity, 1L << 32))
            .AddBoundedCacheTenants()
            .BuildServiceProvider();
        _cache = _provider.GetRequiredService<IBufferDistributedCache>();

        // The tenant is ambient: it flows from here to the benchmarks, which the same thread runs.
        _ = _provider.GetRequiredService<ITenantContext>().Use("tenant-one");
        Fill(_cache, Workload.Value.Length, Workload.Never);
    }

    [GlobalCleanup]
    public void CleanUp() => _provider.Dispose();

    [Benchmark]
    public byte[]? Get() => _cache.Get(NextKey());

    [Benchmark]
    public bool TryGet()
    {
        _writer.Reset();
        return _cache.TryGet(NextKey(), _writer);
    }

    [Benchmark]
    public void SetExisting() => _cache.Set(NextWrittenKey(), Workload.Value, Workload.Never);
}

/// <summary>MemoryDistributedCache doing the same, for comparison.</summary>
public class MemoryPeer : Entries
{
    private MemoryDistributedCache _cache = null!;
    private DistributedCacheEntryOptions _expiry = Workload.Never;

    [Params("never", "sliding")]
    public string Expires { get; set; } = "";

    [GlobalSetup]
    public void SetUp()
    {
        _expiry = Expires == "sliding" ? Workload.Sliding : Workload.Never;
        _cache = PeerSet.MakeMemory(2L * Capacity * Workload.Value.Length);
        Fill(_cache, Workload.Value.Length, _expiry);
    }

    [Benchmark]
    public byte[]? Get() => _cache.Get(NextKey());

    [Benchmark]
    public void SetExisting() => _cache.Set(NextWrittenKey(), Workload.Value, _expiry);
}
