namespace BoundedCache.Tests.Support;

/// <summary>
/// What the cache is to do, written as plainly as possible: a list in the order of use, and the two limits. One thread
/// at a time.
/// </summary>
internal sealed class ReferenceLru(int maxEntries, long maxBytes)
{
    private readonly LinkedList<Item> _byUse = [];
    private readonly Dictionary<string, LinkedListNode<Item>> _byKey = new(StringComparer.Ordinal);

    public int Count => _byKey.Count;

    public long Bytes { get; private set; }

    /// <summary>From the least to the most recently used.</summary>
    public IEnumerable<string> Keys => _byUse.Select(item => item.Key);

    public IEnumerable<(string Key, byte[] Value)> Entries => _byUse.Select(item => (item.Key, item.Value));

    public byte[]? Use(string key, DateTimeOffset now)
    {
        if (!_byKey.TryGetValue(key, out LinkedListNode<Item>? node) || node.Value.IsExpired(now))
        {
            return null;
        }

        node.Value.LastUse = now;
        _byUse.Remove(node);
        _byUse.AddLast(node);
        return node.Value.Value;
    }

    public void Set(string key, byte[] value, TimeSpan? lifetime, TimeSpan? sliding, DateTimeOffset now)
    {
        Item item = new(key, value, now + lifetime, sliding) { LastUse = now };
        if (item.Charge > maxBytes)
        {
            Remove(key);
            return;
        }

        _byKey.TryGetValue(key, out LinkedListNode<Item>? replaced);
        bool IsShort() =>
            Count + (replaced is null ? 1 : 0) > maxEntries
            || (item.Charge > (replaced?.Value.Charge ?? 0) && Bytes + item.Charge - (replaced?.Value.Charge ?? 0) > maxBytes);

        if (IsShort())
        {
            RemoveExpired(now, key);
        }

        while (IsShort())
        {
            Remove(_byUse.First(candidate => candidate.Key != key).Key);
        }

        Remove(key);
        _byKey[key] = _byUse.AddLast(item);
        Bytes += item.Charge;
    }

    public void Remove(string key)
    {
        if (_byKey.Remove(key, out LinkedListNode<Item>? node))
        {
            _byUse.Remove(node);
            Bytes -= node.Value.Charge;
        }
    }

    public int RemoveExpired(DateTimeOffset now, string? except = null) =>
        RemoveWhere(item => item.IsExpired(now) && item.Key != except);

    public int RemoveKeysWith(char letter) => RemoveWhere(item => item.Key.Contains(letter, StringComparison.Ordinal));

    public void Clear() => RemoveWhere(_ => true);

    private int RemoveWhere(Func<Item, bool> condition)
    {
        List<Item> doomed = [.. _byUse.Where(condition)];
        doomed.ForEach(item => Remove(item.Key));
        return doomed.Count;
    }

    private sealed record Item(string Key, byte[] Value, DateTimeOffset? Deadline, TimeSpan? Sliding)
    {
        public DateTimeOffset LastUse { get; set; }

        public long Charge { get; } = BoundedCache.Storage.Charge.Of(Key.Length, Value.Length, Deadline is not null || Sliding is not null);

        public bool IsExpired(DateTimeOffset now) => now >= Deadline || now - LastUse >= Sliding;
    }
}
