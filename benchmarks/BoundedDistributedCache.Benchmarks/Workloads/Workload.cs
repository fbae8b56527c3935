using BoundedCache.Benchmarks.Peers;
using Microsoft.Extensions.Caching.Distributed;

namespace BoundedCache.Benchmarks.Workloads;

/// <summary>The entries and requests that the figures are about.</summary>
internal static class Workload
{
    public const double Skew = 0.99;
    public const int KeyLength = 26;

    public static readonly DistributedCacheEntryOptions Never = new();
    public static readonly DistributedCacheEntryOptions Sliding = new() { SlidingExpiration = TimeSpan.FromMinutes(20) };
    public static readonly byte[] Value = new byte[100];

    private static long _fresh;

    public static string[] Keys(int count) => [.. Enumerable.Range(0, count).Select(i => $"some:prefix:key:{i:D10}")];

    /// <summary>Keys that no cache has seen.</summary>
    public static string[] FreshKeys(int count)
    {
        long first = Interlocked.Add(ref _fresh, count) - count;
        string[] keys = new string[count];
        for (int i = 0; i < count; i++)
        {
            keys[i] = $"some:fresh:key:{first + i:D11}";
        }

        return keys;
    }

    /// <summary>
    /// What each thread asks for: its own draws, popular keys spread over the whole range. None is the instance that a
    /// cache holds, as none is that a web request brings: to compare it takes its characters.
    /// </summary>
    /// <param name="keys">The keys that are there.</param>
    /// <param name="threads">How many threads ask.</param>
    /// <param name="operations">How many requests each has.</param>
    /// <param name="writeEvery">Which of the requests will be a write, see <see cref="Peer.IsWrite"/>.</param>
    public static string[][] Requests(string[] keys, int threads, int operations, int writeEvery = int.MaxValue)
    {
        // The order of keys is that in which they were filled in; popularity has nothing to do with it.
        string[] byRank = [.. keys];
        new Random(17).Shuffle(byRank);
        string[] read = Copies(byRank);
        return
        [
            .. Enumerable.Range(0, threads).Select(thread =>
            {
                // A cache may hold the instance of the last write: that of the next one is another.
                string[][] written = writeEvery == int.MaxValue ? [] : [Copies(byRank), Copies(byRank)];
                byte[] turns = new byte[byRank.Length];
                Zipf zipf = new(byRank.Length, Skew, seed: 42 + thread);
                string[] requests = new string[operations];
                for (int i = 0; i < operations; i++)
                {
                    int rank = zipf.Next();
                    requests[i] = Peer.IsWrite(i, writeEvery) ? written[turns[rank] ^= 1][rank] : read[rank];
                }

                return requests;
            }),
        ];
    }

    /// <summary>Other instances with the same characters.</summary>
    public static string[] Copies(string[] keys) => [.. keys.Select(key => new string(key.AsSpan()))];
}
