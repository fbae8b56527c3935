using System.Reflection;
using BoundedCache.Expiration;
using BoundedCache.Storage;
using BoundedCache.Tests.Support;

namespace BoundedCache.Tests.Storage;

public sealed class AdmissionTests
{
    private static readonly long s_small = Charge.Of("key 00".Length, 0, expires: false);

    [Fact]
    public void AsManyEntriesFitAsTheLimitSays()
    {
        var cache = new Cache(maxEntries: 100);

        for (var i = 0; i < 100; i++)
            Assert.Null(cache.Set(i * 7, $"key {i:00}"));

        Assert.Equal(100, cache.Keys().Count);
        Assert.Equal(new RoomAmount(100, 100 * s_small), cache.Used);
    }

    [Fact]
    public void AnOverwriteNeedsRoomOnlyForTheDifference()
    {
        var cache = new Cache(maxEntries: 1, maxBytes: s_small + 16);
        cache.Set(0, "key 00");

        Assert.Null(cache.Set(0, "key 00", valueLength: 16));
        Assert.Equal(new RoomAmount(1, s_small + 16), cache.Used);

        Assert.Null(cache.Set(0, "key 00"));
        Assert.Equal(new RoomAmount(1, s_small), cache.Used);
    }

    // Both take the same room, or not, while the chunk of their slot has no due times yet.
    [Theory]
    [InlineData(64, 32)]
    [InlineData(64, 64)]
    public void WhatExpiresInThePlaceOfWhatDoesNotIsDueInItsTime(int before, int after)
    {
        var cache = new Cache(maxEntries: 10);
        cache.Set(0, "key", valueLength: before);

        cache.Set(0, "key", valueLength: after, sliding: 10);

        Assert.True(cache.ShardOf(0).MayHaveExpired(new Now(10, 10)));
        Assert.Equal(1, cache.ShardOf(0).ReclaimExpired(new Now(10, 10), keep: null, int.MaxValue).Entries);
    }

    [Fact]
    public void WhenFullTheLeastRecentlyUsedGoesThoughItIsInAnotherShard()
    {
        var cache = new Cache(maxEntries: 16);
        for (var i = 0; i < 16; i++)
            cache.Set(i, $"key {i:00}");

        cache.Set(0, "own oldest");
        Assert.DoesNotContain("key 00", cache.Keys());

        cache.Set(7, "oldest elsewhere");
        Assert.DoesNotContain("key 01", cache.Keys());

        Assert.Equal(16, cache.Keys().Count);
    }

    [Fact]
    public void AShardThatHoldsNothingTakesItsRoomElsewhere()
    {
        var cache = new Cache(maxEntries: 10);
        for (var i = 0; i < 10; i++)
            cache.Set(i % 3, $"key {i:00}");

        Assert.Equal(Change.EvictionForEntries, cache.Set(3, "new"));

        Assert.Equal(["new", .. Enumerable.Range(1, 9).Select(i => $"key {i:00}")], cache.Keys().Order(StringComparer.Ordinal).OrderBy(key => key != "new"));
    }

    [LongTheory]
    [InlineData(10, 1_000)]
    [InlineData(1_000, 10)]
    public void ACacheOfFewEntriesHoldsTheLatestWhateverTheirShards(int maxEntries, int maxSmall)
    {
        var cache = new Cache(maxEntries, maxBytes: maxSmall * s_small);
        var random = new Random(1);
        for (var i = 100; i < 1_000; i++)
        {
            cache.Set(random.Next(), $"k {i:0000}");
            if (i >= 110)
            {
                Assert.Equal(10, cache.Used.Entries);
                Assert.All(cache.Keys(), key => Assert.InRange(int.Parse(key[2..]), i - 12, i));
            }
        }
    }

    [Theory]
    [InlineData(1)]
    [InlineData(8)]
    public void AUsedEntryOutlivesOnesSetLater(int shards)
    {
        var cache = new Cache(maxEntries: 20, shards: shards);
        cache.Set(0, "used");
        for (var i = 0; i < 200; i++)
        {
            cache.Set(i, $"key {i:00}");
            cache.Use(0, "used");
        }

        Assert.Contains("used", cache.Keys());
    }

