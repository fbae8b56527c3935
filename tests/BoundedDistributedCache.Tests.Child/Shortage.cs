using System.Buffers;
using System.Buffers.Binary;
using System.Globalization;
using BoundedCache.Tests.Support;
using Microsoft.Extensions.Caching.Distributed;
using Microsoft.Extensions.Options;

namespace BoundedCache.Tests.Child;

internal enum ShortageKind
{
    /// <summary>The cache's limits are out of reach: nothing may be missing, whatever failed.</summary>
    Growing,

    /// <summary>The cache is at its limits, and evicts.</summary>
    Full,

    /// <summary>The same, by the policy that resists scans.</summary>
    FullAndScanResistant,

    /// <summary>
    /// Half of the slots are free, and those whose entries a sweep would move down lie above chunks that can't have them yet.
    /// </summary>
    Sparse,

    /// <summary>As before, by several threads at once.</summary>
    Crowded,
}

/// <summary>
/// A cache that works while the heap has no memory left, or little. After each shortage its structure is walked, and what it
/// holds is compared with what was stored: what failed changed nothing.
/// </summary>
internal sealed class Shortage
{
    private const int Keys = 12_000;

    // What is overwritten or evicted is memory for what comes: without an end to that, a shortage need not have one.
    private const int MostCollections = 20;
    private const int MaxEntries = 4_000;
    private const int ValuesPerKey = 4;
    private const int LongestValue = 400;

    private static readonly TimeSpan s_lifetime = TimeSpan.FromHours(1);
    private static readonly DistributedCacheEntryOptions s_expiring = new() { AbsoluteExpirationRelativeToNow = s_lifetime };
    private static readonly DistributedCacheEntryOptions s_lasting = new();

    // Made beforehand, so that what memory is left is the cache's to ask for.
    private readonly string[] _keys = [.. Enumerable.Range(0, Keys).Select(i => "key" + Text(i))];
    private readonly BoundedCachePartition?[] _tenants = new BoundedCachePartition?[Keys];
    private readonly byte[][] _values = [.. Enumerable.Range(0, Keys * ValuesPerKey).Select(ValueOf)];

    // What each key was last given: the place of its value, from one; 0: nothing.
    private readonly int[] _stored = new int[Keys];
    private readonly bool[] _isCopied = new bool[Keys];
    private readonly long[] _expiresAt = new long[Keys];
    private readonly ShortageKind _kind;
    private readonly Random _random;
    private readonly SettableClock _clock = new();
    private readonly BoundedDistributedCache _cache;
    private readonly Crew? _crew;
    private int _operations = int.MaxValue;
    private int _surfaced;

    public Shortage(ShortageKind kind, int seed)
    {
        _kind = kind;
        _random = new Random(seed);
        BoundedDistributedCacheOptions options = HasRoomForAll
            ? new() { MaxEntries = 60_000, MaxBytes = 1L << 30 }
            : new() { MaxEntries = MaxEntries, MaxBytes = 8_000_000, MaxEntriesPerTenant = 200 };
        options.EvictionPolicy = kind is ShortageKind.FullAndScanResistant or ShortageKind.Sparse ? EvictionPolicy.ScanResistant : EvictionPolicy.Lru;
        _cache = new BoundedDistributedCache(Options.Create(options), _clock);
        for (int i = 0; i < Keys; i++)
        {
            _tenants[i] = (i % 4) switch
            {
                // One of many small tenants, and the large one.
                0 => _cache.ForTenant("tenant" + Text(i)),
                1 => _cache.ForTenant("large"),
                _ => null,
            };
        }

        _crew = kind == ShortageKind.Crowded ? new Crew(this, 4, seed) : null;
    }

    /// <summary>
    /// Does everything once, and fails once, while there is memory: the runtime makes what it needs for it, its finalizer's
    /// thread too.
    /// </summary>
    public void WarmUp()
    {
        _ = new Finalized();
        GC.Collect();
        GC.WaitForPendingFinalizers();
        Refusals.Watch(int.MaxValue);
        _operations = 2_000;
        if (_crew is null)
        {
            Work(_random, 0, 1);
        }
        else
        {
            _crew.Work();
        }

        _operations = int.MaxValue;
        _surfaced = 0;
        Refusals.End();
    }

    private bool HasRoomForAll => _kind is ShortageKind.Growing or ShortageKind.Sparse;

    /// <summary>How many operations failed for want of memory. The others went on without.</summary>
    public int Surfaced => _surfaced;

