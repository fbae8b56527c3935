using BoundedCache.Expiration;
using BoundedCache.Storage;

namespace BoundedCache.Tests.Storage;

public sealed class LastEvictionTests
{
    [Fact]
    public void OfTwoShardsTheLaterEvictionCounts()
    {
        var early = Evicted(stamp: 9, at: 100);
        var late = Evicted(stamp: 5, at: 200);

        Assert.Equal(5, LastEviction.Later(early, late).Stamp);
        Assert.Equal(5, LastEviction.Later(late, early).Stamp);
    }

    [Fact]
    public void AShardThatHasEvictedNothingDoesNotCount()
    {
        var evicted = Evicted(stamp: 5, at: -100);

        Assert.Equal(5, LastEviction.Later(default, evicted).Stamp);
        Assert.Equal(5, LastEviction.Later(evicted, default).Stamp);
        Assert.Equal(0, LastEviction.Later(default, default).Stamp);
    }

    private static LastEviction Evicted(long stamp, long at)
    {
        LastEviction last = default;
        last.Note(stamp, new Now(at, at));
        return last;
    }
}
