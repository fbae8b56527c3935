using BoundedCache.Storage;
using BoundedCache.Tests.Support;

namespace BoundedCache.Tests;

/// <summary>The limits hold at every instant, in shapes where entries bind and in shapes where bytes bind.</summary>
public sealed class BoundTests
{
    private const int Threads = 8;

    [Theory]
    [InlineData(1)]
    [InlineData(10)]
    [InlineData(10_000)]
    [InlineData(100_003)]
    public void ExactlyMaxEntriesDistinctKeysFit(int maxEntries)
    {
        using BoundedDistributedCache cache = TestCache.Make(maxEntries);

        for (int i = 0; i < maxEntries; i++)
        {
            cache.Set("key" + i);
        }

        Assert.Equal(maxEntries, cache.Count);
        Assert.Equal(maxEntries, Enumerable.Range(0, maxEntries).Count(i => cache.Get("key" + i) is not null));
        Assert.Equal(0, cache.GetStatistics().Evictions);
        cache.Set("one more");
        Assert.Equal(maxEntries, cache.Count);
        Assert.NotNull(cache.Get("one more"));
        Assert.Equal(1, cache.GetStatistics().EvictionsForEntries);
        Assert.Equal(maxEntries, Integrity.Check(cache).Count);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(10)]
    [InlineData(5_000)]
    public void ExactlyMaxBytesFit(int entries)
    {
        long charge = Charge.Of(keyLength: 8, valueLength: 100, expires: false);
        using BoundedDistributedCache cache = TestCache.Make(int.MaxValue, entries * charge);

        for (int i = 0; i < entries; i++)
        {
            cache.Set($"{i:D8}", new byte[100], TestCache.NoExpiry);
        }

        Assert.Equal(entries, cache.Count);
        Assert.Equal(entries * charge, cache.SizeBytes);
        Assert.Equal(0, cache.GetStatistics().Evictions);
        cache.Set("one more", new byte[100], TestCache.NoExpiry);
        Assert.Equal(entries, cache.Count);
        Assert.Equal(1, cache.GetStatistics().EvictionsForBytes);
        Integrity.Check(cache);
    }

    public static TheoryData<string, int, long, int[], int, EvictionPolicy> Shapes
    {
        get
        {
            TheoryData<string, int, long, int[], int, EvictionPolicy> shapes = [];
            foreach ((string name, int maxEntries, long maxBytes, int[] lengths, int keys) in ShapesOfCaches)
            {
                shapes.Add(name, maxEntries, maxBytes, lengths, keys, EvictionPolicy.Lru);
                shapes.Add(name, maxEntries, maxBytes, lengths, keys, EvictionPolicy.ScanResistant);
            }

            return shapes;
        }
    }

    private static (string Name, int MaxEntries, long MaxBytes, int[] Lengths, int Keys)[] ShapesOfCaches =>
    [
        ("entries bind in one shard", 50, 1L << 30, [0, 10, 1_000], 300),
        ("entries bind in many shards", 5_000, 1L << 30, [0, 10, 1_000], 30_000),
        ("bytes bind, small values", int.MaxValue, 1_000_000, [0, 10, 1_000], 30_000),
        ("bytes bind, values from nothing to a megabyte", int.MaxValue, 4_000_000, [0, 100, 10_000, 300_000, 1 << 20], 2_000),
        ("bytes bind, in a cache of a few shards and few entries", 2_000, 3_000_000, [0, 100, 30_000, 1 << 20], 2_000),
        ("both bind", 1_000, 500_000, [0, 100, 1_000], 4_000),
        ("values of 60 % and 100 % of the bytes", int.MaxValue, 1_000_000, [600_000 - 200, 1_000_000 - 200, 10], 60),
        ("values of 60 % and 100 % of the bytes in one shard", 100, 1_000_000, [600_000 - 200, 1_000_000 - 200, 10], 60),
    ];

    [Theory]
    [MemberData(nameof(Shapes))]
    public void NoObserverEverSeesALimitExceeded(string shape, int maxEntries, long maxBytes, int[] lengths, int keys, EvictionPolicy policy)
    {
        Assert.NotEmpty(shape);
        using BoundedDistributedCache cache = TestCache.Make(maxEntries, maxBytes, configure: options => options.EvictionPolicy = policy);
        byte[][] values = [.. lengths.Select(length => new byte[length])];
        TimeSpan duration = TimeSpan.FromMilliseconds(TestScale.Of(quick: 600, full: 4_000));
        long highestCount = 0;
        long highestBytes = 0;
        using Crew crew = new(duration);
        crew.Add(running =>
        {
            do
            {
                highestCount = Math.Max(highestCount, cache.Count);
                highestBytes = Math.Max(highestBytes, cache.SizeBytes);
            }
            while (running());
        });

        for (int t = 0; t < Threads; t++)
        {
            Random random = new(t);
            crew.Add(running =>
            {
                while (running())
                {
                    string key = "key" + random.Next(keys);
                    switch (random.Next(12))
                    {
                        case 0:
                            cache.Remove(key);
                            break;
                        case 1:
                        case 2:
                            cache.Get(key);
                            break;
                        default:
                            cache.Set(key, values[random.Next(values.Length)], random.Next(4) == 0 ? TestCache.Sliding(TimeSpan.FromMilliseconds(20)) : TestCache.NoExpiry);
                            break;
                    }
                }
            });
        }

        crew.Run();

        Assert.InRange(highestCount, 1, maxEntries);
        Assert.InRange(highestBytes, 1, maxBytes);
        Integrity.Check(cache);
    }

    [Fact]
    public void WhatWasSetLastIsThereThoughItTookTheWholeCache()
    {
        using BoundedDistributedCache cache = TestCache.Make(int.MaxValue, 1_000_000);
        for (int i = 0; i < 3_000; i++)
        {
            cache.Set("small" + i);
        }

        cache.Set("huge", new byte[1_000_000 - 200], TestCache.NoExpiry);

        Assert.NotNull(cache.Get("huge"));
        Assert.Equal(["huge"], Integrity.Check(cache));
    }

    [Fact]
    public void AValueLargerThanTheCacheIsNotStoredAndItsKeysOldValueGoes()
    {
        using BoundedDistributedCache cache = TestCache.Make(100, 10_000);
        cache.Set("key");
        cache.Set("other");

        cache.Set("key", new byte[10_000], TestCache.NoExpiry);

        Assert.Null(cache.Get("key"));
        Assert.NotNull(cache.Get("other"));
        Assert.Equal(1, cache.GetStatistics().Rejections);
        Assert.Equal(["other"], Integrity.Check(cache));
    }
}
