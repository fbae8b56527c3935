using System.Buffers;
using Microsoft.Extensions.Caching.Distributed;

namespace BoundedCache.Tests.Semantics;

public sealed class ExpirationSemanticsTests : SemanticsTests
{
    [Fact]
    public void WithoutExpirationAnEntryStays()
    {
        SetBoth("k", Old, Never);

        Time.Advance(TimeSpan.FromDays(10_000));

        AssertBoth("k", Old);
    }

    [Fact]
    public void ConfiguredDefaultsApplyWhereNoExpirationIsGiven()
    {
        var cache = MakeOurs(options =>
        {
            options.DefaultSlidingExpiration = Seconds(10);
            options.DefaultAbsoluteExpirationRelativeToNow = Seconds(30);
        });
        cache.Set("default", Old, Never);
        cache.Set("own", Old, Relative(100));
        cache.Set("own, too long to tell", Old, Relative(TimeSpan.MaxValue));
        cache.Set("own, too long to slide", Old, Sliding(TimeSpan.MaxValue));

        Time.Advance(Seconds(9));
        cache.Refresh("default");
        Time.Advance(Seconds(9));
        Assert.NotNull(cache.Get("default"));
        Time.Advance(Seconds(10));
        Assert.Null(cache.Get("default"));
        Time.Advance(Seconds(71));
        Assert.NotNull(cache.Get("own"));
        Assert.NotNull(cache.Get("own, too long to tell"));
        Assert.NotNull(cache.Get("own, too long to slide"));
    }

    [Theory]
    [InlineData(10, 20)]
    [InlineData(20, 10)]
    public void OfBothAbsolutesTheEarlierWins(double absolute, double relative)
    {
        SetBoth("k", Old, new()
        {
            AbsoluteExpiration = Time.GetUtcNow() + Seconds(absolute),
            AbsoluteExpirationRelativeToNow = Seconds(relative),
        });

        Time.Advance(Seconds(9));
        AssertBoth("k", Old);
        Time.Advance(Seconds(1));
        AssertBoth("k", null);
    }

    [Theory]
    [InlineData(0, false)]
    [InlineData(-1, false)]
    [InlineData(-1, true)]
    public void AnAbsoluteTimeInThePastStoresNothingAndRemovesTheOldValue(double seconds, bool andALaterOne)
    {
        var options = At(Time.GetUtcNow() + Seconds(seconds));
        if (andALaterOne)
            options.AbsoluteExpirationRelativeToNow = Seconds(100);
        SetBoth("k", Old, Never);

        SetBoth("k", New, options);

        AssertBoth("k", null);
        Assert.Equal(0, Ours.Count);
    }

    [Fact]
    public void ZeroAndNegativeWindowsAreRefusedByTheEntryOptions()
    {
        foreach (var window in new[] { TimeSpan.Zero, Seconds(-1) })
        {
            Assert.Throws<ArgumentOutOfRangeException>("AbsoluteExpirationRelativeToNow", () => Relative(window));
            Assert.Throws<ArgumentOutOfRangeException>("SlidingExpiration", () => Sliding(window));
        }
    }

    [Fact]
    public void WindowsUnderASecondAreKeptToTheTick()
    {
        SetBoth("relative", Old, Relative(TimeSpan.FromTicks(2)));
        SetBoth("sliding", Old, Sliding(TimeSpan.FromTicks(2)));

        Time.Advance(TimeSpan.FromTicks(1));
        AssertBoth("relative", Old);
        AssertBoth("sliding", Old);
        Time.Advance(TimeSpan.FromTicks(2));
        AssertBoth("relative", null);
        AssertBoth("sliding", null);
    }

