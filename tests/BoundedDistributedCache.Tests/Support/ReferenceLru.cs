namespace BoundedCache.Tests.Support;

/// <summary>
/// What the cache is to do, written as plainly as possible: a list in the order of use, and the two limits. One thread
/// at a time.
/// </summary>
internal class ReferenceLru(int maxEntries, long maxBytes)
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
        node.Value.IsOnProbation = false;
        _byUse.Remove(node);
        _byUse.AddLast(node);
        return node.Value.Value;
    }

    public void Set(string key, byte[] value, TimeSpan? lifetime, TimeSpan? sliding, DateTimeOffset now)
    {
        Item item = new(key, value, now + lifetime, sliding, PolicyCharge) { LastUse = now };
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
            Remove(Victim([.. _byUse], key).Key);
        }

        item.IsOnProbation = replaced is null && BeginsOnProbation(key);
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

    public int RemoveExpired(DateTimeOffset now)
    {
        int removed = RemoveExpired(now, except: null);
        Trim();
        return removed;
    }

    public int RemoveKeysWith(char letter) => RemoveMany(item => item.Key.Contains(letter, StringComparison.Ordinal));

    public void Clear() => RemoveMany(_ => true);

    /// <summary>What the policy charges each entry.</summary>
    protected virtual long PolicyCharge => 0;

    /// <summary>Which entry goes, but that of a key.</summary>
    protected virtual Item Victim(IReadOnlyList<Item> byUse, string keep) => byUse.First(candidate => candidate.Key != keep);

    protected virtual bool BeginsOnProbation(string key) => false;

    /// <summary>Gives back what fewer entries don't need.</summary>
    protected virtual void Trim()
    {
    }

    private int RemoveExpired(DateTimeOffset now, string? except) =>
        RemoveWhere(item => item.IsExpired(now) && item.Key != except);

    private int RemoveMany(Func<Item, bool> condition)
    {
        int removed = RemoveWhere(condition);
        if (removed > 0)
        {
            Trim();
        }

        return removed;
    }

    private int RemoveWhere(Func<Item, bool> condition)
    {
        List<Item> doomed = [.. _byUse.Where(condition)];
        doomed.ForEach(item => Remove(item.Key));
        return doomed.Count;
    }

    protected sealed record Item(string Key, byte[] Value, DateTimeOffset? Deadline, TimeSpan? Sliding, long PolicyCharge)
    {
        public DateTimeOffset LastUse { get; set; }

        public bool IsOnProbation { get; set; }

        public long Charge { get; } = PolicyCharge + BoundedCache.Storage.Charge.Of(Key.Length, Value.Length, Deadline is not null || Sliding is not null);

        public bool IsExpired(DateTimeOffset now) => now >= Deadline || now - LastUse >= Sliding;
    }
}
