using BoundedCache.Expiration;
using BoundedCache.Storage;
using BoundedCache.Tests.Support;

namespace BoundedCache.Tests.Storage;

public sealed class CacheStoreTests
{
    private static readonly KeyHasher s_hasher = new(1);

    private readonly ScriptedTime _time = new();

    // Use

    [Fact]
    public void AReadThatMeetsNothingThatExpiresDoesNotAskForTheTime()
    {
        var store = Make();
        Set(store, "key");
        _time.Asked = 0;

        Assert.NotNull(store.Use("key"));
        Assert.Null(store.Use("missing"));

        Assert.Equal(0, _time.Asked);
    }

    [Fact]
    public void AReadOfWhatExpiresAsksForTheTimeOnce()
    {
        var store = Make();
        Set(store, "alive", sliding: 10);
        Set(store, "expired", sliding: 5);
        _time.Ticks += 5;
        _time.Asked = 0;

        Assert.NotNull(store.Use("alive"));
        Assert.Equal(1, _time.Asked);

        Assert.Null(store.Use("expired"));
        Assert.Equal(2, _time.Asked);
    }

    // The time is asked for after the entry was found; the provider itself overwrites the key just then.
    [Theory]
    [InlineData(5)]
    [InlineData(Deadlines.None)]
    public void AnEntryThatExpiredWhileItsKeyWasOverwrittenIsNoMiss(long sliding)
    {
        var store = Make();
        Set(store, "key", [1], sliding: 5);
        var now = Now();
        _time.Meanwhile = () =>
        {
            _time.Ticks += 5;
            SetAt(store, "key", [2], sliding, now with { Monotonic = _time.Ticks });
        };

        Assert.Equal([2], store.Use("key")?.Value);
    }

    [Fact]
    public void WhatOverwroteItIsJudgedByTheSameTime()
    {
        var store = Make();
        Set(store, "key", [1], sliding: 5);
        var now = Now();
        _time.Meanwhile = () =>
        {
            _time.Ticks += 5;
            SetAt(store, "key", [2], sliding: 5, now);
        };

        Assert.Null(store.Use("key"));
        Assert.Equal(1, store.Count);
    }

    [Fact]
    public void AnEntryThatExpiredAndWasRemovedMeanwhileIsAMiss()
    {
        var store = Make();
        Set(store, "key", sliding: 5);
        _time.Meanwhile = () =>
        {
            _time.Ticks += 5;
            store.Remove("key");
        };

        Assert.Null(store.Use("key"));
    }

    [Fact]
    public void WhatTheTimeProviderThrowsReachesTheReaderAndChangesNothing()
    {
        var store = Make();
        Set(store, "key", sliding: 5);
        _time.Meanwhile = () => throw new TimeZoneNotFoundException();

        Assert.Throws<TimeZoneNotFoundException>(() => store.Use("key"));
        Assert.NotNull(store.Use("key"));
    }

    [Fact]
    public void UpTo256EntriesTheOrderIsExact()
    {
        var store = Make(maxEntries: 256);
        for (var i = 0; i < 256; i++)
            Set(store, $"{i}");
        for (var i = 0; i < 255; i += 2)
            store.Use($"{i}");

        for (var i = 0; i < 128; i++)
            Set(store, $"new {i}");

        Assert.All(Enumerable.Range(0, 256), i => Assert.Equal(i % 2 == 0, store.Use($"{i}") is not null));
    }

    // Set, Remove

    [Fact]
    public void SizeAndCountFollowWhatIsHeld()
    {
        var store = Make();
        Set(store, "a", new byte[100]);
        Set(store, "b", sliding: 5);
        Assert.Equal(2, store.Count);
        Assert.Equal(Charge.Of(1, 100, expires: false) + Charge.Of(1, 0, expires: true), store.SizeBytes);

        Set(store, "a");
        Assert.Equal(Charge.Of(1, 0, expires: false) + Charge.Of(1, 0, expires: true), store.SizeBytes);

        Assert.True(store.Remove("a"));
        Assert.False(store.Remove("a"));
        Assert.True(store.Remove("b"));
        Assert.Equal((0, 0), (store.Count, store.SizeBytes));
    }

