using Microsoft.Extensions.Options;

namespace BoundedCache.Tests;

public class OptionsValidatorTests
{
    private readonly BoundedDistributedCacheOptionsValidator _validator = new();

    [Fact]
    public void AcceptsTheDefaults() => Assert.True(_validator.Validate(null, new()).Succeeded);

    [Fact]
    public void AcceptsTheSmallestValues() => Assert.True(_validator.Validate(null, new()
    {
        MaxEntries = 1,
        MaxBytes = 1,
        SweepInterval = TimeSpan.FromMilliseconds(1),
        DefaultSlidingExpiration = TimeSpan.FromTicks(1),
        DefaultAbsoluteExpirationRelativeToNow = TimeSpan.FromTicks(1),
        Name = "x",
        MaxEntriesPerTenant = 1,
        MaxBytesPerTenant = 1,
    }).Succeeded);

    [Fact]
    public void AcceptsTheGreatestValues() => Assert.True(_validator.Validate(null, new()
    {
        MaxEntries = int.MaxValue,
        MaxBytes = long.MaxValue,
        SweepInterval = TimeSpan.FromDays(49),
        DefaultSlidingExpiration = TimeSpan.MaxValue,
        DefaultAbsoluteExpirationRelativeToNow = TimeSpan.MaxValue,
        Name = new string('x', 128),
        MaxTenantsInMetrics = 1_000,
        EvictionPolicy = EvictionPolicy.ScanResistant,
    }).Succeeded);

    [Fact]
    public void RefusesAnEvictionPolicyThatThereIsNot() => AssertRefused(
        new() { EvictionPolicy = (EvictionPolicy)2 },
        "BoundedDistributedCacheOptions.EvictionPolicy is 2: it must be Lru or ScanResistant.");

    [Fact]
    public void RefusesATenantWhoseIdIsNoneWithoutRepeatingIt()
    {
        var options = new BoundedDistributedCacheOptions();
        options.Tenants["a secret\0"] = new TenantLimits();

        AssertRefused(options, "BoundedDistributedCacheOptions.Tenants is set for a tenant whose id is not valid: an id has from 1 to 256 UTF-16 units, well-formed and without control characters.");
    }

    [Fact]
    public void RefusesATenantWithoutLimits()
    {
        var options = new BoundedDistributedCacheOptions();
        options.Tenants["acme"] = null!;

        AssertRefused(options, "BoundedDistributedCacheOptions.Tenants[...] is null: it must have limits.");
    }

    [Theory]
    [InlineData(0)]
    [InlineData(-1)]
    public void RefusesLimitsOfTenantsThatLeaveNoRoom(int limit)
    {
        AssertRefused(new() { MaxEntriesPerTenant = limit }, $"BoundedDistributedCacheOptions.MaxEntriesPerTenant is {limit}: it must be at least 1, or not set.");
        AssertRefused(new() { MaxBytesPerTenant = limit }, $"BoundedDistributedCacheOptions.MaxBytesPerTenant is {limit}: it must be at least 1, or not set.");
        var entries = new BoundedDistributedCacheOptions();
        entries.Tenants["acme"] = new TenantLimits { MaxEntries = limit };
        AssertRefused(entries, $"BoundedDistributedCacheOptions.Tenants[...].MaxEntries is {limit}: it must be at least 1, or not set.");
        var bytes = new BoundedDistributedCacheOptions();
        bytes.Tenants["acme"] = new TenantLimits { MaxBytes = limit };
        AssertRefused(bytes, $"BoundedDistributedCacheOptions.Tenants[...].MaxBytes is {limit}: it must be at least 1, or not set.");
    }

    [Theory]
    [InlineData(-1)]
    [InlineData(1_001)]
    public void RefusesMoreTenantsInMetricsThanSeriesAreGoodFor(int tenants) => AssertRefused(
        new() { MaxTenantsInMetrics = tenants },
        $"BoundedDistributedCacheOptions.MaxTenantsInMetrics is {tenants}: it must be from 0 to 1000.");

    [Theory]
    [InlineData("00:00:00.0010000")]
    [InlineData("49.00:00:00")]
    public void AcceptsOnlySweepIntervalsThatTimersTake(string sweepInterval)
    {
        var period = TimeSpan.Parse(sweepInterval);

        using var timer = new PeriodicTimer(period);

        Assert.True(_validator.Validate(null, new() { SweepInterval = period }).Succeeded);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(-1)]
    [InlineData(int.MinValue)]
    public void RefusesMaxEntriesBelowOne(int maxEntries) => AssertRefused(
        new() { MaxEntries = maxEntries },
        $"BoundedDistributedCacheOptions.MaxEntries is {maxEntries}: it must be at least 1.");

    [Theory]
    [InlineData(0)]
    [InlineData(-1)]
    [InlineData(long.MinValue)]
    public void RefusesMaxBytesBelowOne(long maxBytes) => AssertRefused(
        new() { MaxBytes = maxBytes },
        $"BoundedDistributedCacheOptions.MaxBytes is {maxBytes}: it must be at least 1.");

