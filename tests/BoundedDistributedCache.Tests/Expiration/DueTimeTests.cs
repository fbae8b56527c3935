using BoundedCache.Expiration;
using CsCheck;

namespace BoundedCache.Tests.Expiration;

public sealed class DueTimeTests
{
    private const long Granule = 1 << 22;

    private static readonly Gen<long> s_time = Gen.OneOf(
        Gen.Long,
        Gen.Long[-3 * Granule, 3 * Granule],
        Gen.Long[0, DateTime.MaxValue.Ticks],
        Gen.Const(long.MinValue),
        Gen.Const(long.MaxValue));

    [Fact]
    public void KeepsTheOrder() =>
        Gen.Select(s_time, s_time, Gen.Long[0, DateTime.MaxValue.Ticks])
            .Sample((a, b, origin) => DueTime.Of(Math.Min(a, b), origin) <= DueTime.Of(Math.Max(a, b), origin));

    [Fact]
    public void IsWithinAGranuleOfTheTime()
    {
        const long Origin = 10 * Granule;

        Assert.Equal(-1, DueTime.Of(Origin - 1, Origin));
        Assert.Equal(0, DueTime.Of(Origin, Origin));
        Assert.Equal(0, DueTime.Of(Origin + Granule - 1, Origin));
        Assert.Equal(1, DueTime.Of(Origin + Granule, Origin));
    }

    [Fact]
    public void AGranuleIsShorterThanHalfASecond() => Assert.InRange(Granule, 0, TimeSpan.TicksPerSecond / 2);

    [Fact]
    public void SaturatesAtBothEnds()
    {
        Assert.Equal(int.MinValue, DueTime.Of(long.MinValue, 0));
        Assert.Equal(DueTime.Never - 1, DueTime.Of(long.MaxValue - 1, 0));
    }

    [Fact]
    public void OnlyNeverIsNever() =>
        Gen.Select(s_time, Gen.Long[0, DateTime.MaxValue.Ticks])
            .Sample((time, origin) => (DueTime.Of(time, origin) == DueTime.Never) == (time == long.MaxValue));
}
