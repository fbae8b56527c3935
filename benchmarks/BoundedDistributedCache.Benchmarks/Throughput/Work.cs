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
    private const int ReadBacks = 1_000;

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

    private static int WriteEvery(Mix mix) => mix switch
    {
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

        if (mix == Mix.NewKeys)
        {
            string[] fresh = Workload.FreshKeys(Math.Min(ReadBacks, requests[0].Length));
            int dropped = fresh.Count(key =>
            {
                peer.Set(key, value);
                return peer.Find(key) != value;
            });
            if (dropped > 0)
            {
                throw new RefusedException($"dropped {dropped} of {fresh.Length} new keys as soon as they were set");
            }
        }
    }

    private static int Lost(Peer peer, string[] keys, int writeEvery, byte[] value)
    {
        int last = Peer.LastWrite(keys.Length, writeEvery);
        int probes = Math.Min(Probes, (last % Peer.Chunk / writeEvery) + 1);
        return Enumerable.Range(0, probes).Count(i => peer.Find(keys[last - (i * writeEvery)]) != value);
    }
}
