using BoundedCache.Benchmarks.Workloads;

namespace BoundedCache.Benchmarks.Tests;

public sealed class ZipfTests
{
    [Fact]
    public void TheFirstRankComesTwiceAsOftenAsTheSecondWhereTheSkewIsOne()
    {
        // Of three ranks: 6/11, 3/11 and 2/11.
        Zipf zipf = new(3, 1, seed: 1);
        int[] counts = new int[3];
        for (int i = 0; i < 110_000; i++)
        {
            counts[zipf.Next()]++;
        }

        Assert.InRange(counts[0], 59_000, 61_000);
        Assert.InRange(counts[1], 29_000, 31_000);
        Assert.InRange(counts[2], 19_000, 21_000);
    }

    [Fact]
    public void TheSameSeedDrawsTheSame()
    {
        (Zipf first, Zipf second) = (new Zipf(100, 0.99, seed: 4), new Zipf(100, 0.99, seed: 4));

        Assert.Equal(Enumerable.Range(0, 50).Select(_ => first.Next()), Enumerable.Range(0, 50).Select(_ => second.Next()));
    }
}
