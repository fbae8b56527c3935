using System.Runtime.CompilerServices;
using BoundedCache.Storage;
using BoundedCache.Tests.Support;

namespace BoundedCache.Tests.Storage;

public sealed class StripedCounterTests
{
    private StripedCounter _counter;

    [Fact]
    public void TakesOneWordWhileNobodyContends()
    {
        for (var i = 0; i < 1_000; i++)
            _counter.Increment();

        Assert.Equal(1_000, _counter.Value);
        Assert.Null(StripesOf(ref _counter));
    }

    [Fact]
    public void SpreadsOnceThreadsContendAndIsExactBeforeAndAfter()
    {
        var rounds = 0;
        while (rounds < 100 && (rounds == 0 || StripesOf(ref _counter) is null))
        {
            Concurrently.Run(4, _ =>
            {
                for (var i = 0; i < 20_000; i++)
                    _counter.Increment();
            });
            Assert.Equal(80_000 * ++rounds, _counter.Value);
        }

        Assert.Equal(Math.Min(8, Environment.ProcessorCount), StripesOf(ref _counter)!.Length);
        _counter.Increment();
        Assert.Equal((80_000 * rounds) + 1, _counter.Value);
    }

    [Fact]
    public void TheFirstWhoContendsCountsInAStripeToo()
    {
        IncrementStripe(ref _counter);

        Assert.Equal((1, 0), (_counter.Value, First(ref _counter)));
    }

    [UnsafeAccessor(UnsafeAccessorKind.Method)]
    private static extern void IncrementStripe(ref StripedCounter counter);

    [UnsafeAccessor(UnsafeAccessorKind.Field, Name = "_first")]
    private static extern ref long First(ref StripedCounter counter);

    private static Array? StripesOf(ref StripedCounter counter) => (Array?)typeof(StripedCounter)
        .GetField("_stripes", System.Reflection.BindingFlags.Instance | System.Reflection.BindingFlags.NonPublic)!.GetValue(counter);
}
