using BoundedCache.Storage;

namespace BoundedCache.Tests.Storage;

public sealed class GhostRingTests
{
    private GhostRing _ring = new();

    [Fact]
    public void RemembersNothingWithoutRoom()
    {
        _ring.Add(1, atMost: 100);

        Assert.Equal(-1, _ring.AgeOf(1, atMost: 100));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(9)]
    [InlineData(58)]
    [InlineData(900)]
    public void TellsHowManyCameAfterEachOfTheLast(int length)
    {
        _ring.EnsureCapacity(length);
        for (int hash = 0; hash < 5 * length; hash++)
        {
            _ring.Add(hash, length);

            int oldest = Math.Max(0, hash + 1 - length);
            Assert.Equal(0, _ring.AgeOf(hash, length));
            Assert.Equal(hash - oldest, _ring.AgeOf(oldest, length));
            Assert.Equal(-1, _ring.AgeOf(oldest - 1, length));
            Assert.Equal(-1, _ring.AgeOf(hash + 1, length));
        }
    }

    [Fact]
    public void AgreesWithAPlainListWhateverComes()
    {
        Random random = new(1);
        List<int> reference = [];
        int length = 50;
        for (int i = 0; i < 20_000; i++)
        {
            if (random.Next(100) == 0)
            {
                length = random.Next(1, 200);
            }

            // Many share a bucket, and some a hash.
            int hash = random.Next(40) + (random.Next(8) << 20);
            if (random.Next(2) == 0)
            {
                _ring.EnsureCapacity(length);
                _ring.Add(hash, length);
                reference = [hash, .. reference.Take(length - 1)];
            }
            else
            {
                _ring.AskFor(hash);
                _ring.AskForNewest(hash);
                Assert.Equal(reference.Take(length).ToList().IndexOf(hash), _ring.AgeOf(hash, length));
            }
        }
    }

    [Fact]
    public void KeepsTheLastWhereItGrowsAndWhereItShrinks()
    {
        _ring.EnsureCapacity(90);
        for (int hash = 0; hash < 100; hash++)
        {
            _ring.Add(hash, 90);
        }

        _ring.EnsureCapacity(900);
        Assert.Equal(89, _ring.AgeOf(10, 90));
        _ring.Trim(18);
        Assert.Equal(0, _ring.AgeOf(99, 18));
        Assert.Equal(17, _ring.AgeOf(82, 18));
        Assert.Equal(-1, _ring.AgeOf(81, 18));
        _ring.Trim(0);
        Assert.Equal(-1, _ring.AgeOf(99, 90));
    }

    /// <summary>Keys made to collide cost nobody more than a short walk.</summary>
    [Fact]
    public void WalksNoFurtherThanALittle()
    {
        _ring.EnsureCapacity(900);
        for (int i = 0; i < 900; i++)
        {
            _ring.Add(i << 16, 900);
        }

        Assert.Equal(0, _ring.AgeOf(899 << 16, 900));
        Assert.Equal(31, _ring.AgeOf((899 - 31) << 16, 900));
        Assert.Equal(-1, _ring.AgeOf((899 - 32) << 16, 900));
        Assert.Equal(-1, _ring.AgeOf(0, 900));
    }

    [Fact]
    public void TakesAnEighthMoreThanItIsAskedForAndThatOnce()
    {
        const int Hash = sizeof(int) + sizeof(ushort);
        const int Capacity = 800 + 100;
        long before = GC.GetAllocatedBytesForCurrentThread();
        bool took = _ring.EnsureCapacity(800);
        long taken = GC.GetAllocatedBytesForCurrentThread() - before;

        Assert.True(took);
        Assert.InRange(taken, Capacity * Hash, Capacity * (Hash + sizeof(ushort)));
        Assert.False(_ring.EnsureCapacity(Capacity));
        Assert.True(_ring.EnsureCapacity(Capacity + 1));
    }

    [Theory]
    [InlineData(225, false)]
    [InlineData(224, true)]
    public void GivesMemoryBackWhereItIsMoreThanFourTimesWhatIsToBeRemembered(int toBeRemembered, bool givesBack)
    {
        _ring.EnsureCapacity(800);

        _ring.Trim(toBeRemembered);

        Assert.Equal(givesBack, _ring.EnsureCapacity(toBeRemembered + 1));
    }
}
