using BoundedCache.Storage;

namespace BoundedCache.Tests.Storage;

public sealed class GhostRingTests
{
    private readonly GhostRing _ring = new();

    [Fact]
    public void RemembersNothingWithoutRoom()
    {
        _ring.Add(1, entries: 100);

        Assert.False(_ring.Contains(1, entries: 100));
    }

    [Theory]
    [InlineData(2)]
    [InlineData(10)]
    [InlineData(64)]
    [InlineData(1_000)]
    public void RemembersTheLastNineTenthsOfWhatIsHeld(int entries)
    {
        _ring.EnsureCapacity(entries);
        for (int hash = 0; hash < 5 * entries; hash++)
        {
            _ring.Add(hash, entries);

            int oldest = Math.Max(0, hash + 1 - (entries * 9 / 10));
            Assert.True(_ring.Contains(hash, entries));
            Assert.True(_ring.Contains(oldest, entries));
            Assert.False(_ring.Contains(oldest - 1, entries));
            Assert.False(_ring.Contains(hash + 1, entries));
        }
    }

    [Fact]
    public void AgreesWithAPlainListWhateverComes()
    {
        Random random = new(1);
        List<int> reference = [];
        int entries = 50;
        for (int i = 0; i < 20_000; i++)
        {
            if (random.Next(100) == 0)
            {
                entries = random.Next(1, 200);
            }

            // Many share a bucket, and some a hash.
            int hash = random.Next(40) + (random.Next(8) << 20);
            if (random.Next(2) == 0)
            {
                _ring.EnsureCapacity(entries);
                _ring.Add(hash, entries);
                reference = [.. reference.Append(hash).TakeLast(entries * 9 / 10)];
            }
            else
            {
                Assert.Equal(reference.TakeLast(entries * 9 / 10).Contains(hash), _ring.Contains(hash, entries));
            }
        }
    }

    [Fact]
    public void KeepsTheLastWhereItGrowsAndWhereItShrinks()
    {
        _ring.EnsureCapacity(100);
        for (int hash = 0; hash < 100; hash++)
        {
            _ring.Add(hash, 100);
        }

        _ring.EnsureCapacity(1_000);
        Assert.True(_ring.Contains(10, 100));
        _ring.Trim(20);
        Assert.True(_ring.Contains(99, 20));
        Assert.True(_ring.Contains(82, 20));
        Assert.False(_ring.Contains(81, 20));
        _ring.Trim(0);
        Assert.False(_ring.Contains(99, 100));
    }

    /// <summary>Keys made to collide cost nobody more than a short walk.</summary>
    [Fact]
    public void WalksNoFurtherThanALittle()
    {
        _ring.EnsureCapacity(1_000);
        for (int i = 0; i < 900; i++)
        {
            _ring.Add(i << 16, 1_000);
        }

        Assert.True(_ring.Contains(899 << 16, 1_000));
        Assert.False(_ring.Contains(0, 1_000));
    }
}