    [Fact]
    public void WhereNothingWasEverSetNothingIsRemoved() => Assert.False(Make().Remove("key"));

    [Fact]
    public void AnEntryThatNeverExpiresTakesItsNextValueAsItIs()
    {
        var store = Make();
        Set(store, "key", [1]);
        var entry = store.Use("key");

        Set(store, "key", [2]);

        Assert.Same(entry, store.Use("key"));
        Assert.Equal([2], entry!.Value);
    }

    [Fact]
    public void AKeyExpiresAsItWasSetLast()
    {
        var store = Make();
        Set(store, "key", [1]);

        Set(store, "key", [2], sliding: 5);
        _time.Ticks += 5;

        Assert.Null(store.Use("key"));
    }

    [Fact]
    public void AValueFitsUpToTheWholeCache()
    {
        var store = Make(maxBytes: Charge.Of(3, 1_000, expires: false));

        Assert.True(store.Fits("key".Length, 1_000, expires: false));
        Assert.False(store.Fits("key".Length, 1_001, expires: false));
        Assert.False(store.Fits("key".Length, 1_000, expires: true));
        Assert.False(Make(maxBytes: long.MaxValue).Fits("key".Length, Array.MaxLength + 1L, expires: false));
        Assert.True(Make(maxBytes: long.MaxValue).Fits(1 << 29, Array.MaxLength, expires: false));
        Assert.False(Make(maxBytes: long.MaxValue).Fits(1 << 30, Array.MaxLength, expires: false));
    }

    [Fact]
    public void AnEntryFitsUpToTheMostThatOneCanAccountFor()
    {
        var store = Make(maxBytes: long.MaxValue);
        var acme = new Partition("acme");
        var keyLength = (int)((Entry.LargestCharge - Charge.Of(0, Array.MaxLength, expires: false, hasTenant: true)) / sizeof(char));
        Assert.Equal(Entry.LargestCharge, Charge.Of(keyLength, Array.MaxLength, expires: false, hasTenant: true));

        Assert.True(store.Fits(acme, keyLength, Array.MaxLength, expires: false));
        Assert.False(store.Fits(acme, keyLength + 4, Array.MaxLength, expires: false));
    }

    // The limit was lowered after the value was found to fit.
    [Fact]
    public void AValueThatItsTenantMayNoLongerHoldIsRefusedAndLeavesNoRecord()
    {
        var store = Make();
        store.Tenants.Publish(new TenantLimitTable(TenantLimitTable.None, 1_000, new Dictionary<string, (long, long)>()));
        AdmissionReport report = default;

        store.Set(new Partition("acme"), "key", new byte[1_000], Deadlines.Never, Now(), ref report);

        Assert.True(report.IsRefused);
        Assert.Equal((0, 0, 0), (store.Count, store.SizeBytes, store.Tenants.Count));
    }

    [Fact]
    public void KeysCraftedToCollideEvictOneAnotherAndNobodyElse()
    {
        var store = Make(maxEntries: 256);
        var colliding = Enumerable.Range(0, int.MaxValue).Select(i => $"{i}").Where(key => (s_hasher.Hash(key) & 0xFF) == 0).Take(100).ToArray();
        for (var i = 0; i < 50; i++)
            Set(store, $"bystander {i}");

        foreach (var key in colliding)
            Set(store, key);

        Assert.All(Enumerable.Range(0, 50), i => Assert.NotNull(store.Use($"bystander {i}")));
        Assert.InRange(colliding.Count(key => store.Use(key) is not null), 28, EntryIndex.LongestChain);
        Assert.NotNull(store.Use(colliding[^1]));
    }

    // RemoveWhere

