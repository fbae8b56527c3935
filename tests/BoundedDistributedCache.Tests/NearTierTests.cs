using System.Runtime.CompilerServices;
using BoundedCache.Expiration;
using BoundedCache.Storage;
using BoundedCache.Tests.Support;
using Microsoft.Extensions.Caching.Distributed;
using Microsoft.Extensions.Logging.Testing;
using Microsoft.Extensions.Time.Testing;

namespace BoundedCache.Tests;

/// <summary>What a tier behind the cache may rely on, for the copies that it keeps in it.</summary>
public sealed class NearTierTests
{
    private static readonly Partition s_acme = new("acme");

    private readonly FakeTimeProvider _clock = new();

    [Theory]
    [InlineData(null)]
    [InlineData("acme")]
    public void ACopyIsFoundWithItsNoteUntilItIsDropped(string? tenantId)
    {
        using BoundedDistributedCache cache = Make();
        Partition partition = new(tenantId);
        Entry kept = Keep(cache, partition, "key", [1, 2])!;
        CopyNote.Of(kept).Confirm(at: 8);

        Entry copy = Use(cache, partition, "key")!;

        Assert.Same(kept, copy);
        Assert.Equal((7, 8, "tag"), (CopyNote.Of(copy).Generation, CopyNote.Of(copy).ConfirmedAt, CopyNote.Of(copy).Tag));
        Assert.Equal([1, 2], cache.Serve(copy));
        Assert.Equal(cache.HashOf(partition, "key"), copy.Hash);
        Assert.Equal(tenantId, copy.Tenant?.Id);
        Assert.Equal(40, copy.Charge - Charge.Of(3, 2, expires: true, hasTenant: tenantId is not null));
        Integrity.Check(cache);

        cache.DropCopy(partition, "key");
        Assert.Null(Use(cache, partition, "key"));
        Assert.Empty(Integrity.Check(cache));
    }

    [Fact]
    public void ACopyThatNobodyConfirmedWasConfirmedLongAgo()
    {
        using BoundedDistributedCache cache = Make();

        Entry copy = Keep(cache, Partition.Host, "key", [1])!;

        Assert.InRange(CopyNote.Of(copy).ConfirmedAt, long.MinValue / 2, -TimeSpan.FromDays(10_000).Ticks);
    }

    [Fact]
    public void WhatThePolicyNeedsIsPaidForBesideTheNote()
    {
        using BoundedDistributedCache lru = Make();
        using BoundedDistributedCache resistant = Make(configure: options => options.EvictionPolicy = EvictionPolicy.ScanResistant);

        Keep(lru, Partition.Host, "key", [1]);
        Keep(resistant, Partition.Host, "key", [1]);

        Assert.Equal(Charge.Probation, resistant.SizeBytes - lru.SizeBytes);
    }

    [Fact]
    public void AnEntryThatNoTierPutThereHasNoNote()
    {
        using BoundedDistributedCache cache = Make();
        cache.Set("plain");
        cache.Set("expires", [1], TestCache.Sliding(TimeSpan.FromMinutes(1)));

        Assert.True(Unsafe.IsNullRef(ref CopyNote.Of(Use(cache, Partition.Host, "plain")!)));
        Assert.True(Unsafe.IsNullRef(ref CopyNote.Of(Use(cache, Partition.Host, "expires")!)));
    }

    [Fact]
    public void ReadsCountAsWhatTheTierMadeOfThem()
    {
        using BoundedDistributedCache cache = Make();
        Keep(cache, s_acme, "key", [1]);

        Entry copy = Use(cache, s_acme, "key")!;
        Assert.Equal(0, cache.GetStatistics().TotalRequests);
        cache.Serve(copy);
        cache.CountMiss(s_acme);
        cache.CountMiss(Partition.Host);

        Assert.Equal((1, 2), (cache.GetStatistics().Hits, cache.GetStatistics().Misses));
        Assert.Equal((1, 1), (cache.ForTenant("acme").GetStatistics().Hits, cache.ForTenant("acme").GetStatistics().Misses));
    }

    [Fact]
    public void WhatDoesNotFitIsNotKeptAndWhatWasThereGoes()
    {
        using BoundedDistributedCache cache = Make(maxBytes: 2_000);
        Keep(cache, Partition.Host, "key", [1]);

        Assert.Null(Keep(cache, Partition.Host, "key", new byte[2_000]));

        Assert.Null(Use(cache, Partition.Host, "key"));
        Assert.Equal(0, cache.GetStatistics().Rejections);
    }

