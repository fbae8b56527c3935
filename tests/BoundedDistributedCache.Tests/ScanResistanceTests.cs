using BoundedCache.Storage;
using BoundedCache.Tests.Support;
using Microsoft.Extensions.Options;
using Microsoft.Extensions.Time.Testing;

namespace BoundedCache.Tests;

/// <summary>What <see cref="EvictionPolicy.ScanResistant"/> keeps, beside what the default would.</summary>
public sealed class ScanResistanceTests
{
    [LongTheory]
    [InlineData(100, EvictionPolicy.Lru, 0, 0)]
    [InlineData(100, EvictionPolicy.ScanResistant, 50, 50)]
    [InlineData(5_000, EvictionPolicy.Lru, 0, 0)]
    [InlineData(5_000, EvictionPolicy.ScanResistant, 2_500, 2_500)]
    public void AScanOfOneTimeKeysLeavesWhatIsUsed(int maxEntries, EvictionPolicy policy, int fewestLeft, int mostLeft)
    {
        using BoundedDistributedCache cache = Make(maxEntries, policy);
        string[] used = [.. Enumerable.Range(0, maxEntries / 2).Select(i => $"used{i}")];
        SetAll(cache, used);
        for (int round = 0; round < 8; round++)
        {
            SetAll(cache, Keys($"warm{round}-", maxEntries / 16));
            Assert.All(used, key => Assert.NotNull(cache.Get(key)));
        }

        SetAll(cache, Keys("scan", 3 * maxEntries));

        IReadOnlyCollection<string> left = Integrity.Check(cache);
        Assert.Equal(maxEntries, left.Count);
        Assert.InRange(left.Count(key => key.StartsWith("used", StringComparison.Ordinal)), fewestLeft, mostLeft);
        Assert.Contains($"scan{(3 * maxEntries) - 1}", left);
    }

    [Fact]
    public void UntilItsShareIsOnProbationTheOldestOfAllGoes()
    {
        using BoundedDistributedCache cache = Make(100, EvictionPolicy.ScanResistant);
        string[] used = UsedKeys(cache, 85);
        SetAll(cache, Keys("new", 15));

        SetAll(cache, Keys("more", 5));
        Assert.Equal([.. used[5..], .. Keys("new", 15), .. Keys("more", 5)], Integrity.Check(cache).ToHashSet());

        // Twenty are on probation then, more than five in 32 and four, and the next victim is one of them.
        SetAll(cache, ["one more", "and one"]);
        Assert.Equal([.. used[5..], .. Keys("new", 15)[2..], .. Keys("more", 5), "one more", "and one"], Integrity.Check(cache).ToHashSet());
    }

    [Theory]
    [InlineData(100, 24)]
    [InlineData(2_000, 400)]
    public void WhereNewKeysAreUsedAgainALittleTooLateProbationGrowsUntilTheyAreKept(int maxEntries, int apart)
    {
        using BoundedDistributedCache cache = Make(maxEntries, EvictionPolicy.ScanResistant);
        UsedKeys(cache, maxEntries);
        string[] keys = Keys("key", 10 * maxEntries);

        bool[] wasThere = [.. Enumerable.Range(apart, keys.Length - apart).Select(i =>
        {
            cache.Set(keys[i]);
            bool isThere = cache.Get(keys[i - apart]) is not null;
            if (!isThere)
            {
                cache.Set(keys[i - apart]);
            }

            return isThere;
        })];

        Assert.Contains(wasThere[..(2 * apart)], isThere => !isThere);
        Assert.InRange(wasThere[^maxEntries..].Count(isThere => !isThere), 0, maxEntries / 50);
        Integrity.Check(cache);
    }

