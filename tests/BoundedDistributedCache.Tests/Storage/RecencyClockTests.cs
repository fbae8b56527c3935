using BoundedCache.Expiration;
using BoundedCache.Storage;
using BoundedCache.Tests.Support;

namespace BoundedCache.Tests.Storage;

public sealed class RecencyClockTests
{
    private readonly RecencyClock _clock = new(isExact: false);

    // Every shard of a cache goes by its own insertions, however few they are; together they insert as many as are held.
    [Theory]
    [InlineData(10_000, 1)]
    [InlineData(10_000, 8)]
    [InlineData(10_000, 1_024)]
    [InlineData(200_000, 32)]
    [InlineData(1_000_000, 128)]
    public void TicksEvenlyAndAsOftenInATurnoverWhateverTheShards(int held, int shards)
    {
        uint[] turns = [.. Enumerable.Range(0, shards).Select(RecencyClock.FirstTurn)];
        var random = new Random(1);

        var ticksInEpochs = Enumerable.Range(0, 48)
            .Select(_ => Enumerable.Range(0, held / 16).Count(_ => RecencyClock.MakesTick(ref turns[random.Next(shards)], held)))
            .ToArray();

        Assert.InRange(ticksInEpochs.Sum() / 3, 230, 280);
        Assert.All(ticksInEpochs, ticks => Assert.InRange(ticks, 4, 32));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(256)]
    public void ASmallCacheTicksWithEveryInsertion(long held)
    {
        var turn = RecencyClock.FirstTurn(5);

        Assert.All(Enumerable.Range(0, 1_000), _ => Assert.True(RecencyClock.MakesTick(ref turn, held)));
    }

    [Theory]
    [InlineData(0, 1)]
    [InlineData(31, 1)]
    [InlineData(32, 2)]
    [InlineData(255, 15)]
    [InlineData(256, 16)]
    [InlineData(1_000_000, 16)]
    public void AnEpochIsASixteenthOfATurnover(long held, long ticks) =>
        Assert.Equal(ticks, RecencyClock.TicksPerEpoch(held));

    [Theory]
    [InlineData(0, 16, 1)]
    [InlineData(3, 64, 4)]
    public void AnEpochSpansTheTicksThatTenantsMadeInItToo(int ticksOfTenants, long span, long ticksPerAge)
    {
        _clock.EnsureTimes();
        for (var beat = 0; beat < 40; beat++)
        {
            for (var tick = 0; tick < ticksOfTenants; tick++)
                _clock.Advance(held: 1);
            _clock.AdvanceBeat(held: 2_560, now: 0);
        }

        Assert.Equal(span, _clock.EpochSpan);
        Assert.Equal(ticksPerAge, _clock.TicksPerAge);
    }

    [Fact]
    public void TheFirstEpochSpansTheTicksSinceTheClockBegan()
    {
        _clock.EnsureTimes();

        _clock.AdvanceBeat(held: 1, now: 0);

        Assert.Equal(1, _clock.EpochSpan);
    }

    [Fact]
    public void AnEpochIsNamedByTheTickThatBeganIt()
    {
        var names = new List<(long Tick, uint Epoch)>();
        for (var i = 0; i < 33; i++)
        {
            names.Add((_clock.Tick, _clock.Epoch));
            _clock.AdvanceBeat(1_000, now: 0);
        }

        Assert.All(names, name => Assert.Equal(((name.Tick - 1) / 16 * 16) + 1, name.Epoch));
        Assert.Equal(3, names.DistinctBy(name => name.Epoch).Count());
    }

    [LongFact]
    public void EveryTickIsMadeAndEpochsStayLongWhenManyMakeThem()
    {
        const int PerThread = 1_000_000;
        var epochs = new HashSet<uint>();

        Concurrently.During(
            () => Concurrently.Run(3, _ =>
            {
                for (var i = 0; i < PerThread; i++)
                    _clock.AdvanceBeat(1_000, now: 0);
            }),
            () =>
            {
                var tick = _clock.Tick;
                var epoch = _clock.Epoch;
                epochs.Add(epoch);
                Assert.True(_clock.Tick >= tick && epoch <= _clock.Tick && _clock.Epoch >= epoch);
            });

        Assert.Equal(1 + (3 * PerThread), _clock.Tick);
        Assert.InRange(_clock.Tick - _clock.Epoch, 0, 16);
        Assert.All(epochs.Order().Zip(epochs.Order().Skip(1)), pair => Assert.True(pair.Second - pair.First >= 16));
    }