    [Fact]
    public void TellsForWhichLimitALiveEntryWent()
    {
        var cache = new Cache(maxEntries: 2, maxBytes: 4 * s_small);
        cache.Set(0, "key 00");
        cache.Set(1, "key 01");

        Assert.Equal(Change.EvictionForEntries, cache.Set(2, "key 02"));
        Assert.Equal(Change.EvictionForBytes, cache.Set(2, "key 02", valueLength: (int)(3 * s_small)));
        Assert.Equal(4, cache.Changes()[Change.Set]);
        Assert.Equal(1, cache.Changes()[Change.EvictionForEntries]);
        Assert.Equal(1, cache.Changes()[Change.EvictionForBytes]);
    }

    [Fact]
    public void WhatHasExpiredGoesBeforeWhatIsAlive()
    {
        var cache = new Cache(maxEntries: 3);
        cache.Set(0, "alive");
        cache.Set(0, "expired 1", sliding: 10);
        cache.Set(0, "expired 2", sliding: 10);

        Assert.Null(cache.Set(0, "new", now: TimeSpan.TicksPerSecond));

        Assert.Equal(["alive", "new"], cache.Keys().Order());
        Assert.Equal(2, cache.Changes()[Change.EvictionExpired]);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(8)]
    public void AValueAsLargeAsTheCacheTakesThePlaceOfAllOthers(int shards)
    {
        var cache = new Cache(maxEntries: 1_000, maxBytes: 500 * s_small, shards);
        for (var i = 0; i < 500; i++)
            cache.Set(i, $"k{i}");
        cache.UseAll();

        Assert.Equal(Change.EvictionForBytes, cache.Set(3, "key 00", valueLength: (int)(499 * s_small)));

        Assert.Equal(["key 00"], cache.Keys());
        Assert.Equal(500 * s_small, cache.Used.Bytes);
    }

    /// <summary>From its own shard, from others, and, where that is much, through the gate.</summary>
    [Theory]
    [InlineData(1, 3, 0)]
    [InlineData(1, 60, 0)]
    [InlineData(8, 3, 0)]
    [InlineData(8, 10, 0)]
    [InlineData(8, 10, 4)]
    [InlineData(8, 60, 0)]
    [InlineData(8, 60, 4)]
    public void NoMoreGoesThanTheNewValueNeeds(int shards, int charges, int own)
    {
        var cache = new Cache(maxEntries: 1_000, maxBytes: 100 * s_small, shards);
        for (var i = 0; i < 100; i++)
            cache.Set(i < own ? 0 : 1 + (i % 7), $"key {i:00}");

        cache.Set(0, "large!", valueLength: (int)((charges - 1) * s_small));

        Assert.Contains("large!", cache.Keys());
        Assert.Equal(101 - charges, cache.Keys().Count);
        Assert.Equal(charges, cache.Changes()[Change.EvictionForBytes]);
        Assert.Equal(100 * s_small, cache.Used.Bytes);
    }

    // Its shard then holds nothing but the old value, and is the coldest all the while.
    [Theory]
    [InlineData(1)]
    [InlineData(8)]
    public void AKeysOwnEntryMayGrowToTheWholeCache(int shards)
    {
        var cache = new Cache(maxEntries: 1_000, maxBytes: 500 * s_small, shards);
        cache.Set(0, "key 00");
        for (var i = 1; i < 100; i++)
            cache.Set(shards == 1 ? 0 : 1, $"key {i:00}", valueLength: 64);

        cache.Set(0, "key 00", valueLength: (int)(499 * s_small));

        Assert.Equal(["key 00"], cache.Keys());
        Assert.Equal(500 * s_small, cache.Used.Bytes);
        Assert.Equal(99, cache.Changes()[Change.EvictionForBytes]);
    }

    [Fact]
    public void WhatHasExpiredGoesFirstInAnotherShardToo()
    {
        var cache = new Cache(maxEntries: 3);
        cache.Set(1, "oldest");
        cache.Set(1, "expired", sliding: 10);
        cache.Set(1, "youngest");

        Assert.Null(cache.Set(0, "new", now: 10));

        Assert.Equal(["new", "oldest", "youngest"], cache.Keys().Order(StringComparer.Ordinal));
        Assert.Equal(1, cache.Changes()[Change.EvictionExpired]);
    }

