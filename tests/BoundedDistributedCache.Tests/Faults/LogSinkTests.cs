using BoundedCache.Tests.Support;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Time.Testing;

namespace BoundedCache.Tests.Faults;

/// <summary>A log sink may throw, stand still, or use the cache that tells it something.</summary>
public sealed class LogSinkTests
{
    private readonly FakeTimeProvider _clock = new();

    [Fact]
    public void OneThatThrowsHarmsNobody()
    {
        Sink sink = new(() => throw new InvalidOperationException());
        using BoundedDistributedCache cache = Uses.MakeCache(_clock, sink);

        for (int minute = 0; minute < 3; minute++)
        {
            Uses.MakeAll(cache);
            _clock.Advance(TimeSpan.FromMinutes(1));
        }

        Assert.Equal([1, 2, 3, 4], sink.Told.Distinct().Order());
        Uses.AssertSound(cache);
    }

    [Fact]
    public void WhileOneStandsStillOthersGoOn()
    {
        using Stall stall = new();
        using BoundedDistributedCache cache = Uses.MakeCache(_clock, new Sink(stall.Here));

        stall.During(() => Uses.Fill(cache, Uses.MaxEntries + 1), () => Uses.MakeAll(cache));

        Uses.AssertSound(cache);
    }

    [Theory]
    [MemberData(nameof(Uses.All), MemberType = typeof(Uses))]
    public void OneMayUseTheCache(string use)
    {
        BoundedDistributedCache? cache = null;
        bool isUsing = false;
        Sink sink = new(() =>
        {
            if (!isUsing)
            {
                isUsing = true;
                Uses.Make(use, cache!);
                isUsing = false;
            }
        });
        cache = Uses.MakeCache(_clock, sink);

        Uses.Fill(cache, Uses.MaxEntries);
        cache.Set("new");

        Assert.NotEmpty(sink.Told);
        Uses.AssertSound(cache);
    }

    private sealed class Sink(Action onTold) : ILogger<BoundedDistributedCache>
    {
        public List<int> Told { get; } = [];

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            lock (Told)
            {
                Told.Add(eventId.Id);
            }

            onTold();
        }
    }
}
