namespace BoundedCache.Benchmarks.HitRatios;

/// <summary>Least recently used to the letter, with a limit of entries and one of weight: what others are measured by.</summary>
internal sealed class ExactLru
{
    private readonly int[] _older;
    private readonly int[] _newer;
    private readonly bool[] _isHeld;
    private readonly long[] _weights;
    private readonly int _maxEntries;
    private readonly long _maxWeight;
    private readonly int _ring;
    private int _entries;
    private long _weight;

    /// <param name="keyCount">Keys are smaller than this.</param>
    /// <param name="maxEntries">How many entries it holds at most.</param>
    /// <param name="maxWeight">How much they weigh together at most.</param>
    public ExactLru(int keyCount, int maxEntries, long maxWeight = long.MaxValue)
    {
        // The last cell is the ring's head: newer than the newest and older than the oldest.
        _older = new int[keyCount + 1];
        _newer = new int[keyCount + 1];
        _isHeld = new bool[keyCount];
        _weights = new long[keyCount];
        _ring = keyCount;
        _older[_ring] = _newer[_ring] = _ring;
        (_maxEntries, _maxWeight) = (maxEntries, maxWeight);
    }

    /// <summary>How many of the requests were hits. An entry that weighs more than the limit is not stored.</summary>
    public static long Hits(ReadOnlySpan<uint> requests, int keyCount, int maxEntries, long maxWeight = long.MaxValue, Func<uint, long>? weightOf = null)
    {
        ExactLru lru = new(keyCount, maxEntries, maxWeight);
        long hits = 0;
        foreach (uint key in requests)
        {
            hits += lru.Request((int)key, weightOf?.Invoke(key) ?? 1) ? 1 : 0;
        }

        return hits;
    }

    /// <summary>Uses a key's entry, or makes one.</summary>
    /// <returns>Whether it was there.</returns>
    public bool Request(int key, long weight)
    {
        if (_isHeld[key])
        {
            Unlink(key);
            LinkNewest(key);
            return true;
        }

        if (weight > _maxWeight)
        {
            return false;
        }

        while (_entries == _maxEntries || _weight > _maxWeight - weight)
        {
            int oldest = _newer[_ring];
            Unlink(oldest);
            _isHeld[oldest] = false;
            _weight -= _weights[oldest];
            _entries--;
        }

        LinkNewest(key);
        _isHeld[key] = true;
        _weights[key] = weight;
        _weight += weight;
        _entries++;
        return false;
    }

    private void LinkNewest(int key)
    {
        int before = _older[_ring];
        (_older[key], _newer[key]) = (before, _ring);
        _newer[before] = key;
        _older[_ring] = key;
    }

    private void Unlink(int key)
    {
        _newer[_older[key]] = _newer[key];
        _older[_newer[key]] = _older[key];
    }
}