    [Theory]
    [InlineData(1, "own")]
    [InlineData(2, "older elsewhere")]
    public void AnOwnVictimGoesUnlessItIsMoreThanAnEpochYounger(int ticks, string victim)
    {
        var cache = new Cache(maxEntries: 2);
        var first = cache.Clock.Tick;
        cache.Set(1, "older elsewhere");
        cache.Set(0, "own");
        cache.ShardOf(0).Chunks[0]![0].Stamp = first + ticks;
        Assert.Equal(1, cache.Clock.EpochSpan);

        cache.Set(0, "new");

        Assert.DoesNotContain(victim, cache.Keys());
    }

    [Fact]
    public void WhetherOwnVictimsAreOldEnoughIsAskedOnceABeat()
    {
        var cache = new Cache(maxEntries: 10, maxBytes: 3 * s_small);
        cache.Set(0, "a of 0");
        cache.Tick(9);
        cache.Set(1, "c of 1");
        cache.Tick(9);
        cache.Set(0, "b of 0");

        cache.Set(0, "new 00", valueLength: (int)s_small);

        Assert.Equal(["c of 1", "new 00"], cache.Keys().Order(StringComparer.Ordinal));
    }

    // Missing two, it goes on to the next shard once what follows is more than an epoch younger than that one's.
    [Theory]
    [InlineData(0, "a of 1", "b of 1")]
    [InlineData(1, "a of 1", "a of 2")]
    [InlineData(9, "a of 1", "a of 2")]
    public void OfOtherShardsTheOldestGoToAnEpoch(int ticksBetween, string oldest, string nextOldest)
    {
        var cache = new Cache(maxEntries: 10, maxBytes: 4 * s_small);
        cache.Set(1, "a of 1");
        cache.Tick(9);
        cache.Set(2, "a of 2");
        cache.Tick(ticksBetween);
        cache.Set(1, "b of 1");
        cache.Tick(9);
        cache.Set(0, "own 00");
        cache.Tick(9);
        Assert.Equal(1, cache.Clock.EpochSpan);
        Assert.Equal(4, cache.Keys().Count);

        cache.Set(0, "new 00", valueLength: (int)s_small);

        Assert.DoesNotContain(oldest, cache.Keys());
        Assert.DoesNotContain(nextOldest, cache.Keys());
        Assert.Equal(3, cache.Keys().Count);
    }

    /// <summary>Whether it is one of the own shard's or of another's.</summary>
    [Theory]
    [InlineData(0, 0, 0, 0)]
    [InlineData(1, 2, 3, 4)]
    public void AVictimOnProbationLeavesTheOrderOfTheOthersAsItIs(int first, int second, int third, int last)
    {
        var cache = new Cache(maxEntries: 20, knowsProbation: true);
        for (var i = 0; i < 14; i++)
            cache.Set(0, $"used {i:00}");
        cache.UseAll();
        for (var i = 0; i < 6; i++)
            cache.Set(0, $"on probation {i}");

        // The first two make those on probation more than their share, so the third evicts one of them.
        cache.Set(first, "first");
        cache.Set(second, "second");
        Assert.Contains("on probation 0", cache.Keys());
        cache.Set(third, "third");
        Assert.DoesNotContain("on probation 0", cache.Keys());

        // Used, they are on probation no more.
        for (var i = 1; i < 5; i++)
            cache.Use(0, $"on probation {i}");
        cache.Set(last, "last");

        Assert.Equal(Enumerable.Range(3, 11).Select(i => $"used {i:00}"), cache.Keys().Where(key => key.StartsWith("used", StringComparison.Ordinal)).Order(StringComparer.Ordinal));
    }

