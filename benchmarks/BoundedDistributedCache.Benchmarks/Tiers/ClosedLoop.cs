using System.Buffers.Binary;
using System.Diagnostics;
using BoundedCache.Benchmarks.Measuring;
using BoundedCache.Benchmarks.Workloads;
using Microsoft.Extensions.Caching.Distributed;

namespace BoundedCache.Benchmarks.Tiers;

/// <summary>
/// Callers of several nodes, each of whom asks for the next thing when it has been given the last: a write counts when it was
/// acknowledged. All that they do is written down, and looked at afterwards.
/// </summary>
internal sealed class ClosedLoop
{
    private readonly IReadOnlyList<IDistributedCache> _nodes;
    private readonly string[] _keys;
    private readonly int[][] _requests;
    private readonly TimeSpan _maxStaleness;
    private readonly List<Done[]> _rounds = [];

    /// <param name="nodes">Who is asked; the callers are shared out among them.</param>
    /// <param name="keys">The keys, in the order in which they are filled in.</param>
    /// <param name="requests">By <see cref="Requests"/>.</param>
    /// <param name="maxStaleness">For how long a read may return what is out of date.</param>
    public ClosedLoop(IReadOnlyList<IDistributedCache> nodes, string[] keys, int[][] requests, TimeSpan maxStaleness) =>
        (_nodes, _keys, _requests, _maxStaleness) = (nodes, keys, requests, maxStaleness);

    public static DistributedCacheEntryOptions Expiry { get; } = new() { AbsoluteExpirationRelativeToNow = TimeSpan.FromHours(1) };

    /// <summary>How many requests a round has.</summary>
    public long Count => _requests.Sum(own => (long)own.Length);

    /// <summary>How many of them read.</summary>
    public long Reads => _requests.Sum(own => own.LongCount(request => request >= 0));

    /// <summary>What each caller asks for: the number of a key, or the complement of one that it writes.</summary>
    public static int[][] Requests(int keys, int callers, int each, int percentOfWrites)
    {
        // The order of keys is that in which they were filled in; popularity has nothing to do with it.
        int[] byRank = [.. Enumerable.Range(0, keys)];
        new Random(17).Shuffle(byRank);
        return
        [
            .. Enumerable.Range(0, callers).Select(caller =>
            {
                Zipf zipf = new(keys, Workload.Skew, seed: 42 + caller);
                Random random = new(caller);
                return Enumerable.Range(0, each).Select(_ => byRank[zipf.Next()]).Select(key => random.Next(100) < percentOfWrites ? ~key : key).ToArray();
            }),
        ];
    }

    /// <summary>Writes each key once.</summary>
    public void Fill() => Run([.. _requests.Select((_, caller) => Enumerable.Range(0, _keys.Length).Where(key => key % _requests.Length == caller).Select(key => ~key).ToArray())]);

    /// <returns>Nanoseconds from the start to the last caller's end.</returns>
    public double Run() => Run(_requests);

    /// <returns>The longest time for which something that was read had been out of date.</returns>
    /// <exception cref="RefusedException">A read broke the promise.</exception>
    public TimeSpan Check()
    {
        Promise promise = new(_nodes.Count, _maxStaleness);
        foreach (Done done in _rounds.SelectMany(round => round).Where(done => done.Request < 0))
        {
            promise.Wrote(~done.Request, done.Value, NodeOf(done.Caller), done.Begin, done.End);
        }

        return _rounds
            .SelectMany(round => round)
            .Where(done => done.Request >= 0)
            .Select(done => promise.StalenessOf(done.Request, done.Value == Done.Missed ? null : done.Value, NodeOf(done.Caller), done.Begin))
            .DefaultIfEmpty()
            .Max();
    }

    private int NodeOf(int caller) => caller % _nodes.Count;

    private double Run(int[][] requests)
    {
        Done[] round = new Done[requests.Sum(own => own.Length)];
        long begin = Stopwatch.GetTimestamp();
        int offset = 0;
        Task[] callers = new Task[requests.Length];
        for (int caller = 0; caller < callers.Length; caller++)
        {
            (int who, int from) = (caller, offset);
            long firstValue = ((long)_rounds.Count << 32) + from;
            callers[caller] = Task.Run(() => CallAsync(who, requests[who], round.AsMemory(from, requests[who].Length), firstValue));
            offset += requests[caller].Length;
        }

        try
        {
            Task.WhenAll(callers).GetAwaiter().GetResult();
        }
        catch (Exception exception)
        {
            throw new RefusedException($"failed a request: {exception.Message}", exception);
        }

        double time = Stopwatch.GetElapsedTime(begin).TotalNanoseconds;
        _rounds.Add(round);
        return time;
    }

    private async Task CallAsync(int caller, int[] requests, Memory<Done> log, long firstValue)
    {
        IDistributedCache node = _nodes[NodeOf(caller)];
        for (int i = 0; i < requests.Length; i++)
        {
            int request = requests[i];

            // As a web request brings it: no instance that a node holds already.
            string key = new(_keys[request >= 0 ? request : ~request].AsSpan());
            long value = firstValue + i;
            long begin = Stopwatch.GetTimestamp();
            long end = 0;
            if (request >= 0)
            {
                byte[]? found = await node.GetAsync(key);
                value = found is null ? Done.Missed : BinaryPrimitives.ReadInt64LittleEndian(found);
            }
            else
            {
                byte[] bytes = new byte[Workload.Value.Length];
                BinaryPrimitives.WriteInt64LittleEndian(bytes, value);
                await node.SetAsync(key, bytes, Expiry);
                end = Stopwatch.GetTimestamp();
            }

            log.Span[i] = new Done(caller, request, value, begin, end);
        }
    }

    /// <param name="Caller">Who.</param>
    /// <param name="Request">What was asked for.</param>
    /// <param name="Value">What was read or written.</param>
    /// <param name="Begin">When it was asked for.</param>
    /// <param name="End">When a write was acknowledged.</param>
    private readonly record struct Done(int Caller, int Request, long Value, long Begin, long End)
    {
        public const long Missed = -1;
    }
}
