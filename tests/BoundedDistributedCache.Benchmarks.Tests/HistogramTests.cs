using BoundedCache.Benchmarks.Latency;

namespace BoundedCache.Benchmarks.Tests;

public sealed class HistogramTests
{
    [Theory]
    [InlineData(50, 500)]
    [InlineData(99, 990)]
    [InlineData(99.9, 999)]
    [InlineData(100, 1_000)]
    public void PercentilesAreAtMostAPartIn64TooHigh(double percent, long value)
    {
        Histogram histogram = new();
        for (int i = 1; i <= 1_000; i++)
        {
            histogram.Add(i);
        }

        Assert.InRange(histogram.Percentile(percent), value, value + (value / 64));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(127)]
    [InlineData(128)]
    [InlineData(long.MaxValue)]
    public void EveryValueHasACell(long value)
    {
        Histogram histogram = new();
        histogram.Add(value);

        Assert.InRange(histogram.Percentile(100), value, Math.Max(value, value / 64 * 65));
    }

    [Fact]
    public void TwoAddUp()
    {
        (Histogram first, Histogram second) = (new Histogram(), new Histogram());
        first.Add(1);
        second.Add(100);

        first.Add(second);

        Assert.Equal(2, first.Count);
        Assert.Equal(1, first.Percentile(50));
        Assert.Equal(100, first.Percentile(100));
    }
}
