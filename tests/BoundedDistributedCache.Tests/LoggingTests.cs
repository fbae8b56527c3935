using BoundedCache.Storage;
using BoundedCache.Tests.Support;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Testing;
using Microsoft.Extensions.Options;
using Microsoft.Extensions.Time.Testing;
using Moq;

namespace BoundedCache.Tests;

public sealed class LoggingTests
{
    private readonly FakeLogger<BoundedDistributedCache> _logger = new();

    [Fact]
    public void TheFirstEvictionOfALiveEntryIsToldOnceAndNamesTheLimitAndItsOption()
    {
        using BoundedDistributedCache cache = TestCache.Make(2, logger: _logger, configure: options => options.Name = "pages");
        for (int i = 0; i < 10; i++)
        {
            cache.Set("key" + i);
        }

        FakeLogRecord record = Assert.Single(_logger.Collector.GetSnapshot());
        Assert.Equal(LogLevel.Warning, record.Level);
        Assert.Contains("'pages'", record.Message, StringComparison.Ordinal);
        Assert.Contains("2 entries", record.Message, StringComparison.Ordinal);
        Assert.Contains("MaxEntries", record.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("key", record.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void AnEvictionForBytesNamesMaxBytes()
    {
        using BoundedDistributedCache cache = TestCache.Make(maxBytes: 2_000, logger: _logger);
        cache.Set("key1", new byte[1_000], TestCache.NoExpiry);
        cache.Set("key2", new byte[1_000], TestCache.NoExpiry);

        string message = Assert.Single(_logger.Collector.GetSnapshot()).Message;
        Assert.Contains("2000 bytes", message, StringComparison.Ordinal);
        Assert.Contains("MaxBytes", message, StringComparison.Ordinal);
    }

    [Fact]
    public void WhatExpiredIsNoLiveEntry()
    {
        FakeTimeProvider clock = new();
        using BoundedDistributedCache cache = TestCache.Make(1, clock: clock, logger: _logger);
        cache.Set("key1", [1], TestCache.Relative(TimeSpan.FromSeconds(1)));
        clock.Advance(TimeSpan.FromSeconds(1));
        cache.Set("key2");

        Assert.Empty(_logger.Collector.GetSnapshot());
        Assert.Equal(1, cache.GetStatistics().EvictionsExpired);
    }

    [LongFact]
    public void KeysThatCrowdOnePlaceAreNoSignOfACacheTooSmall()
    {
        KeyHasher hasher = new(42);
        using BoundedDistributedCache cache = new(Options.Create(new BoundedDistributedCacheOptions()), null, _logger, null, hasher);
        foreach (string key in Enumerable.Range(0, int.MaxValue).Select(i => "key" + i).Where(key => hasher.Hash(key) is ulong hash && (hash & 0x3fff) == 0 && hash >> 61 == 0).Take(40))
        {
            cache.Set(key);
        }

        Assert.Equal(32, cache.Count);
        Assert.Equal(8, cache.GetStatistics().EvictionsForEntries);
        Assert.Empty(_logger.Collector.GetSnapshot());
    }

    [Fact]
    public void TheFirstTenantAtItsLimitIsToldOnceWithoutItsId()
    {
        using BoundedDistributedCache cache = TestCache.Make(logger: _logger, configure: options => options.MaxEntriesPerTenant = 2);
        for (int i = 0; i < 10; i++)
        {
            cache.ForTenant("acme").Set("key" + i, [1], TestCache.NoExpiry);
        }

        FakeLogRecord record = Assert.Single(_logger.Collector.GetSnapshot());
        Assert.Contains("MaxEntriesPerTenant", record.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("acme", record.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void ALimitHitHardIsToldOnceAnHourAtMost()
    {
        FakeTimeProvider clock = new();
        using BoundedDistributedCache cache = TestCache.Make(10, clock: clock, logger: _logger, configure: options => options.Name = "pages");

        SetOneAfterAnother(cache, clock, 60 * 60, TimeSpan.FromSeconds(1));
        FakeLogRecord record = Assert.Single(LimitsHitHard());
        Assert.Equal(LogLevel.Warning, record.Level);
        Assert.Contains("'pages'", record.Message, StringComparison.Ordinal);
        Assert.Contains("MaxEntries", record.Message, StringComparison.Ordinal);
        Assert.Equal("60", record.GetStructuredStateValue("Evictions"));

        SetOneAfterAnother(cache, clock, 60 * 60, TimeSpan.FromSeconds(1));
        Assert.Equal(2, LimitsHitHard().Length);
    }

    [Fact]
    public void ALimitOfBytesThatIsHitHardNamesMaxBytes()
    {
        FakeTimeProvider clock = new();
        using BoundedDistributedCache cache = TestCache.Make(maxBytes: 2_000, clock: clock, logger: _logger);
        for (int i = 0; i < 200; i++)
        {
            cache.Set("key" + i, new byte[1_000], TestCache.NoExpiry);
            clock.Advance(TimeSpan.FromSeconds(1));
        }

        Assert.Equal("MaxBytes", Assert.Single(LimitsHitHard()).GetStructuredStateValue("Option"));
    }

    [Fact]
    public void EntriesThatStayLongerThanAMinuteAreNoSuchNews()
    {
        FakeTimeProvider clock = new();
        using BoundedDistributedCache cache = TestCache.Make(10, clock: clock, logger: _logger);

        SetOneAfterAnother(cache, clock, 1_000, TimeSpan.FromSeconds(7));

        Assert.Empty(LimitsHitHard());
    }

    [Fact]
    public void AStormOfEvictionsMakesNoStormOfLines()
    {
        using BoundedDistributedCache cache = TestCache.Make(10, clock: new FakeTimeProvider(), logger: _logger);

        Concurrently.Run(4, thread =>
        {
            for (int i = 0; i < 5_000; i++)
            {
                cache.Set($"key{thread}.{i}");
            }
        });

        Assert.Single(_logger.Collector.GetSnapshot());
        Integrity.Check(cache);
    }

    [Fact]
    public void ATenantsOwnLimitIsNotHitHard()
    {
        FakeTimeProvider clock = new();
        using BoundedDistributedCache cache = TestCache.Make(clock: clock, logger: _logger, configure: options => options.MaxEntriesPerTenant = 2);
        for (int i = 0; i < 1_000; i++)
        {
            cache.ForTenant("acme").Set("key" + i, [1], TestCache.NoExpiry);
            clock.Advance(TimeSpan.FromSeconds(1));
        }

        Assert.Empty(LimitsHitHard());
    }

    [Fact]
    public void ManyValuesTooLargeAreToldOnceAMinuteWithTheirNumber()
    {
        FakeTimeProvider clock = new();
        using BoundedDistributedCache cache = TestCache.Make(maxBytes: 1_000, clock: clock, logger: _logger);
        for (int i = 0; i < 100; i++)
        {
            cache.Set("key" + i, new byte[2_000], TestCache.NoExpiry);
        }

        Assert.Contains("with 0 others", Assert.Single(_logger.Collector.GetSnapshot()).Message, StringComparison.Ordinal);

        clock.Advance(TimeSpan.FromMinutes(1));
        cache.Set("key", new byte[2_000], TestCache.NoExpiry);

        Assert.Equal(2, _logger.Collector.Count);
        Assert.Contains("with 99 others", _logger.LatestRecord.Message, StringComparison.Ordinal);
        Assert.Equal(101, cache.GetStatistics().Rejections);
    }

    [Fact]
    public void AValueTooLargeIsToldWithoutItsKey()
    {
        using BoundedDistributedCache cache = TestCache.Make(maxBytes: 1_000, logger: _logger);
        cache.Set("secret", new byte[5_000], TestCache.NoExpiry);

        FakeLogRecord record = Assert.Single(_logger.Collector.GetSnapshot());
        Assert.Equal(LogLevel.Warning, record.Level);
        Assert.Contains("5000", record.Message, StringComparison.Ordinal);
        Assert.Equal("1000", record.GetStructuredStateValue("MaxBytes"));
        Assert.Equal("MaxBytes", record.GetStructuredStateValue("Option"));
        Assert.DoesNotContain("secret", record.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(500, "500", "MaxBytesPerTenant")]
    [InlineData(3_000, "1000", "MaxBytes")]
    public void AValueTooLargeForATenantIsToldWithTheLimitThatHoldsForItAndWithoutItsId(long maxBytesPerTenant, string maxBytes, string option)
    {
        using BoundedDistributedCache cache = TestCache.Make(maxBytes: 1_000, logger: _logger, configure: options => options.MaxBytesPerTenant = maxBytesPerTenant);
        cache.ForTenant("acme").Set("key", new byte[5_000], TestCache.NoExpiry);

        FakeLogRecord record = Assert.Single(_logger.Collector.GetSnapshot());
        Assert.Equal(maxBytes, record.GetStructuredStateValue("MaxBytes"));
        Assert.Equal(option, record.GetStructuredStateValue("Option"));
        Assert.DoesNotContain("acme", record.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void ALoggerThatThrowsHarmsNoCaller()
    {
        Mock<ILogger<BoundedDistributedCache>> logger = new();
        logger.Setup(l => l.IsEnabled(It.IsAny<LogLevel>())).Throws<InvalidOperationException>();
        using BoundedDistributedCache cache = TestCache.Make(1, logger: logger.Object);

        cache.Set("key1");
        cache.Set("key2");

        Assert.NotNull(cache.Get("key2"));
        logger.Verify(l => l.IsEnabled(LogLevel.Warning), Times.Once);
        Integrity.Check(cache);
    }

    private static void SetOneAfterAnother(BoundedDistributedCache cache, FakeTimeProvider clock, int count, TimeSpan pause)
    {
        for (int i = 0; i < count; i++)
        {
            cache.Set("key" + i);
            clock.Advance(pause);
        }
    }

    private FakeLogRecord[] LimitsHitHard() => [.. _logger.Collector.GetSnapshot().Where(record => record.Id.Id == 4)];
}