    // The queue is passed over so far in a hold of the lock, and what stands behind is not found: the oldest of all goes.
    [Fact]
    public void WhereTooManyWereUsedForOneOnProbationToBeFoundNoneOfThoseIsForgotten()
    {
        for (var used = Shard.LongestBatch - 20; used <= Shard.LongestBatch + 20; used++)
        {
            var cache = new Cache(maxEntries: 2_000, maxBytes: (20 + used + 200) * s_small, shards: 1, knowsProbation: true);
            for (var i = 0; i < 20; i++)
                cache.Set(0, $"older {i:00}");
            cache.UseAll();
            cache.Tick(9);
            for (var i = 0; i < used + 200; i++)
                cache.Set(0, $"{i:000000}");
            cache.Tick(9);
            for (var i = 0; i < used; i++)
                cache.Use(0, $"{i:000000}");

            cache.Set(0, "large!", valueLength: (int)(4 * s_small));

            Assert.InRange(cache.Keys().Count(key => cache.IsOnProbation(0, key)), 0, cache.OnProbation);
        }
    }

    [Fact]
    public void WhatGoesFromProbationForAnotherShardsEntryIsRememberedToo()
    {
        var cache = new Cache(maxEntries: 20, knowsProbation: true);
        for (var i = 0; i < 20; i++)
            cache.Set(0, $"key {i:00}");
        cache.Set(1, "new");
        Assert.DoesNotContain("key 00", cache.Keys());

        cache.Set(0, "key 00");

        Assert.False(cache.IsOnProbation(0, "key 00"));
        Assert.True(cache.IsOnProbation(1, "new"));
    }

    /// <summary>Up to sixteen average charges are looked for in other shards, and beyond that one Set at a time does so.</summary>
    [Theory]
    [InlineData(1, false)]
    [InlineData(8, false)]
    [InlineData(16, false)]
    [InlineData(17, true)]
    public void OnlyWhoNeedsMuchWaitsAtTheGate(int charges, bool waits)
    {
        var cache = new Cache(maxEntries: 1_000, maxBytes: 100 * s_small);
        for (var i = 0; i < 100; i++)
            cache.Set(1 + (i % 7), $"key {i:00}");
        var writer = new Thread(() => cache.Set(0, "large!", valueLength: (int)((charges - 1) * s_small)));

        lock (cache.Gate)
        {
            writer.Start();
            if (waits)
            {
                Assert.True(SpinWait.SpinUntil(() => !writer.IsAlive || writer.ThreadState.HasFlag(ThreadState.WaitSleepJoin), TimeSpan.FromSeconds(30)), "It neither waits nor ends.");
                Assert.DoesNotContain("large!", cache.Keys());
            }
            else
            {
                Assert.True(writer.Join(TimeSpan.FromSeconds(30)), "It waits.");
            }
        }

        writer.Join();
        Assert.Contains("large!", cache.Keys());
        Assert.Equal(101 - charges, cache.Keys().Count);
    }

    [Fact]
    public void WhereThereIsOneShardItsOldestGoesWithoutTheGate()
    {
        var cache = new Cache(maxEntries: 2, shards: 1);
        cache.Set(0, "key 00");
        cache.Set(0, "key 01");
        var writer = new Thread(() => cache.Set(0, "key 02"));

        lock (cache.Gate)
        {
            writer.Start();
            Assert.True(writer.Join(TimeSpan.FromSeconds(30)), "It waits.");
        }

        Assert.Equal(["key 01", "key 02"], cache.Keys().Order(StringComparer.Ordinal));
    }

    // A shard with one entry left is not done with: that one is among the oldest too.
    [Fact]
    public void ThroughTheGateTooTheOldestGoWhateverTheirShards()
    {
        var cache = new Cache(maxEntries: 1_000, maxBytes: 40 * s_small);
        for (var i = 0; i < 40; i++)
        {
            cache.Set(i is 17 or 19 ? 1 : 2, $"key {i:00}");
            cache.Tick(9);
        }

        Assert.Equal(1, cache.Clock.EpochSpan);

        cache.Set(0, "large!", valueLength: (int)(21 * s_small));

        Assert.Equal([.. Enumerable.Range(22, 18).Select(i => $"key {i:00}"), "large!"], cache.Keys().Order(StringComparer.Ordinal));
    }

