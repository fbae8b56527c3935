using BoundedCache.Tests.Support;
using CsCheck;
using Microsoft.Extensions.Caching.Distributed;
using Microsoft.Extensions.Logging.Testing;

namespace BoundedCache.Tests.Faults;

/// <summary>
/// A clock that jumps, to the ends of time too: what docs/semantics.md says of steps, over random operations; and what
/// has no deadline does not notice.
/// </summary>
public sealed class ClockJumpTests
{
    private const int Keys = 6;

    private static readonly DateTimeOffset s_start = new(2030, 1, 1, 0, 0, 0, TimeSpan.Zero);

    private static readonly Gen<Step> s_steps = Gen.Frequency(
        (3, Gen.Select(Gen.Int[0, Keys - 1], Gen.Int[0, 3], Gen.Int[1, 120]).Select((key, kind, minutes) => new Step(StepKind.Set + kind, key, TimeSpan.FromMinutes(minutes)))),
        (4, Gen.Int[0, Keys - 1].Select(key => new Step(StepKind.Get, key, default))),
        (1, Gen.Const(new Step(StepKind.Sweep, 0, default))),
        (4, Gen.Int[-120, 120].Select(minutes => new Step(StepKind.Jump, 0, TimeSpan.FromMinutes(minutes)))),
        (1, Gen.Int[-100, 100].Select(years => new Step(StepKind.Jump, 0, TimeSpan.FromDays(365 * years)))),
        (1, Gen.OneOf(TimeSpan.MinValue, TimeSpan.MaxValue).Select(end => new Step(StepKind.Jump, 0, end))));

    private enum StepKind
    {
        Set,
        SetSliding,
        SetAbsolute,
        SetBoth,
        Get,
        Sweep,
        Jump,
    }

    [Fact]
    public void EntriesLiveAsTheTableOfSemanticsSays() =>
        s_steps.Array[1, 60].Sample(
            steps =>
            {
                Clock clock = new();
                using BoundedDistributedCache cache = TestCache.Make(clock: clock);
                Dictionary<int, Item> model = [];
                foreach (Step step in steps)
                {
                    Take(step, cache, clock, model);
                }

                Assert.Empty(model.Keys.Select(Name).Except(Integrity.Check(cache)));
            },
            iter: TestScale.Of(quick: 3_000, full: 100_000));

    [Theory]
    [InlineData(100)]
    [InlineData(2_000)]
    public void TheOrderOfEvictionAndTheCountsDoNotGoByTheClock(int maxEntries)
    {
        IReadOnlyCollection<string> Held(bool jumps)
        {
            Clock clock = new();
            Random random = new(7);
            using BoundedDistributedCache cache = new(
                Microsoft.Extensions.Options.Options.Create(new BoundedDistributedCacheOptions { MaxEntries = maxEntries }), clock, null, null, new(42));
            for (int i = 0; i < 5 * maxEntries; i++)
            {
                cache.Set("key" + random.Next(3 * maxEntries));
                cache.Get("key" + random.Next(3 * maxEntries));
                if (i % 7 == 0)
                {
                    clock.Now = jumps ? s_start.AddDays(random.Next(-100_000, 100_000)) : s_start.AddDays(0 * random.Next());
                    Assert.InRange(cache.GetStatistics().LastEvictedAge ?? TimeSpan.Zero, TimeSpan.Zero, TimeSpan.MaxValue);
                }
            }

            Assert.Equal(maxEntries, cache.Count);
            return Integrity.Check(cache);
        }

        Assert.Equal(Held(jumps: false).Order(StringComparer.Ordinal), Held(jumps: true).Order(StringComparer.Ordinal));
    }

    [Fact]
    public void WhatIsToldOnceInAWhileIsToldAgainAfterAJumpForwardAndBack()
    {
        Clock clock = new();
        FakeLogger<BoundedDistributedCache> logger = new();
        using BoundedDistributedCache cache = TestCache.Make(10, 100_000, clock, logger);
        int TellAll(int eventId)
        {
            logger.Collector.Clear();
            for (int i = 0; i < 150; i++)
            {
                cache.Set("key" + i);
                cache.Set("large", new byte[200_000], TestCache.NoExpiry);
                clock.Now += TimeSpan.FromSeconds(1);
            }

            return logger.Collector.GetSnapshot().Count(record => record.Id.Id == eventId);
        }

        clock.Now = s_start.AddYears(50);
        Assert.NotEqual(0, TellAll(4));

        clock.Now = s_start;
        Assert.NotEqual(0, TellAll(4));
        clock.Now = s_start.AddYears(50);
        Assert.NotEqual(0, TellAll(2));
        clock.Now = s_start;
        Assert.NotEqual(0, TellAll(2));
    }

    private static string Name(int key) => "key" + key;

    private static void Take(Step step, BoundedDistributedCache cache, Clock clock, Dictionary<int, Item> model)
    {
        string key = Name(step.Key);
        switch (step.Kind)
        {
            case StepKind.Jump:
                clock.Jump(step.Span);
                break;
            case StepKind.Get:
                bool isAlive = model.TryGetValue(step.Key, out Item? item) && item.TryUse(clock.Now);
                Assert.Equal(isAlive, cache.Get(key) is not null);
                if (!isAlive)
                {
                    model.Remove(step.Key);
                }

                break;
            case StepKind.Sweep:
                cache.RemoveExpired();
                foreach (int dead in model.Where(pair => pair.Value.HasExpired(clock.Now)).Select(pair => pair.Key).ToArray())
                {
                    model.Remove(dead);
                }

                break;
            default:
                TimeSpan? sliding = step.Kind is StepKind.SetSliding or StepKind.SetBoth ? step.Span : null;
                TimeSpan? lifetime = step.Kind is StepKind.SetAbsolute or StepKind.SetBoth ? 2 * step.Span : null;
                cache.Set(key, [1], new DistributedCacheEntryOptions { SlidingExpiration = sliding, AbsoluteExpirationRelativeToNow = lifetime });
                model[step.Key] = new Item(sliding, lifetime, clock.Now);
                break;
        }
    }

    private sealed record Step(StepKind Kind, int Key, TimeSpan Span);

    /// <summary>What an entry's life depends on, in ticks; further than time goes is never.</summary>
    private sealed class Item(TimeSpan? sliding, TimeSpan? lifetime, DateTimeOffset now)
    {
        private readonly Int128 _deadline = lifetime is { } span ? (Int128)now.UtcTicks + span.Ticks : Int128.MaxValue;
        private long _lastUse = now.UtcTicks;

        public bool HasExpired(DateTimeOffset at) =>
            at.UtcTicks >= _deadline || (sliding is { } window && at.UtcTicks - _lastUse >= window.Ticks);

        public bool TryUse(DateTimeOffset at)
        {
            if (HasExpired(at))
            {
                return false;
            }

            _lastUse = Math.Max(_lastUse, at.UtcTicks);
            return true;
        }
    }

    private sealed class Clock : TimeProvider
    {
        public DateTimeOffset Now { get; set; } = s_start;

        /// <summary>No further than to the ends of time.</summary>
        public void Jump(TimeSpan by) => Now = new DateTimeOffset(
            (long)Int128.Clamp((Int128)Now.UtcTicks + by.Ticks, DateTimeOffset.MinValue.UtcTicks, DateTimeOffset.MaxValue.UtcTicks),
            TimeSpan.Zero);

        public override DateTimeOffset GetUtcNow() => Now;
    }
}