    [Theory]
    [InlineData(100, 83)]
    [InlineData(2_000, 1_700)]
    public void WhereUsedKeysComeBackALittleTooLateProbationShrinksUntilTheyAreKept(int maxEntries, int usedKeys)
    {
        using BoundedDistributedCache cache = Make(maxEntries, EvictionPolicy.ScanResistant);
        string[] used = UsedKeys(cache, usedKeys);
        string[] scanned = Keys("scan", 100 * usedKeys);

        bool[] wasThere = [.. scanned.Select((scan, i) =>
        {
            cache.Set(scan);
            bool isThere = cache.Get(used[i % usedKeys]) is not null;
            if (!isThere)
            {
                cache.Set(used[i % usedKeys]);
                cache.Get(used[i % usedKeys]);
            }

            return isThere;
        })];

        Assert.Contains(wasThere, isThere => !isThere);
        Assert.InRange(wasThere[^usedKeys..].Count(isThere => !isThere), 0, usedKeys / 50);
        Integrity.Check(cache);
    }

    [Fact]
    public void AnOverwriteEndsProbation()
    {
        using BoundedDistributedCache cache = Make(100, EvictionPolicy.ScanResistant);
        UsedKeys(cache, 79);
        SetAll(cache, Keys("new", 21));

        cache.Set("new0");
        SetAll(cache, Keys("scan", 300));

        Assert.Contains("new0", Integrity.Check(cache));
    }

    [Fact]
    public void WhatComesBackSoonIsKept()
    {
        using BoundedDistributedCache cache = Make(100, EvictionPolicy.ScanResistant);
        UsedKeys(cache, 79);
        SetAll(cache, Keys("new", 21));
        SetAll(cache, Keys("scan", 20));
        Assert.Null(cache.Get("new0"));

        cache.Set("new0");
        SetAll(cache, Keys("later", 300));

        Assert.NotNull(cache.Get("new0"));
        Integrity.Check(cache);
    }

    [Fact]
    public void WhatComesBackLateIsOnProbationAgain()
    {
        using BoundedDistributedCache cache = Make(100, EvictionPolicy.ScanResistant);
        UsedKeys(cache, 79);
        SetAll(cache, Keys("new", 21));
        SetAll(cache, Keys("scan", 300));

        cache.Set("new0");
        SetAll(cache, Keys("later", 300));

        Assert.Null(cache.Get("new0"));
    }

    [Fact]
    public void TheClassOfVictimsIsDecidedForTheWholeCache()
    {
        using BoundedDistributedCache cache = MakeOfTwoShards(out string[] first, out string[] second);
        SetAll(cache, first[..200]);
        SetAll(cache, second[..40]);
        Assert.All(first[..200], key => Assert.NotNull(cache.Get(key)));
        SetAll(cache, second[40..312]);
        Assert.Equal(512, cache.Count);

        // All of the first shard is used and older than what is on probation, all of it in the second.
        SetAll(cache, first[200..250]);

        IReadOnlyCollection<string> left = Integrity.Check(cache);
        Assert.Subset(left.ToHashSet(), first[..200].ToHashSet());
        Assert.Equal(50, second[..312].Except(left).Count());
    }

    [Fact]
    public void AmongShardsTheOldestOnProbationGoes()
    {
        using BoundedDistributedCache cache = MakeOfTwoShards(out string[] first, out string[] second);
        SetAll(cache, first[..256]);
        SetAll(cache, second[..256]);

        SetAll(cache, second[256..456]);

        IReadOnlyCollection<string> left = Integrity.Check(cache);
        Assert.InRange(first[..256].Except(left).Count(), 150, 200);
        Assert.Subset(left.ToHashSet(), second[100..456].ToHashSet());
    }

    [Fact]
    public void InTheGateAShardThatAloneHasAnyOnProbationKeepsWhatItUsedOfLate()
    {
        using BoundedDistributedCache cache = MakeOfTwoShards(out string[] first, out string[] second, maxBytes: 100_000);
        SetAll(cache, [.. first[..200], .. second[..60], .. first[200..220]]);
        Assert.All(first[..200], key => Assert.NotNull(cache.Get(key)));
        SetAll(cache, first[220..240]);
        Assert.All(second[..60], key => Assert.NotNull(cache.Get(key)));

        // A few more than their share; all else is used.
        SetAll(cache, second[60..124]);
        Assert.All(first[200..240], key => Assert.NotNull(cache.Get(key)));

        cache.Set(first[240], new byte[55_000], TestCache.NoExpiry);

        IReadOnlyCollection<string> left = Integrity.Check(cache);
        Assert.Equal(second[..60].Order(), second[..60].Intersect(left).Order());
        Assert.InRange(second[60..124].Except(left).Count(), 3, 30);
        Assert.InRange(first[..200].Except(left).Count(), 50, 120);
    }

