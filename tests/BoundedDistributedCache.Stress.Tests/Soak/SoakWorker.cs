using BoundedCache.Stress.Tests.Support;
using Microsoft.Extensions.Caching.Distributed;

namespace BoundedCache.Stress.Tests.Soak;

/// <summary>Does at random whatever callers can do, and checks each answer. Keeps what it knows from round to round.</summary>
internal sealed class SoakWorker
{
    private const long Gone = long.MinValue;
    private const long Unknown = 0;
    private const long Always = long.MaxValue;

    private readonly SoakRig _rig;
    private readonly int _me;
    private readonly Random _random;
    private readonly CheckedReader _reader;
    private readonly CheckedWriter _writer;
    private readonly SoakCounts[] _counts;

    // Until when a roomy cache has to hold the keys that this worker writes, by the machine's tick count.
    private readonly long[] _until;
    private readonly int[] _windows;

    public SoakWorker(SoakRig rig, int me, Random random)
    {
        _rig = rig;
        _me = me;
        _random = random;
        _reader = new CheckedReader(rig.Ledger, random, rig.Shape.IsolatesValues);
        _writer = new CheckedWriter(rig.Ledger, random, rig.Shape.IsolatesValues);
        _counts = new SoakCounts[rig.Shape.Partitions];
        _until = new long[rig.Shape.Keys];
        _windows = new int[rig.Shape.Keys];
        Array.Fill(_until, Gone);
    }

    private SoakShape Shape => _rig.Shape;

    public ref readonly SoakCounts CountsOf(int partition) => ref _counts[partition];

    /// <summary>How many entries a roomy cache holds of this worker's keys, at least and at most.</summary>
    public (int Least, int Most) KnownToBeThere() => (_until.Count(until => until == Always), _until.Count(until => until != Gone));

    public void Work(Func<bool> running)
    {
        while (running())
        {
            Step();
        }

        LetGo();
    }

    /// <summary>Reads everything, when nobody is at work.</summary>
    public void ReadAll()
    {
        for (int key = 0; key < Shape.Keys; key++)
        {
            Read(_rig.Partitions[key / Shape.KeysPerPartition], key);
        }

        LetGo();
    }

    /// <summary>Notes that the cache was emptied when nobody was at work.</summary>
    public void NoteEmptied()
    {
        for (int partition = 0; partition < Shape.Partitions; partition++)
        {
            NoteGone(partition, _ => true);
        }
    }

    private void LetGo()
    {
        _reader.LetGo();
        _writer.LetGo();
    }

    private void Step()
    {
        // A few keys are used most.
        int index = (int)(Shape.KeysPerPartition * Math.Pow(_random.NextDouble(), 2));
        int partition = _random.Next(Shape.Partitions);
        _counts[partition].Operations++;
        if (_random.Next(4) == 0)
        {
            using (_rig.Enter(partition))
            {
                Step(_rig.Composed, partition, index);
            }
        }
        else
        {
            Step(_rig.Partitions[partition], partition, index);
        }
    }

    private void Step(IBufferDistributedCache cache, int partition, int index)
    {
        int any = (partition * Shape.KeysPerPartition) + index;
        int own = any - (index % _rig.Workers.Count) + _me;
        if (own >= (partition + 1) * Shape.KeysPerPartition)
        {
            own -= _rig.Workers.Count;
        }

        switch (_random.Next(1_000))
        {
            case < 580:
                Read(cache, any);
                break;
            case < 650:
                ReadOwn(cache, own);
                break;
            case < 920:
                Set(cache, own);
                break;
            case < 960:
                _writer.Remove(cache, NameOf(own), own);
                _until[own] = Gone;
                break;
            case < 980:
                cache.Refresh(NameOf(any));
                break;
            case < 999:
                cache.RefreshAsync(NameOf(any)).GetAwaiter().GetResult();
                break;
            default:
                // As often as that leaves time to fill the cache again; where others fill it at once, so that tables grow.
                if (_random.Next(Shape.IsRoomy ? 2 : 1 + (Shape.Keys / 500)) == 0)
                {
                    DoToMany(partition);
                }

                break;
        }
    }

    private long? Read(IBufferDistributedCache cache, int key)
    {
        long? version = _reader.Read(cache, NameOf(key), key);
        ref SoakCounts counts = ref _counts[key / Shape.KeysPerPartition];
        if (version is null)
        {
            counts.Misses++;
        }
        else
        {
            counts.Hits++;
        }

        return version;
    }

    private void ReadOwn(IBufferDistributedCache cache, int key)
    {
        long before = Environment.TickCount64;
        long? version = Read(cache, key);
        long last = _rig.Ledger.Ended(key);
        Assert.True(version is null || version == last, $"Version {version} of key {key}, whose only writer last wrote {last}.");
        if (Shape.IsRoomy)
        {
            Assert.True(version is not null || Environment.TickCount64 >= _until[key], $"Key {key} was lost: version {last} has not expired, and there is room.");
            Assert.True(version is null || _until[key] != Gone, $"Key {key} is there, and was removed.");
            if (version is not null && _windows[key] > 0)
            {
                _until[key] = before + _windows[key];
            }
        }
    }