    // What it evicts, another's claim keeps it from.
    [Fact]
    public void WhoFindsNoRoomElsewhereTwiceWaitsAtTheGateToo()
    {
        var cache = new Cache(maxEntries: 40);
        for (var i = 0; i < 40; i++)
            cache.Set(1, $"key {i:00}");
        var writer = new Thread(() => cache.Set(0, "new"));

        lock (cache.Gate)
        {
            cache.Claim(new RoomAmount(40, 0));
            writer.Start();
            Assert.True(SpinWait.SpinUntil(() => cache.Used.Entries == 0 || writer.ThreadState.HasFlag(ThreadState.WaitSleepJoin), TimeSpan.FromSeconds(30)), "It neither waits nor ends.");
            cache.Claim(RoomAmount.None);
        }

        writer.Join();
        Assert.Equal(39, cache.Used.Entries);
        Assert.Equal(2, cache.Changes()[Change.EvictionForEntries]);
    }

    // Claimed by whoever is in the gate.
    [Theory]
    [InlineData(1)]
    [InlineData(8)]
    public void WhereAllRoomIsClaimedAndNothingIsHeldItWaitsForItsTurn(int shards)
    {
        var cache = new Cache(maxEntries: 10, shards: shards);
        Exception? thrown = null;
        var writer = new Thread(() => thrown = Record.Exception(() => cache.Set(0, "new")));

        lock (cache.Gate)
        {
            cache.Claim(new RoomAmount(10, 0));
            writer.Start();
            Assert.True(SpinWait.SpinUntil(() => !writer.IsAlive || writer.ThreadState.HasFlag(ThreadState.WaitSleepJoin), TimeSpan.FromSeconds(30)), "It neither waits nor ends.");
            cache.Claim(RoomAmount.None);
        }

        writer.Join();
        Assert.Null(thrown);
        Assert.Equal(["new"], cache.Keys());
    }

    /// <summary>Those that go for a crowded place are counted with those that go for want of room.</summary>
    [Theory]
    [InlineData(EntryIndex.LongestChain, 0x5EEC)]
    [InlineData(1_024, null)]
    public void AHoldOfALockTakesAVisitsVictimsThoughItsPlaceIsCrowded(int crowd, int? hash)
    {
        var cache = new Cache(maxEntries: 10_000, maxBytes: (crowd + 100) * s_small);
        for (var i = 0; i < crowd; i++)
            cache.Set(0, $"k {i:0000}", hash: hash);
        for (var i = 0; i < 100; i++)
            cache.Set(hash is null ? 1 : 0, $"k {9_000 + i}", hash: (2 * i) + 1);

        cache.Set(0, "k 9999", valueLength: (int)(11 * s_small), hash: hash);

        Assert.Contains("k 9999", cache.Keys());
        Assert.Equal(VictimRanking.VictimsPerVisit, cache.ShardOf(0).MostDone(Work.Victim));
    }

    [Fact]
    public void AHoldOfAnotherShardsLockTakesAVisitsVictimsToo()
    {
        var cache = new Cache(maxEntries: 1_000, maxBytes: 100 * s_small);
        for (var i = 0; i < 100; i++)
            cache.Set(1, $"key {i:00}");

        cache.Set(0, "large!", valueLength: (int)(59 * s_small));

        Assert.Equal(41, cache.Keys().Count);
        Assert.Equal(VictimRanking.VictimsPerVisit, cache.ShardOf(1).MostDone(Work.Victim));
    }

    /// <summary>In the one shard that there is order is exact, so nothing alive goes before all of that.</summary>
    [Theory]
    [InlineData(1, 100)]
    [InlineData(8, Shard.LongestBatch)]
    public void AHoldOfALockReclaimsABatchOrAllWhereThereIsOneShard(int shards, long reclaimed)
    {
        var cache = new Cache(maxEntries: 100, shards: shards);
        for (var i = 0; i < 100; i++)
            cache.Set(0, $"key {i:00}", sliding: 10);

        Assert.Null(cache.Set(0, "new", now: 10));

        Assert.Equal(reclaimed, cache.Changes()[Change.EvictionExpired]);
    }

