using BoundedCache.Tests.Support;
using CsCheck;
using Microsoft.Extensions.Caching.Distributed;
using Microsoft.Extensions.Time.Testing;

namespace BoundedCache.Tests;

/// <summary>
/// The cache and a plain reference do the same random operations under a fake clock; every answer, the counts, and
/// which entries are left must agree after each. Up to 256 entries the order of eviction is exact, under both policies.
/// </summary>
public sealed class ModelTests
{
    private static readonly Gen<Operation> AnyOperation = Gen.Frequency(
        (30, Gen.Int[0, 400].Select(key => (Operation)new Get(key))),
        (30, Gen.Select(Gen.Int[0, 400], Gen.Int[0, 600], Gen.Int[0, 3], Gen.Int[1, 40]).Select((key, length, kind, span) => (Operation)new Set(key, length, kind, span))),
        (5, Gen.Select(Gen.Int[0, 400], Gen.Int[5_000, 60_000], Gen.Int[0, 3], Gen.Int[1, 40]).Select((key, length, kind, span) => (Operation)new Set(key, length, kind, span))),
        (8, Gen.Int[0, 400].Select(key => (Operation)new Refresh(key))),
        (8, Gen.Int[0, 400].Select(key => (Operation)new Remove(key))),
        (8, Gen.Int[1, 30].Select(seconds => (Operation)new Advance(seconds))),
        (2, Gen.Const((Operation)new RemoveExpired())),
        (1, Gen.Char["0123456789"].Select(digit => (Operation)new RemoveByPattern(digit))),
        (1, Gen.Const((Operation)new Clear())));

    private static readonly Gen<(int MaxEntries, long MaxBytes, int Keys, Operation[] Operations)> Scenario = Gen.Select(
        Gen.OneOf(1, 2, 3, 9, 40, 256),
        Gen.OneOf(160L, 700L, 5_000L, 40_000L, 1L << 30),
        Gen.OneOf(3, 12, 60, 400),
        AnyOperation.Array[1, 400]);

    [Fact]
    public void OnOneThreadAnswersAndEvictsAsTheReferenceDoes() =>
        Scenario.Sample(scenario => Run(scenario.MaxEntries, scenario.MaxBytes, scenario.Keys, scenario.Operations, run => run()), iter: TestScale.Of(quick: 300, full: 3_000));

    [Fact]
    public void HoppingBetweenThreadsAnswersAndEvictsAsTheReferenceDoes() =>
        Scenario.Sample(
            scenario => Run(scenario.MaxEntries, scenario.MaxBytes, scenario.Keys, scenario.Operations, run =>
            {
                Thread thread = new(() => run());
                thread.Start();
                thread.Join();
            }),
            iter: TestScale.Of(quick: 10, full: 60),
            threads: 1);

    [Fact]
    public void ScanResistantAnswersAndEvictsAsItsReferenceDoes() =>
        Scenario.Sample(
            scenario => Run(scenario.MaxEntries, scenario.MaxBytes, scenario.Keys, scenario.Operations, run => run(), EvictionPolicy.ScanResistant),
            iter: TestScale.Of(quick: 300, full: 3_000));

    private static void Run(
        int maxEntries,
        long maxBytes,
        int keys,
        Operation[] operations,
        Action<Action> execute,
        EvictionPolicy policy = EvictionPolicy.Lru)
    {
        FakeTimeProvider clock = new();
        using BoundedDistributedCache cache = TestCache.Make(maxEntries, maxBytes, clock, configure: options => options.EvictionPolicy = policy);
        ReferenceLru reference = policy == EvictionPolicy.Lru ? new ReferenceLru(maxEntries, maxBytes) : new ReferenceScanResistant(maxEntries, maxBytes);
        foreach (Operation operation in operations)
        {
            object? expected = operation.On(reference, keys, clock);
            object? actual = null;
            execute(() => actual = operation.On(cache, keys));
            Assert.Equal(expected, actual);
            Assert.Equal(reference.Count, cache.Count);
            Assert.Equal(reference.Bytes, cache.SizeBytes);
            Assert.Equal(reference.Keys.Order(StringComparer.Ordinal), Integrity.Check(cache).Order(StringComparer.Ordinal));
        }
    }

