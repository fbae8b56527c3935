using System.Diagnostics;
using System.Runtime.CompilerServices;
using BoundedCache.Expiration;
using BoundedCache.Tests.Support;

namespace BoundedCache.Tests.Expiration;

public sealed class CacheClockTests
{
    [Fact]
    public void TheSystemsTimeIsWithinATenthOfASecondOfUtc()
    {
        var clock = new CacheClock(TimeProvider.System);

        var before = DateTimeOffset.UtcNow.UtcTicks;
        var utc = clock.Read().Utc;
        var after = DateTimeOffset.UtcNow.UtcTicks;

        Assert.InRange(utc, before - (TimeSpan.TicksPerSecond / 10), after + (TimeSpan.TicksPerSecond / 10));
    }

    [Fact]
    public void TheSystemsMonotonicTimeIsTheTickCount()
    {
        var clock = new CacheClock(TimeProvider.System);

        var before = Environment.TickCount64;
        var monotonic = clock.Read().Monotonic;

        Assert.InRange(monotonic, before * TimeSpan.TicksPerMillisecond, Environment.TickCount64 * TimeSpan.TicksPerMillisecond);
    }

    // Whoever is held up between looking at the two clocks follows later.
    [Fact]
    public void FollowsTheSystemsUtcTimeWhereItWasSet()
    {
        var clock = new CacheClock(TimeProvider.System);

        Assert.Contains(Enumerable.Range(0, 10), _ =>
        {
            Offset(clock) += TimeSpan.TicksPerHour;
            MeasuredAt(clock) = Environment.TickCount64 - 1_000;
            return Math.Abs(DateTimeOffset.UtcNow.UtcTicks - clock.Read().Utc) < TimeSpan.TicksPerSecond;
        });
    }

    [Fact]
    public void LooksAtTheSystemsUtcTimeOnceASecondOnly()
    {
        var clock = new CacheClock(TimeProvider.System);
        Offset(clock) += TimeSpan.TicksPerHour;

        MeasuredAt(clock) = Environment.TickCount64 + 60_000;
        Assert.InRange(clock.Read().Utc - DateTimeOffset.UtcNow.UtcTicks, TimeSpan.TicksPerMinute * 59, TimeSpan.MaxValue.Ticks);

        MeasuredAt(clock) = Environment.TickCount64 - 1_000;
        var before = Environment.TickCount64;
        clock.Read();
        Assert.InRange(MeasuredAt(clock), before, Environment.TickCount64);
    }

    [Fact]
    public void WhatTheTickCountsCoarsenessExplainsDoesNotMoveUtc()
    {
        var clock = new CacheClock(TimeProvider.System);
        var offset = Offset(clock) += 20 * TimeSpan.TicksPerMillisecond;

        MeasuredAt(clock) = Environment.TickCount64 - 1_000;
        clock.Read();

        Assert.Equal(offset, Offset(clock));
    }

    [Fact]
    public void ReadingTheSystemsTimeAllocatesNothing()
    {
        var clock = new CacheClock(TimeProvider.System);

        Assert.Equal(0, Allocated.By(() => clock.Read()));
    }

    [Fact]
    public void AnotherProviderIsAskedForItsUtcTimeAlone()
    {
        var provider = new UtcAlone { Time = new DateTimeOffset(2030, 1, 1, 9, 0, 0, TimeSpan.FromHours(9)) };
        var clock = new CacheClock(provider);

        Assert.Equal(new Now(provider.Time.UtcTicks, provider.Time.UtcTicks), clock.Read());

        provider.Time -= TimeSpan.FromTicks(1);
        Assert.Equal(new Now(provider.Time.UtcTicks, provider.Time.UtcTicks), clock.Read());
    }

    [Fact]
    public void WhatAProviderThrowsReachesWhoReadsTheTime() =>
        Assert.Throws<UnreachableException>(() => new CacheClock(new Broken()).Read());

    [UnsafeAccessor(UnsafeAccessorKind.Field, Name = "_utcOffset")]
    private static extern ref long Offset(CacheClock clock);

    [UnsafeAccessor(UnsafeAccessorKind.Field, Name = "_measuredAt")]
    private static extern ref long MeasuredAt(CacheClock clock);

    private class Broken : TimeProvider
    {
        public override TimeZoneInfo LocalTimeZone => throw new UnreachableException();

        public override long TimestampFrequency => throw new UnreachableException();

        public override DateTimeOffset GetUtcNow() => throw new UnreachableException();

        public override long GetTimestamp() => throw new UnreachableException();

        public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period) =>
            throw new UnreachableException();
    }

    private sealed class UtcAlone : Broken
    {
        public DateTimeOffset Time { get; set; }

        public override DateTimeOffset GetUtcNow() => Time;
    }
}
