namespace BoundedCache.Redis;

/// <summary>
/// Drop messages that may not have been published, since the write that they belong to got no answer. Bounded: beyond that
/// it is one message that tells to drop everything.
/// </summary>
internal sealed class UnsentDrops
{
    internal const int MaxNames = 1_024;

    private readonly Lock _lock = new();
    private readonly HashSet<string> _names = new(StringComparer.Ordinal);
    private bool _isAll;

    internal int Count
    {
        get
        {
            lock (_lock)
                return _isAll ? 1 : _names.Count;
        }
    }

    internal void Add(string name)
    {
        lock (_lock)
        {
            if (_isAll)
                return;
            _names.Add(name);
            if (_names.Count > MaxNames)
                AddAllUnderLock();
        }
    }

    internal void AddAll()
    {
        lock (_lock)
            AddAllUnderLock();
    }

    /// <summary>Takes all out, for whoever sends them; he puts back what he could not send.</summary>
    /// <returns>Whether everything is to be dropped, else which names.</returns>
    internal (bool IsAll, string[] Names) TakeAll()
    {
        lock (_lock)
        {
            (bool, string[]) taken = (_isAll, [.. _names]);
            _isAll = false;
            _names.Clear();
            return taken;
        }
    }

    private void AddAllUnderLock()
    {
        _isAll = true;
        _names.Clear();
        _names.TrimExcess();
    }
}
