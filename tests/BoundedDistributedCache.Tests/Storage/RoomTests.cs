using BoundedCache.Storage;
using BoundedCache.Tests.Support;

namespace BoundedCache.Tests.Storage;

public sealed class RoomTests
{
    private readonly Room _room = new(maxEntries: 10, maxBytes: 1_000);

    [Fact]
    public void TakesEntriesAndBytesTogether()
    {
        Assert.True(_room.TryTake(new RoomAmount(10, 1_000), pastClaim: false));

        Assert.Equal(new RoomAmount(10, 1_000), Used());
    }

    [Theory]
    [InlineData(11, 1)]
    [InlineData(1, 1_001)]
    public void WhereOneIsShortNeitherIsTaken(long entries, long bytes)
    {
        Assert.False(_room.TryTake(new RoomAmount(entries, bytes), pastClaim: false));

        Assert.Equal(RoomAmount.None, Used());
    }

    [Fact]
    public void SaysOfEachWhatIsMissing()
    {
        _room.TryTake(new RoomAmount(9, 900), pastClaim: false);

        Assert.Equal(new RoomAmount(1, 50), _room.Missing(new RoomAmount(2, 150), pastClaim: false));
        Assert.Equal(new RoomAmount(0, 50), _room.Missing(new RoomAmount(1, 150), pastClaim: false));
        Assert.Equal(RoomAmount.None, _room.Missing(new RoomAmount(1, -150), pastClaim: false));
        Assert.True(_room.Missing(new RoomAmount(1, 100), pastClaim: false).IsNone);
    }

    [Fact]
    public void AClaimHoldsForBoth()
    {
        _room.Claim(new RoomAmount(1, 600));

        Assert.False(_room.TryTake(new RoomAmount(10, 1), pastClaim: false));
        Assert.False(_room.TryTake(new RoomAmount(1, 401), pastClaim: false));
        Assert.Equal(new RoomAmount(1, 1), _room.Missing(new RoomAmount(10, 401), pastClaim: false));
        Assert.True(_room.Missing(new RoomAmount(10, 1_000), pastClaim: true).IsNone);
        Assert.True(_room.TryTake(new RoomAmount(10, 1_000), pastClaim: true));
    }

    [Fact]
    public void GivesBackWhatIsGiven()
    {
        _room.TryTake(new RoomAmount(5, 500), pastClaim: false);
        _room.Give(new RoomAmount(2, 300));

        Assert.Equal(new RoomAmount(3, 200), Used());
    }

    [Fact]
    public void TheExcessOfAnAmountIsItsPositivePart()
    {
        Assert.Equal(new RoomAmount(0, 5), new RoomAmount(-1, 5).Excess());
        Assert.False(new RoomAmount(-1, 5).IsNone);
        Assert.True(new RoomAmount(-1, 0).IsNone);
        Assert.Equal(new RoomAmount(1, Charge.Smallest), RoomAmount.Of(new Entry("", 0, [])));
    }

    [Fact]
    public void AnAmountCanBePrinted() => Assert.Contains("Entries = 1, Bytes = 2", new RoomAmount(1, 2).ToString());

    // Each thread asks for more bytes than half: entries taken for a try that fails must come back.
    [Fact]
    public void NothingIsLostAndNoLimitPassedHoweverManyTake()
    {
        Concurrently.Run(4, thread =>
        {
            var random = new Random(thread);
            for (var i = 0; i < 250_000; i++)
            {
                var amount = new RoomAmount(random.Next(1, 7), random.Next(1, 700));
                if (_room.TryTake(amount, pastClaim: false))
                {
                    Assert.InRange(_room.Entries.Used, amount.Entries, 10);
                    Assert.InRange(_room.Bytes.Used, amount.Bytes, 1_000);
                    _room.Give(amount);
                }
            }
        });

        Assert.Equal(RoomAmount.None, Used());
    }

    [Fact]
    public void WhoGetsNoBytesKeepsNoEntriesEither()
    {
        Concurrently.Race(20_000, _ => TakeAndGive(), _ => TakeAndGive());

        Assert.Equal(RoomAmount.None, Used());

        void TakeAndGive()
        {
            if (_room.TryTake(new RoomAmount(1, 600), pastClaim: false))
                _room.Give(new RoomAmount(1, 600));
        }
    }

    private RoomAmount Used() => new(_room.Entries.Used, _room.Bytes.Used);
}