    [Fact]
    public void ATenantAtItsLimitEvictsItsOwnLeastRecentlyUsed()
    {
        using BoundedDistributedCache cache = Make(200, EvictionPolicy.ScanResistant, options => options.MaxEntriesPerTenant = 20);
        BoundedCachePartition acme = cache.ForTenant("acme");
        acme.Set("used long ago", [1], TestCache.NoExpiry);
        Assert.NotNull(acme.Get("used long ago"));
        for (int i = 0; i < 19; i++)
        {
            acme.Set($"key{i}", [1], TestCache.NoExpiry);
        }

        acme.Set("one more", [1], TestCache.NoExpiry);

        Assert.Null(acme.Get("used long ago"));
        Assert.NotNull(acme.Get("key0"));
        Assert.Equal(1, acme.GetStatistics().EvictionsForTenantLimit);
        Integrity.Check(cache);
    }

    [LongFact]
    public void AFloodByOneTenantLeavesWhatOthersUse()
    {
        using BoundedDistributedCache cache = Make(2_000, EvictionPolicy.ScanResistant);
        BoundedCachePartition quiet = cache.ForTenant("quiet");
        BoundedCachePartition loud = cache.ForTenant("loud");
        for (int round = 0; round < 10; round++)
        {
            foreach (string key in Keys("key", 500))
            {
                if (quiet.Get(key) is null)
                {
                    quiet.Set(key, [1], TestCache.NoExpiry);
                }
            }

            SetAll(cache, Keys($"other{round}-", 200));
        }

        foreach (string key in Keys("flood", 10_000))
        {
            loud.Set(key, [1], TestCache.NoExpiry);
        }

        Assert.Equal(500, quiet.Count);
        Integrity.Check(cache);
    }

    [Fact]
    public void AfterClearNothingIsRemembered()
    {
        using BoundedDistributedCache cache = Make(100, EvictionPolicy.ScanResistant);
        SetAll(cache, Keys("key", 150));

        cache.Clear();
        UsedKeys(cache, 79);
        SetAll(cache, ["key49", .. Keys("new", 20), .. Keys("scan", 100)]);

        Assert.DoesNotContain("key49", Integrity.Check(cache));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(9)]
    [InlineData(30)]
    public void TheNewEntryIsAdmittedHoweverSmallTheCache(int maxEntries)
    {
        using BoundedDistributedCache cache = Make(maxEntries, EvictionPolicy.ScanResistant);
        foreach (string key in Keys("key", 200))
        {
            cache.Set(key);
            Assert.NotNull(cache.Get(key));
            cache.Set(key + "'");
            Assert.NotNull(cache.Get(key + "'"));
        }

        Assert.Equal(maxEntries, Integrity.Check(cache).Count);
    }

    [Fact]
    public void ThePolicyChargesEachEntryALittleMore()
    {
        using BoundedDistributedCache lru = Make(10, EvictionPolicy.Lru);
        using BoundedDistributedCache resistant = Make(10, EvictionPolicy.ScanResistant);
        lru.Set("key");
        resistant.Set("key");

        Assert.Equal(lru.SizeBytes + Charge.Probation, resistant.SizeBytes);
    }

