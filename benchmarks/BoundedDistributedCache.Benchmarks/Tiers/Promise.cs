using System.Diagnostics;
using BoundedCache.Benchmarks.Measuring;

namespace BoundedCache.Benchmarks.Tiers;

/// <summary>
/// All that nodes wrote, and what a read may return in view of it. A value is out of date from the moment at which a write was
/// acknowledged that began after the value's own had been. The node that wrote what is newer must not return it any more then,
/// and the others only for as long as was promised.
/// </summary>
internal sealed class Promise(int nodes, TimeSpan maxStaleness)
{
    private readonly Dictionary<long, Write> _byValue = [];
    private readonly Dictionary<int, List<Write>> _byKey = [];
    private readonly Dictionary<int, Order> _orders = [];

    /// <summary>Of an acknowledged write; each value is written once.</summary>
    public void Wrote(int key, long value, int node, long begin, long acknowledged)
    {
        Write write = new(key, node, begin, acknowledged);
        _byValue.Add(value, write);
        if (!_byKey.TryGetValue(key, out List<Write>? writes))
        {
            _byKey.Add(key, writes = []);
        }

        writes.Add(write);
        _orders.Remove(key);
    }

    /// <summary>Looks at a read, once all writes are known that were acknowledged before it began.</summary>
    /// <returns>For how long what it returned had been out of date; zero where it was not.</returns>
    /// <exception cref="RefusedException">It broke the promise.</exception>
    public TimeSpan StalenessOf(int key, long? value, int node, long begin)
    {
        if (value is not { } read)
        {
            throw new RefusedException("a read missed what had been written");
        }

        if (!_byValue.TryGetValue(read, out Write? source) || source.Key != key)
        {
            throw new RefusedException("a read returned what nobody had written to its key");
        }

        if (!_orders.TryGetValue(key, out Order? order))
        {
            _orders.Add(key, order = new Order(_byKey[key], nodes));
        }

        (long anywhere, long here) = order.OutOfDateSince(source.Acknowledged, node);
        if (here < begin)
        {
            throw new RefusedException("a read did not see what its own node had written");
        }

        TimeSpan staleness = anywhere < begin ? Stopwatch.GetElapsedTime(anywhere, begin) : TimeSpan.Zero;
        return staleness <= maxStaleness ? staleness : throw new RefusedException($"a read returned what had been out of date for {staleness}");
    }

    private sealed record Write(int Key, int Node, long Begin, long Acknowledged);

    /// <summary>The writes of a key as they began, each with the first acknowledgement from there on: anybody's, and each node's.</summary>
    private sealed class Order
    {
        private readonly long[] _begins;
        private readonly long[][] _first;

        public Order(List<Write> writes, int nodes)
        {
            Write[] ordered = [.. writes.OrderBy(write => write.Begin)];
            _begins = [.. ordered.Select(write => write.Begin)];
            _first = new long[nodes + 1][];
            for (int who = 0; who <= nodes; who++)
            {
                long[] first = new long[ordered.Length + 1];
                first[^1] = long.MaxValue;
                for (int i = ordered.Length - 1; i >= 0; i--)
                {
                    first[i] = who == nodes || ordered[i].Node == who ? Math.Min(first[i + 1], ordered[i].Acknowledged) : first[i + 1];
                }

                _first[who] = first;
            }
        }

        public (long Anywhere, long Here) OutOfDateSince(long acknowledged, int node)
        {
            int from = 0;
            int to = _begins.Length;
            while (from < to)
            {
                int middle = (from + to) / 2;
                (from, to) = _begins[middle] > acknowledged ? (from, middle) : (middle + 1, to);
            }

            return (_first[^1][from], _first[node][from]);
        }
    }
}