    [Fact]
    public void AnEntryHasExpiredAtItsDeadlineNotBefore()
    {
        SetBoth("absolute", Old, At(Time.GetUtcNow() + Seconds(10)));
        SetBoth("relative", Old, Relative(10));
        Time.Advance(Seconds(10) - TimeSpan.FromTicks(1));
        AssertBoth("absolute", Old);
        AssertBoth("relative", Old);

        Time.Advance(TimeSpan.FromTicks(1));

        AssertBoth("absolute", null);
        AssertBoth("relative", null);
    }

    [Fact]
    public void AnEntryHasExpiredWhenItWasIdleForItsWindowNotBefore()
    {
        SetBoth("k", Old, Sliding(10));
        Time.Advance(Seconds(10) - TimeSpan.FromTicks(1));
        AssertBoth("k", Old);

        Time.Advance(Seconds(10));

        AssertBoth("k", null);
    }

    [Fact]
    public void SlidingNeverOutlivesAbsolute()
    {
        SetBoth("used", Old, new() { SlidingExpiration = Seconds(10), AbsoluteExpirationRelativeToNow = Seconds(15) });
        SetBoth("longer", Old, new() { SlidingExpiration = Seconds(100), AbsoluteExpirationRelativeToNow = Seconds(15) });

        Time.Advance(Seconds(9));
        AssertBoth("used", Old);
        Time.Advance(Seconds(6));

        AssertBoth("used", null);
        AssertBoth("longer", null);
    }

    [Fact]
    public async Task EveryUseBeginsASlidingWindowAnew()
    {
        var token = TestContext.Current.CancellationToken;
        var uses = new Func<IDistributedCache, Task>[]
        {
            cache => Task.FromResult(cache.Get("k")),
            cache => cache.GetAsync("k", token),
            cache => Task.Run(() => cache.Refresh("k"), token),
            cache => cache.RefreshAsync("k", token),
            cache => Task.FromResult((cache as IBufferDistributedCache ?? Ours).TryGet("k", new ArrayBufferWriter<byte>())),
            cache => (cache as IBufferDistributedCache ?? Ours).TryGetAsync("k", new ArrayBufferWriter<byte>(), token).AsTask(),
        };
        Ours.Set("k", Old, Sliding(10));
        foreach (var use in uses)
        {
            Time.Advance(Seconds(9));
            await use(Ours);
        }

        InMemory.Set("k", Old, Sliding(10));
        foreach (var use in uses[..4])
        {
            Time.Advance(Seconds(9));
            await use(InMemory);
        }

        Assert.NotNull(InMemory.Get("k"));
        Assert.Null(Ours.Get("k"));
    }

    [Fact]
    public void NoUseMovesAnAbsoluteDeadline()
    {
        SetBoth("k", Old, Relative(10));
        Time.Advance(Seconds(9));
        AssertBoth("k", Old);
        Assert.All(Both, cache => cache.Refresh("k"));

        Time.Advance(Seconds(1));

        AssertBoth("k", null);
    }

    [Fact]
    public void OverwritingReplacesTheWholeExpiration()
    {
        SetBoth("to never", Old, Relative(10));
        SetBoth("to never", New, Never);
        SetBoth("to later", Old, Sliding(10));
        SetBoth("to later", New, Relative(30));
        SetBoth("to sooner", Old, Relative(30));
        SetBoth("to sooner", New, Sliding(10));

        Time.Advance(Seconds(10));

        AssertBoth("to never", New);
        AssertBoth("to later", New);
        AssertBoth("to sooner", null);
        Time.Advance(Seconds(20));
        AssertBoth("to later", null);
    }

    // The provider asks for the time in the midst of a read; there the entry is overwritten and its old deadline passes.
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void AReadOfAnEntryThatExpiresWhileItIsOverwrittenIsNoMiss(bool sliding)
    {
        var options = sliding ? Sliding(10) : Relative(10);
        var time = new InterruptedTime(Time);
        var cache = MakeOurs(_ => { }, time);
        cache.Set("k", Old, options);
        Time.Advance(Seconds(9));
        time.BeforeNextReading = () =>
        {
            cache.Set("k", New, options);
            Time.Advance(Seconds(5));
        };

        Assert.NotNull(cache.Get("k"));

        Assert.Null(time.BeforeNextReading);
        Assert.Equal(New, cache.Get("k"));
        Assert.Equal(0, cache.GetStatistics().Misses);
    }