    [Fact]
    public void EveryUseTakesAValueOfItsOwn()
    {
        const int PerThread = 500_000;
        var clock = new RecencyClock(isExact: true);
        var values = new long[3 * PerThread];

        Concurrently.Run(3, thread =>
        {
            for (var i = 0; i < PerThread; i++)
                values[(thread * PerThread) + i] = clock.NextUse();
        });

        Assert.Equal(values.Length, values.Distinct().Count());
        Assert.Equal(clock.Tick, values.Max());
        Assert.All(Enumerable.Range(0, 3), thread =>
            Assert.True(values.AsSpan(thread * PerThread, PerThread).ToArray() is var own && own.SequenceEqual(own.Order())));
    }

    [Fact]
    public void AVictimsAgeIsTheTimeSinceTheTickAfterItsStampBegan()
    {
        _clock.EnsureTimes();
        _clock.AdvanceBeat(1_000, now: 100);
        _clock.AdvanceBeat(1_000, now: 200);

        Assert.Equal(Known(150), _clock.AgeOf(Evicted(stamp: 1, at: 250)));
        Assert.Equal(Known(50), _clock.AgeOf(Evicted(stamp: 2, at: 250)));
    }

    [Fact]
    public void TicksThatTenantsMadeInABeatLeaveAnAgeKnown()
    {
        _clock.EnsureTimes();
        foreach (var now in new[] { 100, 200 })
        {
            for (var tick = 0; tick < 3; tick++)
                _clock.Advance(held: 1);
            _clock.AdvanceBeat(1_000, now);
        }

        Assert.Equal(Known(150), _clock.AgeOf(Evicted(stamp: 1, at: 250)));
        Assert.Equal(Known(50), _clock.AgeOf(Evicted(stamp: 5, at: 250)));
    }

    [Fact]
    public void OfAVictimOfThisTickNothingIsKnownButThatItHasAnAge()
    {
        _clock.EnsureTimes();
        _clock.AdvanceBeat(1_000, now: 100);

        Assert.Equal(Known(0) with { IsAtLeast = true }, _clock.AgeOf(Evicted(stamp: 2, at: 250)));
    }

    [Fact]
    public void AnAgeIsNeverNegativeThoughTimesOfThreadsMayCross()
    {
        _clock.EnsureTimes();
        _clock.AdvanceBeat(1_000, now: 100);

        Assert.Equal(Known(0), _clock.AgeOf(Evicted(stamp: 1, at: 90)));
    }

    [Fact]
    public void AVictimOlderThanWhatIsRememberedIsAtLeastThatOld()
    {
        _clock.EnsureTimes();
        for (var tick = 2; tick <= 2_000; tick++)
            _clock.AdvanceBeat(1_000, now: tick);

        Assert.Equal(Known(2_000 - 978), _clock.AgeOf(Evicted(stamp: 977, at: 2_000)));
        Assert.Equal(Known(2_000 - 978) with { IsAtLeast = true }, _clock.AgeOf(Evicted(stamp: 976, at: 2_000)));
        Assert.Equal(Known(2_000 - 978) with { IsAtLeast = true }, _clock.AgeOf(Evicted(stamp: 1, at: 2_000)));
    }

    [Fact]
    public void NoAgeIsKnownBeforeTheFirstVictimOrWhereOrderIsExact()
    {
        var exact = new RecencyClock(isExact: true);
        _clock.EnsureTimes();
        exact.EnsureTimes();

        Assert.Null(_clock.AgeOf(default));
        Assert.Null(exact.AgeOf(Evicted(stamp: 1, at: 2)));
    }

    [LongFact]
    public void EveryTickHasItsTimeWhenManyMakeThem()
    {
        const int PerThread = 300;
        for (var round = 0; round < 200; round++)
        {
            var clock = new RecencyClock(isExact: false);
            clock.EnsureTimes();
            Concurrently.Run(3, _ =>
            {
                for (var i = 0; i < PerThread; i++)
                    clock.AdvanceBeat(1_000, now: 7);
            });

            Assert.All(Enumerable.Range(1, 3 * PerThread), stamp => Assert.Equal(Known(93), clock.AgeOf(Evicted(stamp, at: 100))));
        }
    }

    private static EvictedAge Known(long ticks) => new(TimeSpan.FromTicks(ticks), IsAtLeast: false);

    private static LastEviction Evicted(long stamp, long at)
    {
        LastEviction last = default;
        last.Note(stamp, new Now(at, at));
        return last;
    }
}
