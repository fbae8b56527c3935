using BoundedCache.Expiration;
using BoundedCache.Storage;
using BoundedCache.Tests.Support;

namespace BoundedCache.Tests.Storage;

public sealed class ExpiringEntryTests
{
    private const long Offset = 1_000_000;

    [Fact]
    public void TakesOnTheHeapWhatItsChargeSays()
    {
        byte[] value = [];

        Assert.Equal(
            Charge.ExpiringEntryObject,
            Allocated.ByObject(() => new ExpiringEntry("key", 1, value, Deadlines.Never, At(0))));
        Assert.Equal(
            Charge.Of(3, 0, expires: true),
            new ExpiringEntry("key", 1, value, Deadlines.Never, At(0)).Charge);
    }

    [Theory]
    [InlineData(99, true)]
    [InlineData(100, false)]
    public void ExpiresAtItsAbsoluteTime(long now, bool isAlive)
    {
        Assert.Equal(isAlive, Absolute(100).TryUse(At(now)));
        Assert.Equal(!isAlive, Absolute(100).TryExpire(At(now)));
        Assert.Equal(!isAlive, Absolute(100).HasExpired(At(now)));
    }

    [Theory]
    [InlineData(9, true)]
    [InlineData(10, false)]
    public void ExpiresWhenItWasIdleForItsWindow(long now, bool isAlive)
    {
        Assert.Equal(isAlive, Sliding(10).TryUse(At(now)));
        Assert.Equal(!isAlive, Sliding(10).TryExpire(At(now)));
        Assert.Equal(!isAlive, Sliding(10).HasExpired(At(now)));
    }

    [Fact]
    public void AUseStartsTheWindowAnew()
    {
        var entry = Sliding(10);

        Assert.True(entry.TryUse(At(9)));
        Assert.True(entry.TryUse(At(18)));
        Assert.False(entry.TryUse(At(28)));
    }

    [Fact]
    public void NoUseOutlivesTheAbsoluteTime()
    {
        var entry = Make(new Deadlines(15 + Offset, 10));

        Assert.True(entry.TryUse(At(9)));
        Assert.True(entry.TryUse(At(14)));
        Assert.False(entry.TryUse(At(15)));
    }

    [Fact]
    public void AbsoluteTimesFollowUtcAndWindowsTheMonotonicTime()
    {
        Assert.False(Absolute(100).TryUse(new Now(0, 100 + Offset)));
        Assert.True(Absolute(100).TryUse(new Now(100, 99 + Offset)));
        Assert.True(Sliding(10).TryUse(new Now(9, long.MaxValue - 1)));
        Assert.False(Sliding(10).TryUse(new Now(10, 0)));
    }

    [Fact]
    public void AnEarlierTimeShortensNoWindow()
    {
        var entry = Sliding(10);
        entry.TryUse(At(9));

        Assert.True(entry.TryUse(At(-5)));
        Assert.True(entry.TryUse(At(18)));
    }

    [Fact]
    public void OnceDeclaredExpiredItStaysSoWhateverTheClockDoes()
    {
        var found = Absolute(100);
        var reclaimed = Sliding(10);

        Assert.False(found.TryUse(At(100)));
        Assert.True(reclaimed.TryExpire(At(10)));

        Assert.All([found, reclaimed], entry =>
        {
            Assert.False(entry.TryUse(At(0)));
            Assert.True(entry.TryExpire(At(0)));
            Assert.Equal(long.MinValue, entry.NextDeadline(At(0)));
        });
    }

    [Fact]
    public void TheNextDeadlineIsTheEarlierOfBothInMonotonicTime()
    {
        var entry = Make(new Deadlines(15 + Offset, 10));

        Assert.Equal(10, entry.NextDeadline(At(3)));
        entry.TryUse(At(9));
        Assert.Equal(15, entry.NextDeadline(At(9)));
        Assert.Equal(5, entry.NextDeadline(new Now(9, 19 + Offset)));
    }

    [Fact]
    public void ADeadlineBeyondAllTimeIsNever()
    {
        Assert.Equal(long.MaxValue, Make(new Deadlines(Deadlines.None, Deadlines.None - 1), At(2)).NextDeadline(At(2)));
        Assert.Equal(long.MaxValue, Make(Deadlines.Never).NextDeadline(At(0)));
        Assert.True(Make(Deadlines.Never).TryUse(At(long.MaxValue / 2)));
    }

    // Used at 3 or later, a window of 10 can't have passed at 12; expired at 12, it can't be used any more.
    [Fact]
    public void OfUsesAndAnExpiryThatExcludeEachOtherExactlyOneSideSucceeds()
    {
        const int Rounds = 30_000;
        var entries = Enumerable.Range(0, Rounds).Select(_ => Sliding(10)).ToArray();
        var used = new bool[Rounds];
        var expired = new bool[Rounds];

        Concurrently.Race(
            Rounds,
            i =>
            {
                for (var time = 3; time < 10; time++)
                    used[i] |= entries[i].TryUse(At(time));
            },
            i => expired[i] = entries[i].TryExpire(At(12)));

        Assert.DoesNotContain(true, used.Zip(expired, (isUsed, isExpired) => isUsed == isExpired));
    }

    [Fact]
    public void OfUsesAtOnceTheLatestCounts()
    {
        const int Rounds = 20_000;
        var entries = Enumerable.Range(0, Rounds).Select(_ => Sliding(10)).ToArray();

        Concurrently.Race(Rounds, i => Use(entries[i], from: 1), i => Use(entries[i], from: 2));

        Assert.All(entries, entry => Assert.Equal(20, entry.NextDeadline(At(10))));

        static void Use(ExpiringEntry entry, int from)
        {
            for (var time = from; time <= 10; time += 2)
                entry.TryUse(At(time));
        }
    }

    private static Now At(long monotonic) => new(monotonic, monotonic + Offset);

    private static ExpiringEntry Absolute(long monotonic) => Make(new Deadlines(monotonic + Offset, Deadlines.None));

    private static ExpiringEntry Sliding(long window) => Make(new Deadlines(Deadlines.None, window));

    private static ExpiringEntry Make(Deadlines deadlines, Now now = default) => new("key", 1, [], deadlines, now);
}