    /// <summary>Fills the heap, works until memory was refused a few times, and looks at what is left.</summary>
    public void Run()
    {
        if (_kind == ShortageKind.Sparse)
        {
            Scatter();
        }
        else
        {
            Fill();
        }

        int refusals = _random.Next(1, 4);

        // As much as one of the larger allocations takes, or one of the smaller ones.
        long spared = (long)Math.Pow(2, 6 + (_random.NextDouble() * 13));
        Ballast.Fill();
        Ballast.Release(spared);
        Refusals.Watch(refusals);
        if (_crew is null)
        {
            Work(_random, 0, 1);
        }
        else
        {
            _crew.Work();
        }

        Refusals.End();
        Collect();
        _crew?.ThrowIfFailed();

        Check();
        Thin();
        Check();
    }

    /// <summary>Whatever it may do without memory, and fails where it may not.</summary>
    private void Work(Random random, int thread, int threads)
    {
        int collections = GC.CollectionCount(0);
        for (int i = 0; i < _operations && !Refusals.HasEnded && GC.CollectionCount(0) - collections < MostCollections; i++)
        {
            int key = (random.Next(Keys / threads) * threads) + thread;
            try
            {
                Operate(key, random, isFirst: i == 0);
                if (i == 0 && _operations < int.MaxValue)
                {
                    throw new InsufficientMemoryException();
                }
            }
            catch (OutOfMemoryException)
            {
                Interlocked.Increment(ref _surfaced);
            }
        }
    }

    private void Operate(int key, Random random, bool isFirst)
    {
        if (_kind == ShortageKind.Sparse && isFirst)
        {
            _cache.RemoveExpired();
            return;
        }

        switch (random.Next(40))
        {
            case < 24:
                Set(key, AnyValue(key, random), expires: random.Next(3) == 0, copies: random.Next(8) == 0);
                break;
            case < 32:
                Compare(key);
                break;
            case < 35:
                Remove(key);
                break;
            case 35:
                _ = _tenants[key] is { } tenant ? tenant.Count : _cache.Count;
                break;
            case 36 when random.Next(20) == 0:
                _cache.RemoveExpired();
                break;
            default:
                (_tenants[key] ?? (IDistributedCache)_cache).Refresh(_keys[key]);
                break;
        }
    }

    private void Set(int key, int value, bool expires, bool copies)
    {
        DistributedCacheEntryOptions options = expires ? s_expiring : s_lasting;
        IBufferDistributedCache cache = _tenants[key] ?? (IBufferDistributedCache)_cache;
        byte[] bytes = _values[value - 1];
        if (copies)
        {
            cache.Set(_keys[key], new ReadOnlySequence<byte>(bytes), options);
        }
        else
        {
            cache.Set(_keys[key], bytes, options);
        }

        _stored[key] = value;
        _isCopied[key] = copies;
        _expiresAt[key] = expires ? _clock.Ticks + s_lifetime.Ticks : long.MaxValue;
    }

    private void Remove(int key)
    {
        (_tenants[key] ?? (IDistributedCache)_cache).Remove(_keys[key]);
        _stored[key] = 0;
    }

    /// <summary>
    /// What is there is what was stored last, and not what the key had before, or another has; and it is there, unless it may
    /// have been evicted.
    /// </summary>
    private void Compare(int key)
    {
        byte[]? value = (_tenants[key] ?? (IDistributedCache)_cache).Get(_keys[key]);
        bool isStored = _stored[key] > 0 && _expiresAt[key] > _clock.Ticks;
        if (value is null ? isStored && HasRoomForAll : !isStored || !IsWhatWasStored(key, value))
        {
            throw new InvalidOperationException(
                string.Create(CultureInfo.InvariantCulture, $"Key {key} has a value of {value?.Length ?? -1} bytes; stored was number {_stored[key]}."));
        }
    }

    private bool IsWhatWasStored(int key, byte[] value)
    {
        byte[] stored = _values[_stored[key] - 1];
        return _isCopied[key] ? value.AsSpan().SequenceEqual(stored) : ReferenceEquals(value, stored);
    }

    private static int AnyValue(int key, Random random) => 1 + (key * ValuesPerKey) + random.Next(ValuesPerKey);

    /// <summary>Values that are told apart by what is in them, whichever key they are of; none is as long as the key's others.</summary>
    private static byte[] ValueOf(int number)
    {
        byte[] value = new byte[sizeof(int) + (number * 97 % LongestValue)];
        BinaryPrimitives.WriteInt32LittleEndian(value, number);
        return value;
    }

