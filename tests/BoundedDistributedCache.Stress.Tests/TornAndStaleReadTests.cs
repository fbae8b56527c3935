using BoundedCache.Stress.Tests.Support;
using Microsoft.Extensions.Caching.Distributed;

namespace BoundedCache.Stress.Tests;

/// <summary>
/// Whatever else goes on, a read gives a whole value of its own key, and none that is older than what was there when
/// the read began, or than one which the thread has seen.
/// </summary>
public sealed class TornAndStaleReadTests
{
    private const int Keys = 600;
    private const int Writers = 3;
    private const int Crowd = 20_000;

    public static TheoryData<string, int, long, int, int, bool, EvictionPolicy> Shapes => new()
    {
        // name, entries, bytes, tenants, longest value, values isolated, policy
        { "one shard, evicting", 64, 1L << 30, 0, 300, false, EvictionPolicy.ScanResistant },
        { "many shards, evicting", 4_096, 1L << 30, 0, 300, false, EvictionPolicy.Lru },
        { "tables grow and shrink, nothing is evicted", 1_000_000, 1L << 30, 0, 300, false, EvictionPolicy.Lru },
        { "bytes bind, long values", int.MaxValue, 4_000_000, 0, 100_000, false, EvictionPolicy.Lru },
        { "tenants at their limits", 20_000, 1L << 30, 3, 300, false, EvictionPolicy.Lru },
        { "values isolated", 4_096, 1L << 30, 1, 3_000, true, EvictionPolicy.ScanResistant },
    };

    [Theory]
    [MemberData(nameof(Shapes))]
    public void AValueIsNeverTornNorAnothersNorStale(string shape, int maxEntries, long maxBytes, int tenants, int longest, bool isolates, EvictionPolicy policy)
    {
        using BoundedDistributedCache cache = TestCache.Make(maxEntries, maxBytes, configure: options =>
        {
            options.IsolateValues = isolates;
            options.EvictionPolicy = policy;
            options.MaxEntriesPerTenant = 150;
        });
        IBufferDistributedCache[] partitions = [cache, .. Enumerable.Range(0, tenants).Select(t => cache.ForTenant("tenant" + t))];
        string[] names = [.. Enumerable.Range(0, Keys).Select(i => $"key{i}")];
        Ledger ledger = new(partitions.Length * Keys);
        long[] hits = new long[Math.Max(2, Environment.ProcessorCount)];

        // Half a minute for all shapes together in full.
        using Crew crew = new(TimeSpan.FromMilliseconds(TestScale.Of(quick: 700, full: 5_000)));
        for (int w = 0; w < Writers; w++)
        {
            int me = w;
            crew.Add(running => Write(me, new Random(me), running));
        }

        for (int r = 0; r < hits.Length; r++)
        {
            int me = r;
            crew.Add(running => hits[me] = Read(new Random(100 + me), running));
        }

        crew.Add(running =>
        {
            while (running())
            {
                for (int i = 0; i < Crowd && running(); i++)
                {
                    cache.Set("crowd" + i);
                }

                cache.RemoveByPattern("crowd*");
            }
        });
        crew.Add(running =>
        {
            while (running())
            {
                cache.RemoveExpired();
                partitions[^1].Refresh(names[0]);
                cache.RemoveByPattern("key?3");
                Thread.Yield();
            }
        });

        crew.Run();

        Assert.All(hits, count => Assert.True(count > 0, $"{shape}: a reader found nothing."));
        cache.RemoveExpired();
        Integrity.Check(cache);
        CheckedReader last = new(ledger, new Random(0), isolates);
        for (int key = 0; key < ledger.Keys; key++)
        {
            Assert.True(last.Read(partitions[key / Keys], names[key % Keys], key) is not { } version || version == ledger.Ended(key));
        }

        // A few keys are used most.
        int PickKey(Random random) => (random.Next(partitions.Length) * Keys) + (int)(Keys * Math.Pow(random.NextDouble(), 3));

        long Read(Random random, Func<bool> running)
        {
            CheckedReader reader = new(ledger, random, isolates);
            long found = 0;
            while (running())
            {
                int key = PickKey(random);
                found += reader.Read(partitions[key / Keys], names[key % Keys], key) is null ? 0 : 1;
            }

            reader.LetGo();
            return found;
        }

        void Write(int me, Random random, Func<bool> running)
        {
            CheckedWriter writer = new(ledger, random, isolates);
            CheckedReader reader = new(ledger, random, isolates);
            while (running())
            {
                int key = PickKey(random);
                key += (me - (key % Writers) + Writers) % Writers;
                if (key >= ledger.Keys)
                {
                    continue;
                }

                IBufferDistributedCache partition = partitions[key / Keys];
                string name = names[key % Keys];
                if (random.Next(20) == 0)
                {
                    writer.Remove(partition, name, key);
                }
                else
                {
                    writer.Set(partition, name, key, random.Next(random.Next(10) == 0 ? longest : 200), Expiry(random));
                }

                reader.Read(partition, name, key);
            }

            reader.LetGo();
        }
    }

    private static DistributedCacheEntryOptions Expiry(Random random) => random.Next(6) switch
    {
        0 => TestCache.Sliding(TimeSpan.FromMilliseconds(random.Next(1, 20))),
        1 => TestCache.Relative(TimeSpan.FromMilliseconds(random.Next(1, 40))),
        _ => TestCache.NoExpiry,
    };
}
