using BoundedCache.Benchmarks.Measuring;

namespace BoundedCache.Benchmarks.Tests;

public sealed class QuartilesTests
{
    [Fact]
    public void OfNineRoundsTheyAreTheThirdFifthAndSeventh() =>
        Assert.Equal(new Quartiles(3, 5, 7), Quartiles.Of([9, 1, 8, 2, 7, 3, 6, 4, 5]));

    [Fact]
    public void BetweenTwoRoundsTheyAreInterpolated() =>
        Assert.Equal(new Quartiles(1.75, 2.5, 3.25), Quartiles.Of([4, 3, 2, 1]));

    [Fact]
    public void OfOneRoundTheyAreThatRound() => Assert.Equal(new Quartiles(7, 7, 7), Quartiles.Of([7]));

    [Fact]
    public void OfNothingThereAreNone() => Assert.Throws<ArgumentException>(() => Quartiles.Of([]));
}
