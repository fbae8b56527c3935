using BoundedCache.Benchmarks.Measuring;

namespace BoundedCache.Benchmarks.Tests;

public sealed class TargetTests
{
    [Theory]
    [InlineData(0.4, 0.5, 0.6, (int)Verdict.Met)]
    [InlineData(0.5, 0.6, 0.7, (int)Verdict.Straddles)]
    [InlineData(0.51, 0.6, 0.7, (int)Verdict.Missed)]
    public void AtMostIsMissedWhereTheWholeRangeIsAbove(double lower, double median, double upper, int verdict) =>
        Assert.Equal((Verdict)verdict, Target.AtMost(0.5).Judge(new Quartiles(lower, median, upper)));

    [Theory]
    [InlineData(1.9, 2.0, 2.1, (int)Verdict.Met)]
    [InlineData(1.8, 1.9, 2.0, (int)Verdict.Straddles)]
    [InlineData(1.8, 1.9, 1.99, (int)Verdict.Missed)]
    public void AtLeastIsMissedWhereTheWholeRangeIsBelow(double lower, double median, double upper, int verdict) =>
        Assert.Equal((Verdict)verdict, Target.AtLeast(2).Judge(new Quartiles(lower, median, upper)));

    [Fact]
    public void EasingMovesTheLimitToTheWrongSide()
    {
        Assert.Equal(1.15, Target.AtMost(1).Eased(1.15).Limit, 6);
        Assert.Equal(1, Target.AtLeast(1.15).Eased(1.15).Limit, 6);
    }
}