    [Fact]
    public void WhatFitsIsReckonedWithWhatThePolicyCharges()
    {
        long charge = Charge.Of("key".Length, 1_000, expires: false) + Charge.Probation;
        using BoundedDistributedCache fits = TestCache.Make(10, charge, configure: Resist);
        using BoundedDistributedCache tooLarge = TestCache.Make(10, charge - 1, configure: Resist);

        fits.Set("key", new byte[1_000], TestCache.NoExpiry);
        tooLarge.Set("key", new byte[1_000], TestCache.NoExpiry);

        Assert.Equal((1, 0), (fits.Count, tooLarge.Count));
        Assert.Equal(1, tooLarge.GetStatistics().Rejections);

        static void Resist(BoundedDistributedCacheOptions options) => options.EvictionPolicy = EvictionPolicy.ScanResistant;
    }

    [LongFact]
    public void WhatASweepMovesTogetherStaysOnProbation()
    {
        FakeTimeProvider clock = new();
        using BoundedDistributedCache cache = TestCache.Make(5_000, clock: clock, configure: options => options.EvictionPolicy = EvictionPolicy.ScanResistant);
        foreach ((int i, string key) in Keys("key", 5_000).Index())
        {
            cache.Set(key, [1], TestCache.Sliding(TimeSpan.FromHours(i % 3 == 0 ? 3 : 1)));
        }

        clock.Advance(TimeSpan.FromHours(2));
        cache.RemoveExpired();

        int onProbation = Integrity.Shards(cache).Sum(shard => shard.Chunks.OfType<SlotChunk>().Sum(chunk =>
            Enumerable.Range(0, SlotChunk.Length).Count(i => chunk[i].Entry is not null && Slot.IsMarked(chunk[i].Stamp))));
        Assert.Equal(cache.Count, onProbation);
        Integrity.Check(cache);
    }

    [LongTheory]
    [InlineData(100)]
    [InlineData(3_000)]
    public void ReadersThatEndProbationWhileWritersTakeItLeaveTheCacheWhole(int maxEntries)
    {
        using BoundedDistributedCache cache = Make(maxEntries, EvictionPolicy.ScanResistant);
        int set = 0;
        Concurrently.During(
            () =>
            {
                for (int i = 0; i < 20 * maxEntries; i++)
                {
                    Volatile.Write(ref set, i);
                    cache.Set($"key{i}");
                }
            },
            () => cache.Get($"key{Volatile.Read(ref set) - Random.Shared.Next(maxEntries / 5)}"),
            () => cache.Set($"other{Random.Shared.Next(maxEntries)}"),
            () => cache.Remove($"key{Volatile.Read(ref set) - Random.Shared.Next(maxEntries)}"));

        Integrity.Check(cache);
    }

    private static BoundedDistributedCache Make(int maxEntries, EvictionPolicy policy, Action<BoundedDistributedCacheOptions>? configure = null) =>
        TestCache.Make(maxEntries, configure: options =>
        {
            options.EvictionPolicy = policy;
            configure?.Invoke(options);
        });

    private static BoundedDistributedCache MakeOfTwoShards(out string[] first, out string[] second, long maxBytes = 100_000_000)
    {
        KeyHasher hasher = new(seed: 1);
        ILookup<bool, string> byShard = Keys("key", 2_000).ToLookup(key => hasher.Hash(key) >> 63 == 0);
        (first, second) = ([.. byShard[true]], [.. byShard[false]]);
        BoundedDistributedCacheOptions options = new() { MaxEntries = 512, MaxBytes = maxBytes, EvictionPolicy = EvictionPolicy.ScanResistant };
        return new BoundedDistributedCache(Options.Create(options), null, null, null, hasher);
    }

    /// <summary>Sets keys and uses each, oldest first, in a cache whose order is exact.</summary>
    private static string[] UsedKeys(BoundedDistributedCache cache, int count)
    {
        string[] keys = Keys("used", count);
        SetAll(cache, keys);
        Assert.All(keys, key => Assert.NotNull(cache.Get(key)));
        return keys;
    }

    private static string[] Keys(string prefix, int count) => [.. Enumerable.Range(0, count).Select(i => $"{prefix}{i}")];

    private static void SetAll(BoundedDistributedCache cache, IEnumerable<string> keys)
    {
        foreach (string key in keys)
        {
            cache.Set(key);
        }
    }
}
