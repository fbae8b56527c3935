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

    [Theory]
    [InlineData(2, 10)]
    [InlineData(3, 9)]
    [InlineData(6, 12)]
    public void EachBeginsAsOftenAsTheOthers(int contestants, int rounds)
    {
        int[] began = new int[contestants];
        int turns = 0;

        IReadOnlyList<Times> times = Contest.Run(
            [.. Enumerable.Range(0, contestants).Select(who => new Contestant($"{who}", () => began[who] += turns++ % contestants == 0 ? 1 : 0, () => { }))],
            Scale.Full with { WarmUpRounds = 0 });

        Assert.All(times, of => Assert.Equal(rounds, of.Rounds.Length));
        Assert.All(began, count => Assert.Equal(rounds / contestants, count));
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
