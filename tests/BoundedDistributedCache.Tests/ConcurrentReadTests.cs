using System.Buffers.Binary;
using BoundedCache.Tests.Support;

namespace BoundedCache.Tests;

/// <summary>What readers may rely on while others write.</summary>
public sealed class ConcurrentReadTests
{
    private static readonly TimeSpan Duration = TimeSpan.FromMilliseconds(TestScale.Of(quick: 1_500, full: 15_000));

    [Theory]
    [InlineData(200)]
    [InlineData(1_000_000)]
    public void KeysThatAreAlwaysThereAreNeverMissedWhileTablesGrowAndShrink(int maxEntries)
    {
        // Few enough others that nothing is ever evicted; their coming and going rebuilds the tables all the time.
        using BoundedDistributedCache cache = TestCache.Make(maxEntries);
        int others = Math.Min(maxEntries - 20, 20_000);
        string[] always = [.. Enumerable.Range(0, 20).Select(i => "always" + i)];
        foreach (string key in always)
        {
            cache.Set(key);
        }

        using Crew crew = new(Duration);
        crew.Add(running =>
        {
            while (running())
            {
                for (int i = 0; i < others && running(); i++)
                {
                    cache.Set("other" + i);
                }

                cache.RemoveByPattern("other*");
            }
        });
        crew.Add(running =>
        {
            Random random = new(1);
            while (running())
            {
                cache.Set(always[random.Next(always.Length)]);
            }
        });
        for (int t = 0; t < 2; t++)
        {
            crew.Add(running =>
            {
                while (running())
                {
                    foreach (string key in always)
                    {
                        Assert.NotNull(cache.Get(key));
                    }
                }
            });
        }

        crew.Run();

        Assert.Equal(0, cache.GetStatistics().Evictions);
        Integrity.Check(cache);
    }

    [Theory]
    [InlineData(64)]
    [InlineData(4_096)]
    public void AValueIsNeverTornNorAnothersNorOlderThanOneSeenBefore(int maxEntries)
    {
        // Each key has one writer, who counts its versions up; a value names its key and its version at both ends.
        const int KeysPerWriter = 1_000;
        const int Writers = 3;
        using BoundedDistributedCache cache = TestCache.Make(maxEntries);
        string[] keys = [.. Enumerable.Range(0, Writers * KeysPerWriter).Select(i => "key" + i)];
        using Crew crew = new(Duration);
        for (int w = 0; w < Writers; w++)
        {
            int writer = w;
            crew.Add(running =>
            {
                Random random = new(writer);
                long version = 0;
                while (running())
                {
                    int key = (writer * KeysPerWriter) + random.Next(KeysPerWriter);
                    if (random.Next(20) == 0)
                    {
                        cache.Remove(keys[key]);
                    }
                    else
                    {
                        cache.Set(keys[key], ValueOf(key, ++version, random.Next(200)), TestCache.NoExpiry);
                        if (cache.Get(keys[key]) is { } own)
                        {
                            Assert.Equal(version, VersionIn(own, key));
                        }
                    }
                }
            });
        }

        for (int r = 0; r < 3; r++)
        {
            int reader = r;
            crew.Add(running =>
            {
                Random random = new(100 + reader);
                long[] seen = new long[keys.Length];
                while (running())
                {
                    int key = random.Next(keys.Length);
                    if (cache.Get(keys[key]) is { } value)
                    {
                        long version = VersionIn(value, key);
                        Assert.InRange(version, seen[key], long.MaxValue);
                        seen[key] = version;
                    }
                }
            });
        }

        crew.Add(running =>
        {
            while (running())
            {
                cache.RemoveByPattern("key1?7");
                cache.RemoveExpired();
                Thread.Yield();
            }
        });

        crew.Run();

        Integrity.Check(cache);
    }

    private static byte[] ValueOf(int key, long version, int padding)
    {
        byte[] value = new byte[24 + padding];
        BinaryPrimitives.WriteInt32LittleEndian(value, key);
        BinaryPrimitives.WriteInt64LittleEndian(value.AsSpan(4), version);
        BinaryPrimitives.WriteInt64LittleEndian(value.AsSpan(value.Length - 8), version);
        return value;
    }

    private static long VersionIn(byte[] value, int key)
    {
        Assert.Equal(key, BinaryPrimitives.ReadInt32LittleEndian(value));
        long version = BinaryPrimitives.ReadInt64LittleEndian(value.AsSpan(4));
        Assert.Equal(version, BinaryPrimitives.ReadInt64LittleEndian(value.AsSpan(value.Length - 8)));
        return version;
    }
}
