using System.Globalization;
using BoundedCache.Benchmarks.Peers;
using BoundedCache.Benchmarks.Workloads;
using Microsoft.Extensions.Caching.Distributed;

namespace BoundedCache.Benchmarks.HitRatios;

/// <summary>What is known of the traces: whoever replays them must come to it.</summary>
internal static class KnownAnswers
{
    private const long MiB = 1 << 20;

    private static readonly (string Trace, int Entries, double Percent)[] Lru =
    [
        ("web12", 500, 55.78), ("web12", 1_000, 64.73), ("web12", 2_000, 72.56),
        ("oltp", 1_000, 32.83), ("oltp", 2_000, 42.47), ("oltp", 5_000, 53.65), ("oltp", 10_000, 60.70), ("oltp", 15_000, 64.63),
        ("gli", 1_000, 11.21),
        ("sprite", 200, 39.88), ("sprite", 1_000, 90.64),
        ("zipf-1.0", 50, 46.00), ("zipf-1.0", 100, 57.53),
    ];

    /// <summary>Of cloudphysics, by bytes of objects alone, from 128 MiB up in steps of as much.</summary>
    private static readonly long[] MissesByBytes = [93_374, 89_783, 83_572, 81_722, 72_494, 72_104, 71_972, 71_704];

    /// <summary>Of weblog, where an entry lives until it was idle for some minutes.</summary>
    private static readonly (int Minutes, long Hits, int Largest)[] TimeToIdle =
    [
        (1, 13_112, 229), (5, 26_498, 706), (15, 36_188, 1_637), (30, 41_918, 2_652), (45, 44_985, 3_359), (60, 47_102, 3_867),
    ];

    /// <returns>A line for each answer that came out otherwise, and how many came out right.</returns>
    public static (IReadOnlyList<string> Wrong, int Right) Check(IEnumerable<Trace> traces)
    {
        List<string> wrong = [];
        int right = 0;
        foreach (Trace trace in traces)
        {
            foreach ((string name, int entries, double percent) in Lru.Where(known => known.Trace == trace.Name))
            {
                double found = 100.0 * ExactLru.Hits(trace.Keys, trace.KeyCount, entries) / trace.Keys.Length;
                Compare($"{name} @{entries}, exact LRU, hit %", percent.ToString("F2", CultureInfo.InvariantCulture), found.ToString("F2", CultureInfo.InvariantCulture));
            }

            if (trace is { Name: "cloudphysics", Sizes: { } sizes })
            {
                uint[] sizeOf = SizeOf(trace.Keys, sizes, trace.KeyCount);
                for (int step = 0; step < MissesByBytes.Length; step++)
                {
                    long hits = ExactLru.Hits(trace.Keys, trace.KeyCount, int.MaxValue, (step + 1) * 128 * MiB, key => sizeOf[key]);
                    Compare($"cloudphysics, {(step + 1) * 128} MiB, exact LRU, misses", MissesByBytes[step], trace.Keys.Length - hits);
                }
            }

            if (trace is { Name: "weblog", Seconds: { } seconds })
            {
                foreach ((int minutes, long hits, int largest) in TimeToIdle)
                {
                    (long foundHits, int foundLargest) = ReplayIdle(trace.Keys, seconds, TimeSpan.FromMinutes(minutes));
                    Compare($"weblog, {minutes} minutes idle, {PeerSet.Bounded}, hits", hits, foundHits);
                    Compare($"weblog, {minutes} minutes idle, {PeerSet.Bounded}, largest size", largest, foundLargest);
                }
            }
        }

        return (wrong, right);

        void Compare<T>(string what, T known, T found)
            where T : IEquatable<T>
        {
            if (known.Equals(found))
            {
                right++;
            }
            else
            {
                wrong.Add($"{what}: {found} instead of {known}");
            }
        }
    }

    public static uint[] SizeOf(uint[] keys, uint[] sizes, int keyCount)
    {
        uint[] sizeOf = new uint[keyCount];
        for (int i = 0; i < keys.Length; i++)
        {
            sizeOf[keys[i]] = sizes[i];
        }

        return sizeOf;
    }

    /// <summary>The real cache without a limit that binds, with a clock that follows the trace.</summary>
    private static (long Hits, int Largest) ReplayIdle(uint[] keys, uint[] seconds, TimeSpan idle)
    {
        ManualClock clock = new();
        using BoundedDistributedCache cache = PeerSet.MakeBounded(1_000_000, clock: clock);
        DistributedCacheEntryOptions expiry = new() { SlidingExpiration = idle };
        uint now = 0;
        long hits = 0;
        int largest = 0;
        for (int i = 0; i < keys.Length; i++)
        {
            if (seconds[i] != now)
            {
                clock.Advance(TimeSpan.FromSeconds(seconds[i] - now));
                now = seconds[i];
                cache.RemoveExpired();
            }

            string key = keys[i].ToString(CultureInfo.InvariantCulture);
            if (cache.Get(key) is not null)
            {
                hits++;
            }
            else
            {
                cache.Set(key, [], expiry);
                largest = Math.Max(largest, cache.Count);
            }
        }

        return (hits, largest);
    }
}
