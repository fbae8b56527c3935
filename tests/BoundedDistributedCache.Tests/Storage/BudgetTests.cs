using BoundedCache.Storage;
using BoundedCache.Tests.Support;

namespace BoundedCache.Tests.Storage;

public sealed class BudgetTests
{
    private readonly Budget _budget = new(100);

    [Fact]
    public void GivesOutExactlyItsLimit()
    {
        Assert.True(_budget.TryTake(60));
        Assert.False(_budget.TryTake(41));
        Assert.True(_budget.TryTake(40));
        Assert.False(_budget.TryTake(1));

        Assert.Equal(100, _budget.Used);
    }

    [Fact]
    public void WhatIsGivenBackCanBeTakenAgain()
    {
        _budget.TryTake(100);
        _budget.Give(30);

        Assert.Equal(70, _budget.Used);
        Assert.True(_budget.TryTake(30));
    }

    [Theory]
    [InlineData(0, 40, 0)]
    [InlineData(60, 40, 0)]
    [InlineData(60, 41, 1)]
    [InlineData(100, 40, 40)]
    [InlineData(100, 0, 0)]
    [InlineData(100, -5, 0)]
    public void WhatIsMissingIsWhatExceedsTheLimit(long used, long needed, long missing)
    {
        _budget.TryTake(used);

        Assert.Equal(missing, _budget.Missing(needed));
    }

    [Fact]
    public void AClaimKeepsOthersOut()
    {
        _budget.TryTake(20);
        _budget.Claim(60);

        Assert.False(_budget.TryTake(21));
        Assert.Equal(1, _budget.Missing(21));
        Assert.True(_budget.TryTake(20));
        Assert.True(_budget.TryTakePastClaim(60));
        Assert.Equal(100, _budget.Used);
    }

    [Fact]
    public void AClaimForMoreThanIsFreeLeavesOthersNothing()
    {
        _budget.TryTake(80);
        _budget.Claim(60);

        Assert.Equal(5, _budget.Missing(5));
        Assert.False(_budget.TryTake(1));
        Assert.Equal(40, _budget.MissingPastClaim(60));
        Assert.False(_budget.TryTakePastClaim(21));

        _budget.Claim(0);
        Assert.True(_budget.TryTake(20));
    }

    [Fact]
    public void NothingCanAlwaysBeTaken()
    {
        _budget.TryTake(100);
        _budget.Claim(100);

        Assert.True(_budget.TryTake(0));
        Assert.True(_budget.TryTakePastClaim(0));
    }

    [Fact]
    public void IsNeverUsedAboveItsLimitHoweverManyTake()
    {
        Concurrently.Run(4, thread =>
        {
            var random = new Random(thread);
            for (var i = 0; i < 250_000; i++)
            {
                var amount = random.Next(1, 60);
                if (_budget.TryTake(amount))
                {
                    Assert.InRange(_budget.Used, amount, 100);
                    _budget.Give(amount);
                }
            }
        });

        Assert.Equal(0, _budget.Used);
    }
}
