namespace BoundedCache.Interleaving.Tests;

/// <summary>The scheduler finds what it is there to find.</summary>
public class ExplorerTests
{
    [Fact]
    public void RunsEverySchedule()
    {
        HashSet<string> orders = [];
        Exploration exploration = Explorer.Explore(() =>
        {
            string order = "";
            Action Of(char name) => () =>
            {
                for (int i = 0; i < 3; i++)
                {
                    Scheduled.Point();
                    order += name;
                }
            };
            return new([Of('a'), Of('b')], () => orders.Add(order));
        }, preemptions: 6, most: 10_000, seeds: 0);

        Assert.Null(exploration.Failure);
        Assert.Equal(6, exploration.Preemptions);
        Assert.Equal(20, orders.Count);
    }

    [Fact]
    public void FindsALostUpdateAndRunsItAgain()
    {
        static Trial Make()
        {
            int count = 0;
            Action increment = () =>
            {
                int read = Volatile.Read(ref count);
                Volatile.Write(ref count, read + 1);
            };
            return new([increment, increment], () => Assert.Equal(2, count));
        }

        Exploration exploration = Explorer.Explore(Make, preemptions: 1, most: 100, seeds: 0);

        Assert.NotNull(exploration.Failure);
        Assert.NotNull(Explorer.Replay(Make, exploration.Failure.Schedule));
        Assert.Null(Explorer.Replay(Make, "0:3 1:3"));
    }

    [Fact]
    public void FindsThatAllWait()
    {
        Exploration exploration = Explorer.Explore(() =>
        {
            Lock first = new();
            Lock second = new();
            static void Take(Lock outer, Lock inner)
            {
                lock (outer)
                {
                    lock (inner)
                    {
                    }
                }
            }

            return new([() => Take(first, second), () => Take(second, first)], () => { });
        }, preemptions: 1, most: 100, seeds: 0);

        Assert.Equal("Every thread waits for a lock.", exploration.Failure?.Exception.Message);
    }

    [Fact]
    public void FindsThatThereIsNoEnd()
    {
        Exploration exploration = Explorer.Explore(() =>
        {
            bool isSet = false;
            Action wait = () =>
            {
                while (!Volatile.Read(ref isSet))
                {
                    Scheduled.GiveWay();
                }
            };
            return new([wait, wait], () => { });
        }, preemptions: 0, most: 1, seeds: 0);

        Assert.StartsWith("No end", exploration.Failure?.Exception.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void FindsWhatDoesNotHoldInTheMiddle()
    {
        Exploration exploration = Explorer.Explore(() =>
        {
            int left = 1;
            int right = 0;
            Action move = () =>
            {
                left--;
                Scheduled.Point();
                right++;
            };
            return new([move], () => { }, () => Assert.Equal(1, left + right));
        }, preemptions: 0, most: 1, seeds: 0);

        Assert.NotNull(exploration.Failure);
    }
}