    [Fact]
    public void WhatIsRemovedWhileAnOverwriteWaitsForItsShardIsNotWrittenInPlace()
    {
        var cache = new Cache(maxEntries: 10);
        cache.Set(0, "key");
        bool? isOverwritten = null;
        var writer = new Thread(() => isOverwritten = cache.TryOverwrite(0, "key", valueLength: 0));

        lock (cache.ShardOf(0).Lock)
        {
            writer.Start();
            Assert.True(SpinWait.SpinUntil(() => writer.ThreadState.HasFlag(ThreadState.WaitSleepJoin), TimeSpan.FromSeconds(30)), "Nobody waits.");
            cache.RemoveAll("key");
        }

        writer.Join();
        Assert.False(isOverwritten);
    }

    [LongTheory]
    [InlineData(1, 4)]
    [InlineData(1, 100)]
    [InlineData(8, 4)]
    [InlineData(8, 100)]
    public void AKeyThatIsOverwrittenIsNeverMissingThoughItIsTheOldest(int shards, int neighbours)
    {
        var maxBytes = (neighbours + 1) * s_small;
        var cache = new Cache(maxEntries: 1_000, maxBytes, shards);
        cache.Set(0, "key");
        var shard = cache.ShardOf(0);
        var hash = Cache.HashOf("key");

        Concurrently.During(
            () =>
            {
                for (var round = 0; round < 20_000 / neighbours; round++)
                {
                    for (var i = 0; i < neighbours; i++)
                        cache.Set(i, $"key {i:00}");
                    cache.Set(0, "key", valueLength: (int)(maxBytes - s_small));
                    cache.Set(0, "key");
                }
            },
            () => Assert.True(shard.Find("key", hash) is not null, "A key that is only overwritten was not found."));

        Assert.NotEqual(0, cache.Changes()[Change.EvictionForBytes]);
        Assert.Equal(cache.Held(), cache.Used);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(8)]
    public void TwoValuesOfMoreThanHalfTheCacheBothGetThrough(int shards)
    {
        const int MaxBytes = 100_000;
        var cache = new Cache(maxEntries: 1_000, maxBytes: MaxBytes, shards);

        Concurrently.During(
            () => Concurrently.Run(3, thread =>
            {
                var random = new Random(thread);
                for (var i = 0; i < 1_500; i++)
                {
                    var length = thread < 2 ? (int)(MaxBytes * 0.6) : random.Next(2_000);
                    cache.Set(random.Next(8), $"{thread}:{i % 10}", length);
                }
            }),
            () => Assert.InRange(cache.Used.Bytes, 0, MaxBytes));

        Assert.Equal(4_500, cache.Changes()[Change.Set]);
        Assert.Equal(cache.Held(), cache.Used);
    }

    // The thread in the gate is held up at a shard, by its lock, with its claim made.
    [Fact]
    public void AClaimKeepsOthersFromTheBudgetsButNotFromTheirOwnVictims()
    {
        var cache = new Cache(maxEntries: 1_000, maxBytes: 100 * s_small);
        for (var i = 0; i < 50; i++)
            cache.Set(i % 2, $"key {i:00}");
        var coldest = cache.ShardOf(0);
        var large = new Thread(() => cache.Set(2, "large", valueLength: (int)(79 * s_small)));

        lock (coldest.Lock)
        {
            large.Start();
            Assert.True(SpinWait.SpinUntil(() => !cache.Missing(new RoomAmount(1, s_small)).IsNone, TimeSpan.FromSeconds(30)), "There is no claim.");
            Assert.Equal(50, cache.Used.Entries);
            Assert.False(cache.TryOverwrite(1, "key 03", valueLength: 16));
            Assert.Equal(Change.EvictionForBytes, cache.Set(1, "key 99"));
            Assert.Equal(50, cache.Used.Entries);
        }

        large.Join();
        Assert.Contains("large", cache.Keys());
        Assert.Contains("key 99", cache.Keys());
        Assert.True(cache.Missing(new RoomAmount(1, 0)).IsNone);
    }

