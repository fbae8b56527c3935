using BoundedCache.Tests.Support;

namespace BoundedCache.Tests;

/// <summary>What readers may rely on while others write; what values are worth is in the stress tests.</summary>
public sealed class ConcurrentReadTests
{
    private static readonly TimeSpan Duration = TimeSpan.FromMilliseconds(TestScale.Of(quick: 1_500, full: 15_000));

    [Theory]
    [InlineData(200)]
    [InlineData(1_000_000)]
    public void KeysThatAreAlwaysThereAreNeverMissedWhileTablesGrowAndShrink(int maxEntries)
    {
        // Few enough others that nothing is ever evicted; their coming and going rebuilds the tables all the time.
        using BoundedDistributedCache cache = TestCache.Make(maxEntries);
        int others = Math.Min(maxEntries - 20, 20_000);
        string[] always = [.. Enumerable.Range(0, 20).Select(i => "always" + i)];
        foreach (string key in always)
        {
            cache.Set(key);
        }

        using Crew crew = new(Duration);
        crew.Add(running =>
        {
            while (running())
            {
                for (int i = 0; i < others && running(); i++)
                {
                    cache.Set("other" + i);
                }

                cache.RemoveByPattern("other*");
            }
        });
        crew.Add(running =>
        {
            Random random = new(1);
            while (running())
            {
                cache.Set(always[random.Next(always.Length)]);
            }
        });
        for (int t = 0; t < 2; t++)
        {
            crew.Add(running =>
            {
                while (running())
                {
                    foreach (string key in always)
                    {
                        Assert.NotNull(cache.Get(key));
                    }
                }
            });
        }

        crew.Run();

        Assert.Equal(0, cache.GetStatistics().Evictions);
        Integrity.Check(cache);
    }
}
