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
    /// <param name="start">Runs a fetch to its end, and begins at once. It calls <see cref="End"/>.</param>
    /// <param name="state">Passed on.</param>
    /// <param name="isJoined">Whether another caller began it.</param>
    internal Fetch JoinOrStart<TState>(string name, int hash, Action<Fetch, CancellationTokenSource, TState> start, TState state, out bool isJoined)
    {
        while (true)
        {
            var ticket = versions.Current(hash);
            if (_fetches.TryGetValue(name, out var current) && current.Ticket == ticket && current.TryJoin())
            {
                Interlocked.Increment(ref _joined);
                isJoined = true;
                return current;
            }

#pragma warning disable CA2000 // whoever runs the fetch disposes it
            var abandoned = new CancellationTokenSource();
#pragma warning restore CA2000
            var fetch = new Fetch(ticket, abandoned);
            if (current is null ? _fetches.TryAdd(name, fetch) : _fetches.TryUpdate(name, fetch, current))
            {
                start(fetch, abandoned, state);
                isJoined = false;
                return fetch;
            }

            abandoned.Dispose();
        }
    }

    internal void End(string name, Fetch fetch) => _fetches.TryRemove(new KeyValuePair<string, Fetch>(name, fetch));
}
