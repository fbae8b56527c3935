using BoundedCache.Benchmarks.Measuring;

namespace BoundedCache.Benchmarks.Tests;

public sealed class ContestTests
{
    private static readonly Scale TwoRounds = Scale.Tiny with { WarmUpRounds = 1, Rounds = 2 };

    [Fact]
    public void EveryRoundHasEverybodyAndWhoBeginsMovesOn()
    {
        List<string> order = [];

        Contest.Run([Logging("a"), Logging("b")], TwoRounds);

        Assert.Equal(["a", "b", "b", "a", "a", "b"], order);

        Contestant Logging(string name) => new(
            name,
            () =>
            {
                order.Add(name);
                return 1;
            },
            () => { });
    }

    [Fact]
    public void WarmUpRoundsAreNotCounted()
    {
        double time = 0;

        IReadOnlyList<Times> times = Contest.Run([new("a", () => ++time, () => { })], TwoRounds);

        Assert.Equal([2, 3], times[0].Rounds);
    }

    [Fact]
    public void RatiosAreTakenRoundByRound()
    {
        Times ours = new("ours", [2, 30], null);
        Times theirs = new("theirs", [1, 10], null);

        Assert.Equal([2, 3], ours.Over(theirs));
    }

    [Fact]
    public void WhoFailsTheCheckIsRefusedAndTakesNoFurtherPart()
    {
        int rounds = 0;

        IReadOnlyList<Times> times = Contest.Run([new("a", () => ++rounds, () => throw new RefusedException("why"))], TwoRounds);

        Assert.Equal("why", times[0].Refusal);
        Assert.Equal(1, rounds);
    }
}
