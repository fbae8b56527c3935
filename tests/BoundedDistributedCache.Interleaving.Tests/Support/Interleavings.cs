namespace BoundedCache.Interleaving.Tests;

/// <summary>Asserts on a trial under many schedules, and tells how many there were.</summary>
internal static class Interleavings
{
    private static long s_schedules;

    private static int Seeds => TestScale.Of(quick: 500, full: 5_000);

    private static int Most => TestScale.Of(quick: 3_000, full: 30_000);

    private static int Preemptions => TestScale.Of(quick: 2, full: 3);

    public static void Hold(Func<Trial> make)
    {
        Exploration exploration = Explorer.Explore(make, Preemptions, Most, Seeds);
        Assert.True(exploration.Failure is null, $"After {exploration.Schedules} schedules:\n{exploration.Failure}");
        Assert.True(exploration.Preemptions > 0, $"{exploration.Schedules} schedules are fewer than there are with one preemption.");
        Tell($"{exploration.Schedules} schedules, among them all with up to {exploration.Preemptions} preemptions; {Interlocked.Add(ref s_schedules, exploration.Schedules)} so far");
    }

    /// <summary>Random schedules alone, of one trial among many.</summary>
    public static void Hold(Func<Trial> make, int seeds, string of)
    {
        Exploration exploration = Explorer.Explore(make, preemptions: 0, most: 1, seeds);
        Assert.True(exploration.Failure is null, $"In {of}:\n{exploration.Failure}");
    }

    /// <summary>The same tests fail where the code is wrong, and fail again under the schedule that they tell.</summary>
    public static void Catch(Fault fault, Func<Trial> make)
    {
        Exploration exploration = Explorer.Explore(make, preemptions: 2, most: 60_000, seeds: 2_000, fault);
        Assert.True(exploration.Failure is not null, $"{fault} passed {exploration.Schedules} schedules.");
        Tell($"{fault} was caught by schedule {exploration.Schedules} ({exploration.Failure.Schedule}): {exploration.Failure.Exception.Message}");
        Exception? again = Explorer.Replay(make, exploration.Failure.Schedule, fault);
        Assert.Equal(exploration.Failure.Exception.Message, again?.Message);
        Assert.Null(Explorer.Replay(make, exploration.Failure.Schedule));
    }

    /// <summary>One of many trials fails, under random schedules alone.</summary>
    public static void Catch(Fault fault, IEnumerable<Func<Trial>> trials, int seeds)
    {
        int passed = 0;
        foreach (Func<Trial> make in trials)
        {
            if (Explorer.Explore(make, preemptions: 0, most: 1, seeds, fault).Failure is { } failure)
            {
                Tell($"{fault} was caught by program {passed + 1} ({failure.Schedule}): {failure.Exception.Message}");
                Assert.Null(Explorer.Replay(make, failure.Schedule));
                return;
            }

            passed++;
        }

        Assert.Fail($"{fault} passed {passed} programs.");
    }

    private static void Tell(string what) => TestContext.Current.TestOutputHelper?.WriteLine(what);
}