    [Theory]
    [InlineData("00:00:00")]
    [InlineData("-00:00:01")]
    [InlineData("-00:00:00.0010000")]
    [InlineData("00:00:00.0009999")]
    [InlineData("49.00:00:00.0000001")]
    [InlineData("10675199.02:48:05.4775807")]
    public void RefusesSweepIntervalsThatTimersDoNotTake(string sweepInterval) => AssertRefused(
        new() { SweepInterval = TimeSpan.Parse(sweepInterval) },
        $"BoundedDistributedCacheOptions.SweepInterval is {sweepInterval}: it must be from 1 millisecond (00:00:00.0010000) to 49 days (49.00:00:00).");

    [Theory]
    [InlineData("00:00:00")]
    [InlineData("-00:00:01")]
    public void RefusesDefaultSlidingExpirationThatIsNotPositive(string window) => AssertRefused(
        new() { DefaultSlidingExpiration = TimeSpan.Parse(window) },
        $"BoundedDistributedCacheOptions.DefaultSlidingExpiration is {window}: it must be more than zero, or not set.");

    [Theory]
    [InlineData("00:00:00")]
    [InlineData("-00:00:01")]
    public void RefusesDefaultAbsoluteExpirationThatIsNotPositive(string lifetime) => AssertRefused(
        new() { DefaultAbsoluteExpirationRelativeToNow = TimeSpan.Parse(lifetime) },
        $"BoundedDistributedCacheOptions.DefaultAbsoluteExpirationRelativeToNow is {lifetime}: it must be more than zero, or not set.");

    [Theory]
    [InlineData(null, "null")]
    [InlineData("", "''")]
    [InlineData(" \u00A0", "' \u00A0'")]
    [InlineData("a\r\nb", @"'a\u000D\u000Ab'")]
    [InlineData("a\u0085", @"'a\u0085'")]
    public void RefusesNamesThatAreBlankOrHoldControlCharacters(string? name, string shown) => AssertRefused(
        new() { Name = name! },
        $"BoundedDistributedCacheOptions.Name is {shown}: it must have from 1 to 128 characters, not all of them white space and none of them a control character.");

    [Fact]
    public void ShowsOnlyTheBeginningOfANameThatIsTooLong() => AssertRefused(
        new() { Name = new string('x', 129) },
        $"BoundedDistributedCacheOptions.Name is '{new string('x', 128)}'... (129 characters): it must have from 1 to 128 characters, not all of them white space and none of them a control character.");

    [Fact]
    public void ShowsAllOfANameThatIsNotTooLong() => AssertRefused(
        new() { Name = new string('x', 127) + "\n" },
        $@"BoundedDistributedCacheOptions.Name is '{new string('x', 127)}\u000A': it must have from 1 to 128 characters, not all of them white space and none of them a control character.");

    [Fact]
    public void SaysWhichNamedOptionsAreWrong()
    {
        var result = _validator.Validate("sessions", new() { MaxEntries = 0 });

        Assert.Equal("BoundedDistributedCacheOptions.MaxEntries of the cache 'sessions' is 0: it must be at least 1.", Assert.Single(result.Failures!));
    }

    [Fact]
    public void ReportsAllFailuresAtOnce()
    {
        var result = _validator.Validate(null, Wrong());

        Assert.Equal(
            ["MaxEntries", "MaxBytes", "SweepInterval", "DefaultSlidingExpiration", "DefaultAbsoluteExpirationRelativeToNow", "Name"],
            result.Failures!.Select(failure => failure.Split(' ')[0].Split('.')[1]));
    }

    [Fact]
    public void ThrowsAllFailuresWhereNoContainerValidates()
    {
        var exception = Assert.Throws<OptionsValidationException>(() => BoundedDistributedCacheOptionsValidator.ThrowIfInvalid(Wrong()));

        Assert.Equal(typeof(BoundedDistributedCacheOptions), exception.OptionsType);
        Assert.Equal(6, exception.Failures.Count());
    }

    [Fact]
    public void ACacheThatIsMadeWithoutAContainerRefusesThemToo()
    {
        var exception = Assert.Throws<OptionsValidationException>(() => new BoundedDistributedCache(Options.Create(Wrong())));

        Assert.Equal(6, exception.Failures.Count());
        Assert.Throws<ArgumentNullException>("options", () => new BoundedDistributedCache(null!));
    }

    [Fact]
    public void ThrowsNothingForValidOptions() => BoundedDistributedCacheOptionsValidator.ThrowIfInvalid(new());

    private static BoundedDistributedCacheOptions Wrong() => new()
    {
        MaxEntries = 0,
        MaxBytes = 0,
        SweepInterval = TimeSpan.Zero,
        DefaultSlidingExpiration = TimeSpan.Zero,
        DefaultAbsoluteExpirationRelativeToNow = TimeSpan.Zero,
        Name = "",
    };

    private void AssertRefused(BoundedDistributedCacheOptions options, string message)
    {
        var result = _validator.Validate(Options.DefaultName, options);

        Assert.Equal(message, Assert.Single(result.Failures!));
    }
}