    [Fact]
    public void KeysThatCollideEvictOneAnother()
    {
        const int Hash = 0x5EEC;
        var cache = new Cache(maxEntries: 1_000);
        for (var i = 0; i < 100; i++)
            cache.Set(0, $"bystander {i}", hash: (2 * i) + 1);

        for (var i = 0; i < 200; i++)
        {
            cache.Set(0, $"colliding {i}", hash: Hash);
            cache.ShardOf(0).Locate("missing", Hash, out var chainLength);
            Assert.Equal(Math.Min(i + 1, EntryIndex.LongestChain), chainLength);
        }

        Assert.Equal(100, cache.Keys().Count(key => key.StartsWith("bystander", StringComparison.Ordinal)));
        Assert.Equal(Enumerable.Range(168, 32), cache.Keys().Where(key => key.StartsWith("coll", StringComparison.Ordinal)).Select(key => int.Parse(key[10..])).Order());
        Assert.Equal(cache.Held(), cache.Used);
    }

    // A table that shrinks joins chains.
    [Fact]
    public void AChainThatGrewTooLongOtherwiseGetsShorterWithEveryNewKey()
    {
        var cache = new Cache(maxEntries: 10_000, shards: 1);
        for (var i = 0; i < 512; i++)
            cache.Set(0, $"filler {i}");
        for (var i = 0; i < 96; i++)
            cache.Set(0, $"colliding {i}", hash: i % 4 * 128);
        cache.RemoveAll("filler");
        cache.ShardOf(0).Trim();
        cache.ShardOf(0).Locate("missing", 0, out var before);
        Assert.InRange(before, EntryIndex.LongestChain + 1, 96);

        for (var i = 0; i < 96; i++)
            cache.Set(0, $"new {i}", hash: 0);

        cache.ShardOf(0).Locate("missing", 0, out var after);
        Assert.Equal(EntryIndex.LongestChain, after);
    }

    [Fact]
    public void AShardHoldsFourTimesItsFairNumberAtMost()
    {
        var cache = new Cache(maxEntries: 100_000);
        var most = Math.Max(1_024, 4 * Cache.EntriesThatFit / cache.Shards);
        cache.Set(1, "bystander");

        for (var i = 0; i < most + 500; i++)
            cache.Set(0, $"{i}");

        Assert.Equal(most, cache.ShardOf(0).Count);
        Assert.Contains("bystander", cache.Keys());
        Assert.DoesNotContain("0", cache.Keys());
        Assert.Contains($"{most + 499}", cache.Keys());
        Assert.Equal(cache.Held(), cache.Used);
    }

    [Fact]
    public void TheClockTicks256TimesWhileAsManyAreInsertedAsAreHeld()
    {
        const int Held = 256 * 20;
        var cache = new Cache(Held);
        var random = new Random(1);
        for (var i = 0; i < Held; i++)
            cache.Set(random.Next(), $"{i}");
        var before = cache.Clock.Tick;

        for (var i = 0; i < Held; i++)
            cache.Set(random.Next(), $"{Held + i}");

        Assert.InRange(cache.Clock.Tick - before, 256 - cache.Shards, 256 + cache.Shards);
    }

    [Fact]
    public void AnOverwriteWithinItsRoomMakesNoTick()
    {
        var cache = new Cache(maxEntries: 10);
        cache.Set(0, "key");
        var before = cache.Clock.Tick;

        cache.Set(0, "key", valueLength: 100);
        cache.Set(0, "key", valueLength: 100);

        Assert.Equal(before, cache.Clock.Tick);
    }

    [Theory]
    [InlineData(0, 2)]
    [InlineData(1, 2)]
    [InlineData(1, 40)]
    public void AnOverwriteThatNeededAVictimCountsAsAnInsertionWhereverItWas(int victimsShard, int victims)
    {
        var cache = new Cache(maxEntries: 100, maxBytes: 51 * s_small);
        for (var i = 0; i < 50; i++)
            cache.Set(victimsShard, $"key {i:00}");
        cache.Set(0, "key 99");
        var before = cache.Clock.Tick;

        cache.Set(0, "key 99", valueLength: (int)(victims * s_small));

        Assert.Equal(victims, cache.Changes()[Change.EvictionForBytes]);
        Assert.Equal(before + 1, cache.Clock.Tick);
    }