    // Not by interpolation: the shared array pool that this uses has a finalizer, which needs memory, and ends the process without.
    private static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);

    /// <summary>Looks at everything; again, where the walker itself was refused memory.</summary>
    private void Check()
    {
        int refused = Refusals.AfterEnd;
        try
        {
            Walk();
        }
        catch (Exception) when (Refusals.AfterEnd > refused)
        {
            Collect();
            Walk();
        }
    }

    private static void Collect() => GC.Collect(2, GCCollectionMode.Aggressive, blocking: true, compacting: true);

    private void Walk()
    {
        Integrity.Check(_cache);
        for (int key = 0; key < Keys; key++)
        {
            Compare(key);
        }
    }

    /// <summary>
    /// A full cache just so, before anything is ranked; another as it comes. Where there is probation, at times from a few on,
    /// for its queues are short then, and have to grow.
    /// </summary>
    private void Fill()
    {
        int count = _kind == ShortageKind.Growing ? _cache.Count + (_random.Next(4) * 1_000) : MaxEntries - 1;
        if (_kind == ShortageKind.FullAndScanResistant && _random.Next(2) == 0)
        {
            Clear();
            count = _random.Next(MaxEntries / 10);
        }

        for (int i = 0; i < 2 * Keys && _cache.Count < count; i++)
        {
            int key = _random.Next(Keys);
            Set(key, AnyValue(key, _random), expires: _random.Next(3) == 0, copies: false);
        }
    }

    /// <summary>
    /// Chunks of the host's lasting entries below, for which there are neither due times nor places in tenants' lists; those
    /// of others above; and gaps everywhere.
    /// </summary>
    private void Scatter()
    {
        Clear();
        for (int lasting = 1; lasting >= 0; lasting--)
        {
            for (int key = 0; key < Keys; key++)
            {
                if (_tenants[key] is null == (lasting == 1))
                {
                    Set(key, AnyValue(key, _random), expires: lasting == 0 && _random.Next(2) == 0, copies: false);
                }
            }
        }

        Forget(key =>
        {
            if (_random.Next(2) == 0)
            {
                Remove(key);
            }

            return false;
        });
    }

    /// <summary>Takes out much, in one of many ways, so that structures shrink and have to grow again.</summary>
    private void Thin()
    {
        switch (_random.Next(6))
        {
            case 0:
                Clear();
                break;
            case 1:
                _cache.RemoveByPattern("*1*");
                Forget(key => _keys[key].Contains('1', StringComparison.Ordinal));
                break;
            case 2:
                _tenants[1]!.Clear();
                Forget(key => key % 4 == 1);
                break;
            case 3:
                _clock.Ticks += s_lifetime.Ticks;
                _cache.RemoveExpired();
                break;
            case 4:
                Forget(key =>
                {
                    if (_random.Next(4) > 0)
                    {
                        Remove(key);
                    }

                    return false;
                });
                _cache.RemoveExpired();
                break;
            default:
                break;
        }
    }

    private void Clear()
    {
        _cache.Clear();
        Array.Clear(_stored);
    }

    private void Forget(Predicate<int> isGone)
    {
        for (int key = 0; key < Keys; key++)
        {
            if (isGone(key))
            {
                _stored[key] = 0;
            }
        }
    }

    private sealed class Finalized
    {
        ~Finalized() => GC.KeepAlive(this);
    }

    private sealed class SettableClock : TimeProvider
    {
        public long Ticks { get; set; } = new DateTimeOffset(2030, 1, 1, 0, 0, 0, TimeSpan.Zero).Ticks;

        public override DateTimeOffset GetUtcNow() => new(Ticks, TimeSpan.Zero);
    }

    /// <summary>
    /// Threads that are there, and have done all of it once, before memory is short: they need some themselves.
    /// </summary>
    private sealed class Crew
    {
        private readonly int _threads;
        private int _round;
        private int _finished;
        private Exception? _failure;

        public Crew(Shortage shortage, int threads, int seed)
        {
            _threads = threads;
            for (int t = 0; t < threads; t++)
            {
                int thread = t;
                Random random = new(seed + t);
                new Thread(() => Serve(random, thread)) { IsBackground = true }.Start();
            }

            void Serve(Random random, int thread)
            {
                for (int round = 1; ; round++)
                {
                    while (Volatile.Read(ref _round) < round)
                    {
                        Thread.Yield();
                    }

                    try
                    {
                        shortage.Work(random, thread, threads);
                    }
                    catch (Exception exception)
                    {
                        _failure = exception;
                    }

                    Interlocked.Increment(ref _finished);
                }
            }
        }

        public void Work()
        {
            Volatile.Write(ref _finished, 0);
            _round++;
            while (Volatile.Read(ref _finished) < _threads)
            {
                Thread.Yield();
            }
        }

        public void ThrowIfFailed()
        {
            if (_failure is not null)
            {
                throw new InvalidOperationException("A thread failed.", _failure);
            }
        }
    }
}
