using System.Numerics;
using BoundedCache.Storage;
using BoundedCache.Tests.Support;
using CsCheck;

namespace BoundedCache.Tests.Storage;

public sealed class ShardDirectoryTests
{
    // Few enough shards to be looked at all, and more than that, on any machine.
    private const long Few = 2_048;
    private const long Many = 8_192 * 32;

    private readonly RecencyClock _clock = new(isExact: false);

    [Theory]
    [InlineData(0, 2, 1)]
    [InlineData(256, 64, 1)]
    [InlineData(257, 64, 1)]
    [InlineData(512, 64, 2)]
    [InlineData(2_047, 64, 4)]
    [InlineData(10_000, 2, 8)]
    [InlineData(10_000, 3, 16)]
    [InlineData(10_000, 64, 32)]
    [InlineData(65_536, 2, 8)]
    [InlineData(100_000, 2, 16)]
    [InlineData(4_000_000, 2, 512)]
    [InlineData(int.MaxValue, 2, 262_144)]
    public void ThereAreFourShardsForACoreWhileTheyAreOfAUsefulSize(long entries, int cores, int length) =>
        Assert.Equal(length, ShardDirectory.LengthFor(entries, cores));

    [Fact]
    public void AShardsFairNumberIsFrom256To8192() =>
        Gen.Select(Gen.OneOf(Gen.Long[257, 1_000_000], Gen.Long[257, int.MaxValue]), Gen.Int[1, 512]).Sample((entries, cores) =>
        {
            var length = ShardDirectory.LengthFor(entries, cores);
            return BitOperations.IsPow2(length)
                && (length == 1 || entries / length >= 256)
                && entries / length <= 8_192;
        });

    [Fact]
    public void AShardIsMadeAtItsFirstInsert()
    {
        var shards = Make(Few);
        Assert.Null(shards.Find(0));
        Assert.Null(shards.At(0));

        var shard = shards.GetOrMake(0);

        Assert.Same(shard, shards.Find(0));
        Assert.Same(shard, shards.GetOrMake(0));
        Assert.Same(shard, shards.At(0));
        Assert.Equal(1, Enumerable.Range(0, shards.Length).Count(i => shards.At(i) is not null));
    }

    [Fact]
    public void TheTopBitsOfAHashPickTheShard()
    {
        var shards = Make(Few);
        for (var i = 0; i < shards.Length; i++)
        {
            var hash = HashFor(shards, i);

            Assert.Same(shards.GetOrMake(hash), shards.At(i));
            Assert.Same(shards.GetOrMake(hash), shards.Find(hash | uint.MaxValue));
        }
    }

    [Fact]
    public void TheOnlyShardHoldsEveryHash()
    {
        var shards = Make(256);

        Assert.Equal(1, shards.Length);
        Assert.Same(shards.GetOrMake(0), shards.GetOrMake(ulong.MaxValue));
    }

    [Fact]
    public void WhoeverMakesAShardAtOnceGetsTheSame()
    {
        const int Rounds = 500;
        var directories = Enumerable.Range(0, Rounds).Select(_ => Make(256)).ToArray();
        var left = new Shard[Rounds];
        var right = new Shard[Rounds];

        Concurrently.Race(Rounds, i => left[i] = directories[i].GetOrMake(0), i => right[i] = directories[i].GetOrMake(0));

        Assert.Equal(left, right);
    }

    [Fact]
    public void AShardThatIsThereIsFoundWithoutMakingAnother()
    {
        var shards = Make(Few);

        Assert.Equal(0, Allocated.By(() => shards.GetOrMake(0)));
    }

    [Theory]
    [InlineData(Few)]
    [InlineData(Many)]
    public void WithoutEntriesNoShardIsTheColdest(long entries)
    {
        var shards = Make(entries);
        shards.GetOrMake(0);

        Assert.Equal(ColdestShard.None, shards.FindColdest(except: null));
    }

    [Fact]
    public void TheColdestOfFewIsTheOneWithTheLowestBound()
    {
        var shards = Make(Few);
        var third = InsertInto(shards, 2);
        var first = InsertInto(shards, 0);
        InsertInto(shards, 3);

        Assert.Equal(new ColdestShard(third, third.Bound, first.Bound), shards.FindColdest(except: null));
        Assert.Same(first, shards.FindColdest(except: third).Shard);
    }

    [Fact]
    public void OfSixteenAllAreLookedAt()
    {
        var entries = Enumerable.Range(12, 10).Select(power => 1L << power).First(fit => ShardDirectory.LengthFor(fit, Environment.ProcessorCount) == 16);
        var shards = Make(entries);
        var oldest = InsertInto(shards, 15);
        InsertInto(shards, 0);

        Assert.Same(oldest, shards.FindColdest(except: null).Shard);
    }

    [Fact]
    public void OfManyASampleIsLookedAtInTurn()
    {
        var shards = Make(Many);
        var all = Enumerable.Range(0, shards.Length).Select(i => InsertInto(shards, i)).ToArray();

        var found = Enumerable.Range(0, shards.Length / 8).Select(_ => shards.FindColdest(except: null)).ToArray();

        Assert.Equal(all.Chunk(8).Select(sample => new ColdestShard(sample[0], sample[0].Bound, sample[1].Bound)), found);
        Assert.Equal(found[0], shards.FindColdest(except: null));
    }

    [Fact]
    public void WhereTheSampleHoldsNothingAllAreLookedAt()
    {
        var shards = Make(Many);
        var only = InsertInto(shards, shards.Length - 1);

        Assert.Same(only, shards.FindColdest(except: null).Shard);
        Assert.Null(shards.FindColdest(except: only).Shard);
    }

    private static ulong HashFor(ShardDirectory shards, int index) => ((ulong)index << 32) / (ulong)shards.Length << 32;

    private ShardDirectory Make(long entriesThatFit) => new(entriesThatFit, _clock, new Room(1_000, 1_000_000));

    private Shard InsertInto(ShardDirectory shards, int index)
    {
        _clock.AdvanceBeat(1_000, now: 0);
        var shard = shards.GetOrMake(HashFor(shards, index));
        shard.Put(new Entry("key", 0, []), replaced: null, default, countsForRecency: false);
        return shard;
    }
}
