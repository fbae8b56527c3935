using BoundedCache.Benchmarks.Measuring;
using BoundedCache.Benchmarks.Peers;
using BoundedCache.Benchmarks.Workloads;

namespace BoundedCache.Benchmarks.Throughput;

internal enum Mix
{
    ReadOnly,
    Reads90,
    Reads50,
    Overwrites,
    NewKeys,
}

/// <summary>What is done to a cache in a round, by how many threads, and how it is seen to have been done.</summary>
internal static class Work
{
    private const int Probes = 16;
    private const int ReadBacks = 10_000;

    public static Contestant Contestant(Peer peer, Mix mix, string[][] requests, string? name = null)
    {
        byte[] value = [];
        return new Contestant(
            name ?? peer.Name,
            () =>
            {
                // A value of its own for each round tells what this round wrote from what was there before.
                value = new byte[Workload.Value.Length];
                return Team.Time(requests.Length, thread => Do(peer, mix, requests[thread], value));
            },
            () => Check(peer, mix, requests, value));
    }

    /// <summary>Puts in what reads are to find, and sees that it stayed: nobody is timed on what it does not hold.</summary>
    public static void Fill(Peer peer, string[] keys, byte[][] values)
    {
        for (int i = 0; i < keys.Length; i++)
        {
            peer.Set(keys[i], values[i % values.Length]);
        }

        int held = keys.Count(peer.Get);
        if (held < keys.Length)
        {
            throw new RefusedException($"holds {held} of the {keys.Length} entries that it has room for");
        }
    }

    /// <summary>New keys for another round, for all who take part.</summary>
    public static void Renew(string[][] requests, int operations)
    {
        for (int thread = 0; thread < requests.Length; thread++)
        {
            requests[thread] = Workload.FreshKeys(operations);
        }

        Settle();
    }

    /// <summary>
    /// Moves what was made for a round to where the collector keeps what stays, and collects what the last round left: else
    /// whoever begins would pay for that.
    /// </summary>
    public static void Settle()
    {
        GC.Collect(1, GCCollectionMode.Forced, blocking: true);
        GC.Collect(2, GCCollectionMode.Forced, blocking: true);
    }

    public static int Operations(Mix mix, Scale scale) => mix is Mix.ReadOnly or Mix.Reads90 ? scale.Operations : scale.Operations / 2;

    private static void Do(Peer peer, Mix mix, string[] keys, byte[] value)
    {
        if (mix == Mix.ReadOnly)
        {
            peer.Read(keys);
        }
        else if (WriteEvery(mix) is int writeEvery and > 1)
        {
            peer.Mix(keys, writeEvery, value);
        }
        else
        {
            peer.Write(keys, value);
        }
    }

    /// <summary>One in how many requests is a write.</summary>
    public static int WriteEvery(Mix mix) => mix switch
    {
        Mix.ReadOnly => int.MaxValue,
        Mix.Reads90 => 10,
        Mix.Reads50 => 2,
        _ => 1,
    };

    /// <summary>Reads count their misses themselves; what was written must be found, with this round's value.</summary>
    private static void Check(Peer peer, Mix mix, string[][] requests, byte[] value)
    {
        if (mix == Mix.ReadOnly)
        {
            return;
        }

        int writeEvery = WriteEvery(mix);
        int[] lost = [.. requests.Select(keys => Lost(peer, keys, writeEvery, value))];

        // Where new keys crowd one another out, the thread that ended last must find its own; where nothing is
        // crowded out, everyone.
        int atFault = mix == Mix.NewKeys ? lost.Min() : lost.Max();
        if (atFault > 0)
        {
            throw new RefusedException($"lost {atFault} of the last values that a thread had set");
        }

        RefuseWhoDrops(peer, mix, requests);
    }

    /// <summary>Each thread sets keys of its own and finds them at once, while the others do the same.</summary>
    private static void RefuseWhoDrops(Peer peer, Mix mix, string[][] requests)
    {
        int threads = requests.Length;
        string[][] own = mix == Mix.NewKeys
            ? [.. requests.Select(keys => Workload.FreshKeys(Math.Min(ReadBacks, keys.Length)))]
            : Shares(Workload.Copies([.. requests[0].Take(ReadBacks).Distinct()]), threads);
        byte[] value = new byte[Workload.Value.Length];
        int[] dropped = new int[threads];
        Team.Time(threads, thread => dropped[thread] = own[thread].Count(key =>
        {
            peer.Set(key, value);
            return peer.Find(key) != value;
        }));

        // A thread that is suspended between the two may find that the others crowded its key out of a small cache.
        int all = own.Sum(keys => keys.Length);
        int tolerated = mix == Mix.NewKeys && threads > 1 ? all / 100 : 0;
        if (dropped.Sum() > tolerated)
        {
            throw new RefusedException($"dropped {dropped.Sum()} of {all} keys as soon as they were set");
        }
    }

    private static string[][] Shares(string[] keys, int threads) =>
        [.. Enumerable.Range(0, threads).Select(thread => keys.Where((_, index) => index % threads == thread).ToArray())];

    private static int Lost(Peer peer, string[] keys, int writeEvery, byte[] value)
    {
        int last = Peer.LastWrite(keys.Length, writeEvery);
        int probes = Math.Min(Probes, (last % Peer.Chunk / writeEvery) + 1);
        return Enumerable.Range(0, probes).Count(i => peer.Find(keys[last - (i * writeEvery)]) != value);
    }
}
