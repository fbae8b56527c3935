namespace BoundedCache.Interleaving.Tests;

/// <summary>What came of running a trial under many schedules.</summary>
/// <param name="Schedules">How many were run.</param>
/// <param name="Preemptions">Every schedule with so many preemptions at most was among them; negative: not even with none.</param>
/// <param name="Failure">The first that failed, to be run again with <see cref="Explorer.Replay"/>.</param>
internal sealed record Exploration(int Schedules, int Preemptions, FailedSchedule? Failure);

internal sealed record FailedSchedule(string Schedule, Exception Exception);

/// <summary>Runs a trial under every schedule with few preemptions, and under random ones.</summary>
internal static class Explorer
{
    /// <param name="make">Makes the trial anew.</param>
    /// <param name="preemptions">Schedules with so many at most; those with fewer first.</param>
    /// <param name="most">So many systematic schedules at most.</param>
    /// <param name="seeds">So many random ones.</param>
    /// <param name="fault">What is broken meanwhile.</param>
    public static Exploration Explore(Func<Trial> make, int preemptions, int most, int seeds, Fault fault = Fault.None)
    {
        using Crew crew = new();
        int schedules = 0;
        int completed = -1;
        for (int bound = 0; bound <= preemptions && schedules < most; bound++)
        {
            Systematic systematic = new(bound);
            bool hasNext = true;
            for (; hasNext && schedules < most; hasNext = systematic.Next())
            {
                schedules++;
                if (Fails(make, systematic, fault, crew) is { } failure)
                {
                    return new Exploration(schedules, completed, failure);
                }
            }

            completed = hasNext ? completed : bound;
        }

        for (int seed = 0; seed < seeds; seed++)
        {
            schedules++;
            if (Fails(make, new Seeded(seed), fault, crew) is { } failure)
            {
                return new Exploration(schedules, completed, failure);
            }
        }

        return new Exploration(schedules, completed, null);
    }

    /// <summary>Runs a schedule that was printed; null where nothing fails.</summary>
    public static Exception? Replay(Func<Trial> make, string schedule, Fault fault = Fault.None)
    {
        using Crew crew = new();
        return Fails(make, new Replayed(schedule), fault, crew)?.Exception;
    }

    private static FailedSchedule? Fails(Func<Trial> make, IChooser chooser, Fault fault, Crew crew)
    {
        Run run = new(make(), chooser, fault);
        try
        {
            run.Execute(crew);
            return null;
        }
        catch (Exception exception)
        {
            return new FailedSchedule(run.Schedule, exception);
        }
    }
}