    [Theory]
    [InlineData(100)]
    [InlineData(1_000_000)]
    public void RemovesWhatMatchesAndLeavesTheRest(int maxEntries)
    {
        var store = Make(maxEntries);
        for (var i = 0; i < 100; i++)
            Set(store, $"{(i % 2 == 0 ? "even" : "odd")}:{i}");

        Assert.Equal(50, store.RemoveWhere(new KeyPattern("even:*"), hostOnly: false));
        Assert.Equal(0, store.RemoveWhere(new KeyPattern("even:*"), hostOnly: false));
        Assert.Equal(50, store.Count);
        Assert.NotNull(store.Use("odd:51"));

        Assert.Equal(50, store.RemoveWhere(pattern: null, hostOnly: false));
        Assert.Equal((0, 0), (store.Count, store.SizeBytes));
        Assert.Equal(100, store.Changes()[Change.Removal]);
    }

    // Sweep

    [Theory]
    [InlineData(200)]
    [InlineData(1_000_000)]
    public void ASweepReclaimsExactlyWhatHasExpired(int maxEntries)
    {
        var store = Make(maxEntries);
        for (var i = 1; i <= 100; i++)
            Set(store, $"{i}", sliding: TimeSpan.FromSeconds(i).Ticks);
        Set(store, "never");

        _time.Ticks += TimeSpan.FromSeconds(30).Ticks;
        Assert.Equal(30, Sweep(store));
        Assert.Equal(0, Sweep(store));

        store.Use("31");
        _time.Ticks += TimeSpan.FromSeconds(30).Ticks;
        Assert.Equal(29, Sweep(store));
        Assert.Equal(42, store.Count);
        Assert.Equal(59, store.Changes()[Change.EvictionExpired]);
    }

    [Fact]
    public void ASweepGivesBackWhatFewerEntriesDoNotNeed()
    {
        using var cache = TestCache.Make(1_000);
        for (var i = 0; i < 1_000; i++)
            cache.Set($"{i}");
        var before = Integrity.Shards(cache).Sum(Integrity.Buckets);
        for (var i = 0; i < 990; i++)
            cache.Remove($"{i}");

        cache.RemoveExpired();

        Assert.InRange(Integrity.Shards(cache).Sum(Integrity.Buckets), 10, before / 8);
        Assert.All(Integrity.Shards(cache), shard => Assert.InRange(shard.Chunks.Count(chunk => chunk is not null), 0, 3));
        Assert.Equal(10, Integrity.Check(cache).Count);
    }

    [Fact]
    public void ASweepThatIsCancelledKeepsWhatItDidAndTheNextOneDoesTheRest()
    {
        var store = Make();
        for (var i = 0; i < 100; i++)
            Set(store, $"{i}", sliding: 5);
        _time.Ticks += TimeSpan.TicksPerSecond;

        Assert.Throws<OperationCanceledException>(() => store.Sweep(Now(), new CancellationToken(canceled: true)));
        Assert.Equal(100, store.Count);
        Assert.Equal(100, Sweep(store));
    }

    [Fact]
    public void ASweepThatIsCancelledEvictsNoMoreOfWhatTenantsHoldBeyondLoweredLimits()
    {
        var store = Make();
        for (var i = 0; i < 100; i++)
        {
            AdmissionReport report = default;
            store.Set(new Partition("acme"), $"{i}", [], Deadlines.Never, Now(), ref report);
        }

        store.Tenants.Publish(new TenantLimitTable(10, TenantLimitTable.None, new Dictionary<string, (long, long)>()));

        Assert.Throws<OperationCanceledException>(() => store.Sweep(Now(), new CancellationToken(canceled: true)));
        Assert.Equal(100 - VictimRanking.VictimsPerVisit, store.Count);
        Sweep(store);
        Assert.Equal(10, store.Count);
    }

    [Fact]
    public void ASweepThatIsCancelledMovesNoMoreEntries()
    {
        var store = Make(maxEntries: 100_000);
        for (var i = 0; i < 20_000; i++)
            Set(store, $"{i}");
        for (var i = 0; i < 20_000; i++)
        {
            if (i % 4 != 0)
                store.Remove($"{i}");
        }

        Assert.Throws<OperationCanceledException>(() => store.Sweep(Now(), new CancellationToken(canceled: true)));
        Assert.Equal(5_000, store.Count);
    }

