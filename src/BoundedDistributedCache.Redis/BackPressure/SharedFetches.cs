using System.Collections.Concurrent;

namespace BoundedCache.Redis;

/// <summary>The reads that are under way, at most one that callers may join for each key.</summary>
/// <remarks>
/// A caller joins a fetch only if the key's version has not moved since the fetch began. Otherwise this node may have
/// written the key meanwhile, and a caller that comes after its own write must not get what was there before; it starts a
/// fetch of its own, which those who come later join.
/// </remarks>
internal sealed class SharedFetches(CopyVersions versions)
{
    private readonly ConcurrentDictionary<string, Fetch> _fetches = new(StringComparer.Ordinal);
    private long _joined;

    internal int Count => _fetches.Count;

    /// <summary>How many reads were answered by another caller's fetch.</summary>
    internal long Joined => Interlocked.Read(ref _joined);

    /// <param name="name">The key's name in Redis.</param>
    /// <param name="hash">The key's hash in the near tier.</param>
    /// <param name="canLeave">Whether the caller may leave before it is at its end.</param>
    /// <param name="fetch">What the caller waits for.</param>
    /// <returns>Whether it is a new one, which the caller is to run to its end, and then <see cref="End"/>.</returns>
    internal bool TryStart(string name, int hash, bool canLeave, out Fetch fetch)
    {
        while (true)
        {
            var ticket = versions.Current(hash);
            if (_fetches.TryGetValue(name, out var current) && current.Ticket == ticket && current.TryJoin())
            {
                Interlocked.Increment(ref _joined);
                fetch = current;
                return false;
            }

            fetch = new Fetch(ticket, canLeave);
            if (current is null ? _fetches.TryAdd(name, fetch) : _fetches.TryUpdate(name, fetch, current))
                return true;
            fetch.Dispose();
        }
    }

    internal void End(string name, Fetch fetch)
    {
        _fetches.TryRemove(new KeyValuePair<string, Fetch>(name, fetch));
        fetch.Dispose();
    }
}