    [Fact]
    public void WhatExpiredAndIsSetAgainIsNotSwept()
    {
        SetBoth("k", Old, Relative(10));
        Time.Advance(Seconds(10));

        SetBoth("k", New, Relative(10));
        Ours.RemoveExpired();

        AssertBoth("k", New);
        Assert.Equal(1, Ours.Count);
    }

    [Fact]
    public void AClockSteppedForwardExpiresWhatIsDueByIt()
    {
        SetBoth("absolute", Old, Relative(10));
        SetBoth("sliding", Old, Sliding(10));

        Time.AdjustTime(Time.GetUtcNow() + Seconds(100));

        AssertBoth("absolute", null);
        AssertBoth("sliding", null);
    }

    [Fact]
    public void AClockSteppedBackMovesNoAbsoluteDeadline()
    {
        SetBoth("k", Old, Relative(10));
        Time.AdjustTime(Time.GetUtcNow() - Seconds(100));
        AssertBoth("k", Old);

        Time.Advance(Seconds(110) - TimeSpan.FromTicks(1));
        AssertBoth("k", Old);
        Time.Advance(TimeSpan.FromTicks(1));

        AssertBoth("k", null);
    }

    [Fact]
    public void AClockSteppedBackShortensNoSlidingWindow()
    {
        SetBoth("k", Old, Sliding(10));
        Time.AdjustTime(Time.GetUtcNow() - Seconds(100));
        AssertBoth("k", Old);

        Time.Advance(Seconds(15));

        Assert.Equal(Old, Ours.Get("k"));
        Assert.Null(InMemory.Get("k"));
    }

    [Fact]
    public void AClockSteppedBackAndForwardAgainChangesNothing()
    {
        SetBoth("k", Old, Sliding(10));
        Time.AdjustTime(Time.GetUtcNow() - Seconds(100));
        Time.AdjustTime(Time.GetUtcNow() + Seconds(109));
        AssertBoth("k", Old);

        Time.Advance(Seconds(10));

        AssertBoth("k", null);
    }

    [Fact]
    public void AWindowBeyondTheEndOfTimeNeverExpires()
    {
        SetBoth("sliding", Old, Sliding(TimeSpan.MaxValue));
        SetBoth("absolute", Old, At(DateTimeOffset.MaxValue));
        SetBoth("relative", Old, Never);

        Ours.Set("relative", New, Relative(TimeSpan.MaxValue));
        Assert.Throws<ArgumentOutOfRangeException>(() => InMemory.Set("relative", New, Relative(TimeSpan.MaxValue)));

        Time.Advance(TimeSpan.FromDays(10_000));
        AssertBoth("sliding", Old);
        AssertBoth("absolute", Old);
        Assert.Equal(New, Ours.Get("relative"));
        Assert.Equal(Old, InMemory.Get("relative"));
    }

    [Fact]
    public void AnAbsoluteTimeIsAnInstantWhateverItsOffset()
    {
        SetBoth("k", Old, At((Time.GetUtcNow() + Seconds(10)).ToOffset(TimeSpan.FromHours(14))));

        Time.Advance(Seconds(9));
        AssertBoth("k", Old);
        Time.Advance(Seconds(1));
        AssertBoth("k", null);
    }

    private sealed class InterruptedTime(TimeProvider time) : TimeProvider
    {
        public Action? BeforeNextReading { get; set; }

        public override DateTimeOffset GetUtcNow()
        {
            var interruption = BeforeNextReading;
            BeforeNextReading = null;
            interruption?.Invoke();
            return time.GetUtcNow();
        }
    }
}