    [Fact]
    public void TheNoteIsPaidFor()
    {
        long charge = Charge.Of(3, 100, expires: true) + 40;
        using BoundedDistributedCache fits = Make(maxBytes: charge);
        using BoundedDistributedCache doesNot = Make(maxBytes: charge - 1);

        Keep(fits, Partition.Host, "key", new byte[100]);
        Keep(doesNot, Partition.Host, "key", new byte[100]);

        Assert.NotNull(Use(fits, Partition.Host, "key"));
        Assert.Null(Use(doesNot, Partition.Host, "key"));
    }

    [Fact]
    public void WhatHasExpiredAlreadyIsNotKeptAndWhatWasThereGoes()
    {
        using BoundedDistributedCache cache = Make();
        Keep(cache, Partition.Host, "key", [1]);
        Now now = cache.Clock.Read();

        Assert.Null(cache.KeepCopy(Partition.Host, "key", [2], new Deadlines(now.Utc, Deadlines.None), Note(), extraCharge: 40, now));

        Assert.Null(Use(cache, Partition.Host, "key"));
        Assert.Equal(0, cache.Count);
    }

    [Fact]
    public void ACopyExpiresAndMayBeEvictedLikeAnyEntry()
    {
        using BoundedDistributedCache cache = Make(maxEntries: 2);
        Keep(cache, Partition.Host, "first", [1]);
        Keep(cache, Partition.Host, "second", [1]);
        Keep(cache, Partition.Host, "third", [1]);

        Assert.Null(Use(cache, Partition.Host, "first"));
        Assert.Equal(1, cache.GetStatistics().EvictionsForEntries);

        _clock.Advance(TimeSpan.FromMinutes(1));
        Assert.Null(Use(cache, Partition.Host, "second"));
        Assert.Equal(2, cache.RemoveExpired());
    }

    [Fact]
    public void ACopyThatTakesTheRoomOfALiveEntryIsToldLikeAnyEntry()
    {
        FakeLogger<BoundedDistributedCache> logger = new();
        using BoundedDistributedCache cache = TestCache.Make(1, clock: _clock, logger: logger);
        Keep(cache, Partition.Host, "first", [1]);
        Keep(cache, Partition.Host, "second", [1]);

        Assert.Contains("MaxEntries", Assert.Single(logger.Collector.GetSnapshot()).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void DefaultsApplyWhereNoExpirationIsGiven()
    {
        using BoundedDistributedCache cache = Make(configure: options => options.DefaultSlidingExpiration = TimeSpan.FromSeconds(5));
        Now now = cache.Clock.Read();

        Assert.Equal(TimeSpan.FromSeconds(5).Ticks, cache.DeadlinesOf(new DistributedCacheEntryOptions(), now).Sliding);
        Assert.Equal(TimeSpan.FromSeconds(9).Ticks, cache.DeadlinesOf(TestCache.Sliding(TimeSpan.FromSeconds(9)), now).Sliding);
        Deadlines relative = cache.DeadlinesOf(TestCache.Relative(TimeSpan.FromSeconds(9)), now);
        Assert.Equal((now.Utc + TimeSpan.FromSeconds(9).Ticks, Deadlines.None), (relative.Absolute, relative.Sliding));
    }

    [Fact]
    public void NothingIsKeptInACacheThatWasDisposedAndDroppingGoesOn()
    {
        BoundedDistributedCache cache = Make();
        cache.Dispose();

        Assert.Null(Keep(cache, Partition.Host, "key", [1]));

        Assert.Empty(Integrity.Check(cache));
        cache.DropCopy(Partition.Host, "key");
        cache.DropCopies();
        Assert.Throws<ObjectDisposedException>(() => Use(cache, Partition.Host, "key"));
        Assert.Throws<ArgumentNullException>("key", () => Use(cache, Partition.Host, null!));
    }

    [Fact]
    public void CopiesOfAllAreDroppedAtOnce()
    {
        using BoundedDistributedCache cache = Make();
        Keep(cache, Partition.Host, "key", [1]);
        Keep(cache, s_acme, "key", [1]);

        cache.DropCopies();

        Assert.Empty(Integrity.Check(cache));
    }

    private static CopyNote Note() => new(generation: 7, tag: "tag");

    private static Entry? Use(BoundedDistributedCache cache, Partition partition, string key) =>
        cache.UseCopy(partition, key, cache.Clock.Read());

    private static Entry? Keep(BoundedDistributedCache cache, Partition partition, string key, byte[] value) =>
        cache.KeepCopy(partition, key, value, new Deadlines(Deadlines.None, TimeSpan.FromMinutes(1).Ticks), Note(), extraCharge: 40, cache.Clock.Read());

    private BoundedDistributedCache Make(int maxEntries = 100, long maxBytes = 1_000_000, Action<BoundedDistributedCacheOptions>? configure = null) =>
        TestCache.Make(maxEntries, maxBytes, _clock, configure: configure);
}
