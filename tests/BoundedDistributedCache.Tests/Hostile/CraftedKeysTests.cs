using BoundedCache.Storage;
using BoundedCache.Tests.Support;
using Microsoft.Extensions.Options;

namespace BoundedCache.Tests.Hostile;

/// <summary>
/// Keys that were made to share a bucket, or a shard, by somebody who knows the seed. What that costs is told by what is
/// counted: the entries that a reader walks past, what is done under one hold of a lock, and who is evicted.
/// </summary>
public sealed class CraftedKeysTests
{
    private const int MaxEntries = 10_000;
    private const int Bystanders = 3_000;

    // No cache of so many entries has more shards than the upper bits tell apart, nor a shard more buckets than the lower.
    private const int ShardBits = 6;
    private const int BucketBits = 10;

    private static readonly KeyHasher s_hasher = new(42);

    private readonly BoundedDistributedCache _cache = new(
        Options.Create(new BoundedDistributedCacheOptions { MaxEntries = MaxEntries, MaxBytes = 1L << 30 }), null, null, null, s_hasher);

    // Who happens to be in the attacked bucket shares its fate; as long as the table is short, that is one in 64 of a shard.
    private readonly string[] _bystanders = [.. Enumerable.Range(0, Bystanders)
        .Select(i => $"bystander {i}")
        .Where(key => s_hasher.Hash(key) is ulong hash && !(hash >> 62 == 0 && (hash & 63) == 0))];

    public CraftedKeysTests() => Assert.All(_bystanders, key => _cache.Set(key));

    [Theory]
    [InlineData(null)]
    [InlineData("mallory")]
    public void KeysThatShareABucketEvictOneAnotherAndCostOthersNothing(string? tenantId)
    {
        string[] crafted = Craft(tenantId, 200, IsInAttackedBucket);

        Assert.All(crafted, key => Set(tenantId, key));

        Assert.All(_bystanders, key => Assert.NotNull(_cache.Get(key)));
        int held = _cache.Count - _bystanders.Length;
        Assert.InRange(held, EntryIndex.LongestChain - 3, EntryIndex.LongestChain);
        Assert.NotNull(Get(tenantId, crafted[^1]));
        Assert.Equal(crafted.Length - held, _cache.GetStatistics().EvictionsForEntries);
        Assert.InRange(LongestWalk(tenantId, crafted), 1, EntryIndex.LongestChain);
        Assert.InRange(LongestWalk(null, _bystanders), 0, EntryIndex.LongestChain / 2);
        AssertMost(Work.Victim, 2);
        AssertMost(Work.Ranking, 0);
        AssertMost(Work.Rebuild, 1);
        Integrity.Check(_cache);
    }

    [Fact]
    public void KeysThatShareABucketDoNotGrowItsTable()
    {
        int before = Buckets();

        Assert.All(Craft(null, 200, IsInAttackedBucket), key => _cache.Set(key));

        Assert.Equal(before, Buckets());

        int Buckets() => Integrity.Shards(_cache).Sum(Integrity.Buckets);
    }

    [Theory]
    [InlineData(null)]
    [InlineData("mallory")]
    public void KeysThatShareAShardEvictOneAnotherAndWhatIsInUseStays(string? tenantId)
    {
        string[] crafted = Craft(tenantId, 3 * MaxEntries, IsInAttackedShard);
        Shard shard = Integrity.ShardOf(_cache, hash: 0);
        string[] elsewhere = [.. _bystanders.Where(key => Integrity.ShardOf(_cache, s_hasher.Hash(key)) != shard)];
        string[] inUse = [.. _bystanders.Except(elsewhere).Take(20)];
        int most = Math.Max(1_024, 4 * MaxEntries / Integrity.Shards(_cache).Count());

        for (int i = 0; i < crafted.Length; i++)
        {
            Set(tenantId, crafted[i]);
            if (i % 50 == 0)
            {
                Assert.All(inUse, key => Assert.NotNull(_cache.Get(key)));
            }
        }

        Assert.Equal(most, shard.Count);
        Assert.All(elsewhere, key => Assert.NotNull(_cache.Get(key)));
        Assert.NotNull(Get(tenantId, crafted[^1]));
        AssertMost(Work.Victim, VictimRanking.VictimsPerVisit);
        AssertMost(Work.Ranking, 1);
        AssertMost(Work.Rebuild, 1);
        Integrity.Check(_cache);
    }

    /// <summary>What was made for one cache is of no use against another, nor against the same after a restart.</summary>
    [Fact]
    public void KeysMadeForOneCacheSpreadInAnother()
    {
        string[] crafted = Craft(null, 200, IsInAttackedBucket);
        for (int i = 0; i < 5; i++)
        {
            using BoundedDistributedCache other = TestCache.Make(MaxEntries);

            Assert.All(crafted, key => other.Set(key));

            Assert.Equal(crafted.Length, other.Count);
            Assert.InRange(crafted.Max(key => Walk(other, null, key)), 0, EntryIndex.LongestChain / 2);
        }
    }

    [Fact]
    public void EachProcessHasSeedsOfItsOwn()
    {
        string[] Hashes() => ChildProcess.Run([], "hash", "key");

        string[] one = Hashes();
        string[] other = Hashes();

        Assert.Equal(2, one.Length);
        Assert.Distinct([.. one, .. other]);
    }

    private static bool IsInAttackedShard(ulong hash) => hash >> (64 - ShardBits) == 0;

    private static bool IsInAttackedBucket(ulong hash) => IsInAttackedShard(hash) && (hash & ((1 << BucketBits) - 1)) == 0;

    private static string[] Craft(string? tenantId, int count, Func<ulong, bool> isWanted)
    {
        Partition partition = new(tenantId);
        return [.. Enumerable.Range(0, int.MaxValue).Select(i => $"crafted {i}").Where(key => isWanted(s_hasher.Hash(partition, key))).Take(count)];
    }

    private static int Walk(BoundedDistributedCache cache, string? tenantId, string key)
    {
        ulong hash = Integrity.Hasher(cache).Hash(new Partition(tenantId), key);
        Integrity.ShardOf(cache, hash).Locate(tenantId, key, (int)hash, out int passed);
        return passed;
    }

    private int LongestWalk(string? tenantId, IEnumerable<string> keys) => keys.Max(key => Walk(_cache, tenantId, key));

    private void Set(string? tenantId, string key)
    {
        if (tenantId is null)
        {
            _cache.Set(key);
        }
        else
        {
            _cache.ForTenant(tenantId).Set(key, [1], TestCache.NoExpiry);
        }
    }

    private byte[]? Get(string? tenantId, string key) => tenantId is null ? _cache.Get(key) : _cache.ForTenant(tenantId).Get(key);

    private void AssertMost(Work work, int atMost) =>
        Assert.InRange(Integrity.Shards(_cache).Max(shard => shard.MostDone(work)), 0, atMost);
}