    private abstract record Operation
    {
        public abstract object? On(ReferenceLru reference, int keys, FakeTimeProvider clock);

        public abstract object? On(BoundedDistributedCache cache, int keys);

        protected static string KeyOf(int number, int keys) => "k" + (number % keys);
    }

    private sealed record Get(int Number) : Operation
    {
        public override object? On(ReferenceLru reference, int keys, FakeTimeProvider clock) =>
            reference.Use(KeyOf(Number, keys), clock.GetUtcNow());

        public override object? On(BoundedDistributedCache cache, int keys) => cache.Get(KeyOf(Number, keys));
    }

    private sealed record Refresh(int Number) : Operation
    {
        public override object? On(ReferenceLru reference, int keys, FakeTimeProvider clock)
        {
            reference.Use(KeyOf(Number, keys), clock.GetUtcNow());
            return null;
        }

        public override object? On(BoundedDistributedCache cache, int keys)
        {
            cache.Refresh(KeyOf(Number, keys));
            return null;
        }
    }

    /// <param name="Number">The key.</param>
    /// <param name="Length">The value's bytes.</param>
    /// <param name="Kind">Bit 0: it has a lifetime; bit 1: it has a sliding window.</param>
    /// <param name="Span">Seconds of the lifetime; the window is a third of them.</param>
    private sealed record Set(int Number, int Length, int Kind, int Span) : Operation
    {
        private TimeSpan? Lifetime => (Kind & 1) != 0 ? TimeSpan.FromSeconds(Span) : null;

        private TimeSpan? Window => (Kind & 2) != 0 ? TimeSpan.FromSeconds(Span / 3.0) : null;

        public override object? On(ReferenceLru reference, int keys, FakeTimeProvider clock)
        {
            reference.Set(KeyOf(Number, keys), Value(), Lifetime, Window, clock.GetUtcNow());
            return null;
        }

        public override object? On(BoundedDistributedCache cache, int keys)
        {
            cache.Set(KeyOf(Number, keys), Value(), new DistributedCacheEntryOptions { AbsoluteExpirationRelativeToNow = Lifetime, SlidingExpiration = Window });
            return null;
        }

        private byte[] Value()
        {
            byte[] value = new byte[Length];
            Array.Fill(value, (byte)(Number + Length));
            return value;
        }
    }

    private sealed record Remove(int Number) : Operation
    {
        public override object? On(ReferenceLru reference, int keys, FakeTimeProvider clock)
        {
            reference.Remove(KeyOf(Number, keys));
            return null;
        }

        public override object? On(BoundedDistributedCache cache, int keys)
        {
            cache.Remove(KeyOf(Number, keys));
            return null;
        }
    }

    private sealed record Advance(int Seconds) : Operation
    {
        public override object? On(ReferenceLru reference, int keys, FakeTimeProvider clock)
        {
            clock.Advance(TimeSpan.FromSeconds(Seconds));
            return null;
        }

        public override object? On(BoundedDistributedCache cache, int keys) => null;
    }

    private sealed record RemoveExpired : Operation
    {
        public override object? On(ReferenceLru reference, int keys, FakeTimeProvider clock) =>
            reference.RemoveExpired(clock.GetUtcNow());

        public override object? On(BoundedDistributedCache cache, int keys) => cache.RemoveExpired();
    }

    private sealed record RemoveByPattern(char Digit) : Operation
    {
        public override object? On(ReferenceLru reference, int keys, FakeTimeProvider clock) => reference.RemoveKeysWith(Digit);

        public override object? On(BoundedDistributedCache cache, int keys) => cache.RemoveByPattern($"*{Digit}*");
    }

    private sealed record Clear : Operation
    {
        public override object? On(ReferenceLru reference, int keys, FakeTimeProvider clock)
        {
            reference.Clear();
            return null;
        }

        public override object? On(BoundedDistributedCache cache, int keys)
        {
            cache.Clear();
            return null;
        }
    }
}