    private sealed class Cache
    {
        public const long EntriesThatFit = 2_048;

        private readonly Room _room;
        private readonly ShardDirectory _shards;
        private readonly Admission _admission;

        public Cache(long maxEntries, long maxBytes = 1L << 40, int shards = 8, bool knowsProbation = false)
        {
            _room = new Room(maxEntries, maxBytes);
            _shards = new ShardDirectory(shards == 1 ? 257 : EntriesThatFit, Clock, _room, knowsProbation);
            _admission = new Admission(_shards, Clock, _room);
        }

        public RecencyClock Clock { get; } = new(isExact: false);

        public int Shards => _shards.Length;

        public Lock Gate => (Lock)typeof(Admission).GetField("_gate", BindingFlags.Instance | BindingFlags.NonPublic)!.GetValue(_admission)!;

        public RoomAmount Used => new(_room.Entries.Used, _room.Bytes.Used);

        public long OnProbation => _shards.Probation!.Count;

        public static int HashOf(string key) => (int)new KeyHasher(1).Hash(key);

        public Shard ShardOf(int shard) => _shards.GetOrMake((ulong)(shard % Shards) << 32 << (32 - (int)Math.Log2(Shards)));

        public Change? Set(int shard, string key, int valueLength = 0, int? hash = null, long? sliding = null, long now = 0)
        {
            var value = new byte[valueLength];
            var time = new Now(now, now);
            var entry = sliding is { } window
                ? new ExpiringEntry(key, hash ?? HashOf(key), value, new Deadlines(Deadlines.None, window), time)
                : new Entry(key, hash ?? HashOf(key), value);
            AdmissionReport report = default;
            _admission.Admit(ShardOf(shard), entry, time, ref report);
            return report.Evicted;
        }

        public bool TryOverwrite(int shard, string key, int valueLength) =>
            _admission.TryOverwrite(ShardOf(shard), key, HashOf(key), new byte[valueLength], Charge.Of(key.Length, valueLength, expires: false));

        public void Use(int shard, string key)
        {
            if (ShardOf(shard).Find(key, HashOf(key)) is { } entry)
                ShardOf(shard).Stamp(entry, Clock.Epoch);
        }

        public bool IsOnProbation(int shard, string key)
        {
            var slot = ShardOf(shard).Find(key, HashOf(key))!.Slot;
            return Slot.IsMarked(ShardOf(shard).TryGetChunk(slot)![slot].Stamp);
        }

        public void Tick(int times)
        {
            for (var i = 0; i < times; i++)
                Clock.AdvanceBeat(0, now: 0);
        }

        public void UseAll()
        {
            Clock.AdvanceBeat(0, now: 0);
            foreach (var (shard, entry) in Entries())
                shard.Stamp(entry, Clock.Epoch);
        }

        public void RemoveAll(string prefix)
        {
            foreach (var (shard, entry) in Entries().Where(held => held.Entry.Key.StartsWith(prefix, StringComparison.Ordinal)).ToArray())
                _room.Give(shard.Remove(entry));
        }

        public void Claim(RoomAmount amount) => _room.Claim(amount);

        public RoomAmount Missing(RoomAmount needed) => _room.Missing(needed, pastClaim: false);

        public List<string> Keys() => [.. Entries().Select(held => held.Entry.Key)];

        public RoomAmount Held() => Entries().Aggregate(RoomAmount.None, (sum, held) => sum + RoomAmount.Of(held.Entry));

        public ChangeTally Changes()
        {
            ChangeTally sum = default;
            foreach (var shard in MadeShards())
                sum.Add(shard.Changes());
            return sum;
        }

        private IEnumerable<(Shard Shard, Entry Entry)> Entries() =>
            from shard in MadeShards()
            from chunk in shard.Chunks
            where chunk is not null
            from i in Enumerable.Range(0, SlotChunk.Length)
            let entry = chunk[i].Entry
            where entry is not null
            select (shard, entry);

        private IEnumerable<Shard> MadeShards() => Enumerable.Range(0, Shards).Select(_shards.At).OfType<Shard>();
    }
}
