using BoundedCache.Diagnostics;
using BoundedCache.Expiration;

namespace BoundedCache.Tests.Diagnostics;

public sealed class PressureWatchTests
{
    private static readonly long s_start = new DateTime(2000, 1, 1).Ticks;

    private readonly PressureWatch _watch = new();

    [Fact]
    public void TheFirstLookOnlyBeginsToCount()
    {
        Assert.True(_watch.IsDue(At(TimeSpan.Zero)));

        Assert.False(_watch.IsHard(new Now(Monotonic: 1, Utc: s_start), evictions: 1_000, held: 10, out long inAMinute));

        Assert.Equal(0, inAMinute);
    }

    [Fact]
    public void LooksOnceAMinute()
    {
        Look(TimeSpan.Zero, evictions: 0);

        Assert.False(_watch.IsDue(At(TimeSpan.FromTicks(1))));
        Assert.False(Look(TimeSpan.FromTicks(1), evictions: 1_000));
        Assert.False(_watch.IsDue(At(TimeSpan.FromMinutes(1) - TimeSpan.FromTicks(1))));
        Assert.True(_watch.IsDue(At(TimeSpan.FromMinutes(1))));
    }

    [Theory]
    [InlineData(9, false)]
    [InlineData(10, true)]
    public void AsManyEvictionsInAMinuteAsEntriesAreHard(long evictions, bool isHard)
    {
        Look(TimeSpan.Zero, evictions: 100);

        Assert.Equal(isHard, Look(TimeSpan.FromMinutes(1), 100 + evictions));
    }

    [Fact]
    public void EvictionsAreCountedFromTheLastLookOnByTheTimeSince()
    {
        Look(TimeSpan.Zero, evictions: 0);
        Assert.False(Look(TimeSpan.FromMinutes(10), evictions: 99));

        Assert.False(Look(TimeSpan.FromMinutes(12), evictions: 118));
        Assert.True(Look(TimeSpan.FromMinutes(14), evictions: 138));
    }

    [Fact]
    public void OnceToldItLooksAgainAfterAnHour()
    {
        Look(TimeSpan.Zero, evictions: 0);
        Assert.True(Look(TimeSpan.FromMinutes(1), evictions: 1_000));

        Assert.False(_watch.IsDue(At(TimeSpan.FromMinutes(1))));
        Assert.False(_watch.IsDue(At(TimeSpan.FromMinutes(61) - TimeSpan.FromTicks(1))));
        Assert.True(_watch.IsDue(At(TimeSpan.FromMinutes(61))));
    }

    [Fact]
    public void AClockThatWasSetBackDelaysNoLook()
    {
        Look(TimeSpan.Zero, evictions: 0);
        Look(TimeSpan.FromMinutes(1), evictions: 1_000);

        Assert.True(_watch.IsDue(At(TimeSpan.FromSeconds(59))));
        Assert.False(Look(TimeSpan.FromSeconds(59), evictions: 2_000));
        Assert.True(Look(TimeSpan.FromSeconds(119), evictions: 3_000));
    }

    private bool Look(TimeSpan at, long evictions) => _watch.IsHard(At(at), evictions, held: 10, out _);

    private static Now At(TimeSpan sinceStart) => new(s_start + sinceStart.Ticks, s_start + sinceStart.Ticks);
}
