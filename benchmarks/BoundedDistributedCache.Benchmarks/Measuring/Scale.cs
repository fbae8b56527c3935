namespace BoundedCache.Benchmarks.Measuring;

/// <summary>How much of everything. Only <see cref="Full"/> and <see cref="Quick"/> give figures worth anything.</summary>
internal sealed record Scale
{
    public static readonly Scale Full = new();
    public static readonly Scale Quick = new() { MaxThreads = 2, Rounds = 15, Operations = 1 << 20 };

    /// <summary>Tries the programs within seconds.</summary>
    public static readonly Scale Tiny = new()
    {
        Rounds = 3,
        WarmUpRounds = 1,
        Operations = 1 << 11,
        SweepWarmUp = TimeSpan.FromMilliseconds(10),
        Entries = 1_000,
        MiddleEntries = 2_000,
        LargeEntries = 4_000,
        HugeEntries = 8_000,
        MaxThreads = 2,
    };

    public int Rounds { get; init; } = 9;

    public int WarmUpRounds { get; init; } = 3;

    /// <summary>How many operations a thread does in a round; half as many where they write.</summary>
    public int Operations { get; init; } = 1 << 19;

    /// <summary>For how long a sweep is tried before it is timed.</summary>
    public TimeSpan SweepWarmUp { get; init; } = TimeSpan.FromSeconds(0.5);

    public int Entries { get; init; } = 10_000;

    public int MiddleEntries { get; init; } = 200_000;

    public int LargeEntries { get; init; } = 1_000_000;

    public int HugeEntries { get; init; } = 4_000_000;

    public int MaxThreads { get; init; } = Math.Max(2, Environment.ProcessorCount);

    /// <summary>1, 2, 4 and so on, and the most.</summary>
    public IEnumerable<int> ThreadCounts
    {
        get
        {
            for (int threads = 1; threads < MaxThreads; threads *= 2)
            {
                yield return threads;
            }

            yield return MaxThreads;
        }
    }
}