    private void Set(IBufferDistributedCache cache, int key)
    {
        ref SoakCounts counts = ref _counts[key / Shape.KeysPerPartition];
        counts.Sets++;
        long before = _until[key];
        long until = Unknown;
        int window = 0;
        int roll = _random.Next(100);
        int length = Length();
        DistributedCacheEntryOptions options;
        bool isCertain = true;
        switch (roll)
        {
            case < 40:
                options = TestCache.NoExpiry;
                until = Always;
                break;
            case < 55:
                window = _random.Next(1, 500);
                options = TestCache.Sliding(TimeSpan.FromMilliseconds(window));
                until = Environment.TickCount64 + window;
                break;
            case < 70:
                options = TestCache.Relative(TimeSpan.FromMilliseconds(_random.Next(1, 60)));
                break;
            case < 80:
                options = TestCache.Relative(TimeSpan.FromTicks(_random.Next(1, 20_000)));
                break;
            case < 88:
                options = new() { AbsoluteExpiration = _rig.Clock.GetUtcNow().AddMilliseconds(_random.Next(-1, 4)) };
                isCertain = false;
                break;
            case < 93:
                options = new() { SlidingExpiration = TimeSpan.FromMilliseconds(5), AbsoluteExpirationRelativeToNow = TimeSpan.FromMilliseconds(20) };
                break;
            case < 98:
                options = TestCache.Sliding(TimeSpan.FromHours(3));
                until = Always;
                break;
            default:
                SetExpired(cache, key, ref counts);
                return;
        }

        _writer.Set(cache, NameOf(key), key, length, options);
        counts.SetsPerhapsInVain += isCertain ? 0 : 1;
        counts.Replaced += isCertain && before == Always ? 1 : 0;
        counts.PerhapsReplaced += before != Gone && !(isCertain && before == Always) ? 1 : 0;
        _until[key] = until;
        _windows[key] = window;
    }

    private void SetExpired(IBufferDistributedCache cache, int key, ref SoakCounts counts)
    {
        counts.SetsInVain++;
        _writer.Set(cache, NameOf(key), key, 100, new() { AbsoluteExpiration = _rig.Clock.GetUtcNow().AddDays(-1) });
        _until[key] = Gone;
    }

    /// <summary>Most values are small; a few take a large part of the cache, and one in some thousands is too large for it.</summary>
    private int Length()
    {
        int roll = _random.Next(10_000);
        return roll switch
        {
            < 8_000 => _random.Next(200),
            < 9_700 => _random.Next(Math.Min(4_000, Shape.LongestValue)),
            < 9_950 => _random.Next(Shape.LongestValue / 10),
            < 9_998 => _random.Next(Shape.LongestValue),
            _ => Shape.MaxBytes < 10_000_000 ? (int)Shape.MaxBytes : 0,
        };
    }

    /// <summary>Does something to many keys at once, and notes which of the own ones are gone then.</summary>
    private void DoToMany(int partition)
    {
        string pattern = $"w{_me}:*";
        Func<string, bool> isMatch = _ => true;
        if (_random.Next(2) == 0)
        {
            char last = (char)('0' + _random.Next(10));
            pattern = Shape.IsRoomy ? $"w{_me}:*{last}" : $"*{last}";
            isMatch = name => name[^1] == last;
        }

        switch (_random.Next(Shape.IsRoomy ? 5 : 8))
        {
            case 0:
                _rig.Cache.RemoveExpired();
                break;
            case 1:
                for (int key = (partition * Shape.KeysPerPartition) + _me; key < (partition + 1) * Shape.KeysPerPartition; key += _rig.Workers.Count)
                {
                    _counts[partition].Operations++;
                    Set(_rig.Partitions[partition], key);
                }

                break;
            case 2:
                _rig.Cache.RemoveByPattern(pattern);
                for (int each = 0; each < Shape.Partitions; each++)
                {
                    NoteGone(each, isMatch);
                }

                break;
            case 3:
                using (_rig.Enter(partition))
                {
                    _rig.Admin.RemoveByPatternAsync(pattern).GetAwaiter().GetResult();
                }

                NoteGone(partition, isMatch);
                break;
            case 4 when _rig.Partitions[partition] is BoundedCachePartition tenant:
                tenant.RemoveByPattern(pattern);
                NoteGone(partition, isMatch);
                break;
            case 5 when _rig.TenantId(partition) is { } tenantId:
                _rig.Admin.ClearTenantAsync(tenantId).GetAwaiter().GetResult();
                NoteGone(partition, _ => true);
                break;
            case 6:
                using (_rig.Enter(partition))
                {
                    _rig.Admin.ClearAsync().GetAwaiter().GetResult();
                }

                NoteGone(partition, _ => true);
                break;
            case 7:
                _rig.Cache.Clear();
                NoteEmptied();
                break;
            default:
                break;
        }
    }

    private void NoteGone(int partition, Func<string, bool> isMatch)
    {
        for (int index = _me; index < Shape.KeysPerPartition; index += _rig.Workers.Count)
        {
            if (isMatch(_rig.Names[index]))
            {
                int key = (partition * Shape.KeysPerPartition) + index;
                _writer.NoteGone(key);
                _until[key] = Gone;
            }
        }
    }

    private string NameOf(int key) => _rig.Names[key % Shape.KeysPerPartition];
}
