using System.Diagnostics;
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