    [Theory]
    [InlineData(0, 100)]
    [InlineData(60, 60)]
    public void ASweepFollowsUtcAlsoFromBehindTheMonotonicTime(double monotonic, double utc)
    {
        var store = Make();
        var start = Now();
        SetAt(store, "key", [], new Deadlines(start.Utc + TimeSpan.FromSeconds(50).Ticks, Deadlines.None), start);

        Assert.Equal(0, store.Sweep(Later(start, monotonic: 0, utc: -100), CancellationToken.None));
        Assert.Equal(1, store.Sweep(Later(start, monotonic, utc), CancellationToken.None));
    }

    [Theory]
    [InlineData(0, 0)]
    [InlineData(1, 1)]
    public void ASweepLooksAtEveryDeadlineWhereUtcMovedByMoreThanASecond(long more, int reclaimed)
    {
        var store = Make();
        var start = Now();
        SetAt(store, "key", [], new Deadlines(start.Utc + TimeSpan.FromSeconds(100).Ticks, Deadlines.None), start);
        var now = Later(start, monotonic: 99, utc: 100);

        Assert.Equal(reclaimed, store.Sweep(now with { Utc = now.Utc + more }, CancellationToken.None));
    }

    [Fact]
    public void ASweepAllocatesNothing()
    {
        var store = Make(maxEntries: 1_000_000);
        for (var i = 0; i < 10_000; i++)
            Set(store, $"{i}", sliding: i < 5_000 ? 5 : TimeSpan.TicksPerDay);
        _time.Ticks += TimeSpan.TicksPerSecond;
        Sweep(store);
        var now = Now();

        Assert.Equal(0, Allocated.By(() => store.Sweep(now, CancellationToken.None)));
    }

    [Theory]
    [InlineData(1, 100)]
    [InlineData(100, 1)]
    public void ASweepFollowsUtcWhereItMovedAgainstTheMonotonicTime(int steps, double secondsAStep)
    {
        var store = Make();
        var start = Now();
        SetAt(store, "key", [], new Deadlines(start.Utc + TimeSpan.FromSeconds(200).Ticks, Deadlines.None), start);

        var now = start;
        for (var i = 0; i < steps; i++)
        {
            now = Later(now, monotonic: secondsAStep, utc: 1.9 * secondsAStep);
            Assert.Equal(0, store.Sweep(now, CancellationToken.None));
        }

        Assert.Equal(1, store.Sweep(Later(now, monotonic: 11, utc: 11), CancellationToken.None));
    }

    private static Now Later(Now now, double monotonic, double utc) =>
        new(now.Monotonic + TimeSpan.FromSeconds(monotonic).Ticks, now.Utc + TimeSpan.FromSeconds(utc).Ticks);

    private static void SetAt(CacheStore store, string key, byte[] value, long sliding, Now now) =>
        SetAt(store, key, value, new Deadlines(Deadlines.None, sliding), now);

    private static void SetAt(CacheStore store, string key, byte[] value, Deadlines deadlines, Now now)
    {
        AdmissionReport report = default;
        store.Set(key, value, deadlines, now, ref report);
    }

    private CacheStore Make(long maxEntries = 1_000, long maxBytes = 1L << 40) =>
        new(maxEntries, maxBytes, new CacheClock(_time), s_hasher);

    private void Set(CacheStore store, string key, byte[]? value = null, long sliding = Deadlines.None) =>
        SetAt(store, key, value ?? [], sliding, Now());

    private int Sweep(CacheStore store) => store.Sweep(Now(), CancellationToken.None);

    private Now Now() => new(_time.Ticks, _time.Ticks);

    private sealed class ScriptedTime : TimeProvider
    {
        public long Ticks { get; set; } = TimeSpan.TicksPerDay;

        public int Asked { get; set; }

        /// <summary>What happens once, while somebody waits for the time.</summary>
        public Action? Meanwhile { get; set; }

        public override DateTimeOffset GetUtcNow()
        {
            Asked++;
            var meanwhile = Meanwhile;
            Meanwhile = null;
            meanwhile?.Invoke();
            return new DateTimeOffset(Ticks, TimeSpan.Zero);
        }
    }
}
