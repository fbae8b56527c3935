using BoundedCache.Expiration;
using Microsoft.Extensions.Caching.Distributed;

namespace BoundedCache.Tests.Expiration;

public sealed class DeadlinesTests
{
    private static readonly DateTimeOffset s_start = new(2030, 1, 1, 12, 0, 0, TimeSpan.Zero);
    private static readonly Now s_now = new(5, s_start.UtcTicks);
    private static readonly TimeSpan s_minute = TimeSpan.FromMinutes(1);

    [Fact]
    public void NothingGivenIsNever()
    {
        Assert.Equal(Deadlines.Never, Deadlines.From(new DistributedCacheEntryOptions(), s_now));
        Assert.True(Deadlines.Never.AreNever);
        Assert.False(Deadlines.Never.HavePassed(new Now(long.MaxValue, DateTime.MaxValue.Ticks)));
    }

    [Fact]
    public void AnAbsoluteTimeIsTakenInUtc()
    {
        var elsewhere = (s_start + s_minute).ToOffset(TimeSpan.FromHours(9));

        Assert.Equal(
            new Deadlines((s_start + s_minute).UtcTicks, Deadlines.None),
            Deadlines.From(new DistributedCacheEntryOptions { AbsoluteExpiration = elsewhere }, s_now));
    }

    [Theory]
    [InlineData(1, 2)]
    [InlineData(2, 1)]
    public void OfTwoAbsoluteTimesTheEarlierCounts(int absoluteMinutes, int relativeMinutes)
    {
        var options = new DistributedCacheEntryOptions
        {
            AbsoluteExpiration = s_start + (absoluteMinutes * s_minute),
            AbsoluteExpirationRelativeToNow = relativeMinutes * s_minute,
        };

        Assert.Equal((s_start + s_minute).UtcTicks, Deadlines.From(options, s_now).Absolute);
    }

    [Fact]
    public void ASlidingWindowStandsBesideAnAbsoluteTime()
    {
        var options = new DistributedCacheEntryOptions { SlidingExpiration = s_minute, AbsoluteExpiration = s_start };

        Assert.Equal(new Deadlines(s_start.UtcTicks, s_minute.Ticks), Deadlines.From(options, s_now));
    }

    [Fact]
    public void ATimeTooFarAwayToBeToldIsNever()
    {
        Assert.True(Deadlines.From(absolute: null, TimeSpan.MaxValue, TimeSpan.MaxValue, s_now).AreNever);
        Assert.Equal(s_start.UtcTicks, Deadlines.From(s_start, TimeSpan.MaxValue, sliding: null, s_now).Absolute);
    }

    [Fact]
    public void AnAbsoluteTimeHasPassedAtItsInstant()
    {
        var deadlines = Deadlines.From(s_start, relative: null, s_minute, s_now);

        Assert.False(deadlines.HavePassed(new Now(long.MaxValue, s_start.UtcTicks - 1)));
        Assert.True(deadlines.HavePassed(new Now(0, s_start.UtcTicks)));
    }
}
