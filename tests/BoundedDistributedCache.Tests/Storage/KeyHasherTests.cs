using BoundedCache.Storage;
using BoundedCache.Tests.Support;

namespace BoundedCache.Tests.Storage;

public sealed class KeyHasherTests
{
    [Fact]
    public void OneSeedGivesOneHash() =>
        Assert.Equal(new KeyHasher(1).Hash("product:1"), new KeyHasher(1).Hash(new string("product:1")));

    [Theory]
    [InlineData("")]
    [InlineData("a")]
    [InlineData("product:1")]
    [InlineData("a key that is longer than what a hash function treats as short, as many keys in practice are")]
    public void AnotherSeedGivesAnotherHash(string key)
    {
        Assert.NotEqual(new KeyHasher(1).Hash(key), new KeyHasher(2).Hash(key));
        Assert.NotEqual(KeyHasher.WithRandomSeed().Hash(key), KeyHasher.WithRandomSeed().Hash(key));
    }

    [Theory]
    [InlineData("product", "Product")]
    [InlineData("caf\u00E9", "cafe\u0301")]
    [InlineData("", "\0")]
    public void EveryUnitCounts(string left, string right) =>
        Assert.NotEqual(new KeyHasher(1).Hash(left), new KeyHasher(1).Hash(right));

    [Fact]
    public void UnitsCountThatAreNoTextByThemselves() =>
        Assert.NotEqual(new KeyHasher(1).Hash("\uD800"), new KeyHasher(1).Hash("\uD801"));

    // Shards are picked by the top bits, buckets by the lowest.
    [Theory]
    [InlineData(58)]
    [InlineData(0)]
    public void KeysThatDifferLittleSpreadEvenly(int shift)
    {
        var hasher = new KeyHasher(1);

        var counts = Enumerable.Range(0, 64_000).CountBy(i => (hasher.Hash($"user:{i}") >> shift) & 63).Select(group => group.Value);

        Assert.All(counts, count => Assert.InRange(count, 850, 1_150));
        Assert.Equal(64, counts.Count());
    }
}
