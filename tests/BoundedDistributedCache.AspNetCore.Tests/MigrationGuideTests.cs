using System.Text.RegularExpressions;
using BoundedCache.Tests.Support;
using Microsoft.Extensions.Caching.Memory;

namespace BoundedCache.AspNetCore.Tests;

/// <summary>Keeps <c>docs/migration.md</c> true to the tests and to the options that it names.</summary>
public sealed partial class MigrationGuideTests
{
    private static readonly string _repository = RepositoryFolder.Path;
    private static readonly string _guide = File.ReadAllText(Path.Combine(_repository, "docs", "migration.md"));

    [Fact]
    public void EveryTestThatItNamesExists()
    {
        var named = TestName().Matches(_guide).Select(match => (Class: match.Groups[1].Value, Test: match.Groups[2].Value)).ToList();

        Assert.NotEmpty(named);
        Assert.All(named, name =>
        {
            var file = Assert.Single(Directory.EnumerateFiles(Path.Combine(_repository, "tests"), $"{name.Class}.cs", SearchOption.AllDirectories));
            Assert.Contains($" {name.Test}(", File.ReadAllText(file));
        });
    }

    [Fact]
    public void EveryOptionOfTheMemoryCacheHasARow() =>
        Assert.All(typeof(MemoryDistributedCacheOptions).GetProperties(), option => Assert.Contains($"| `{option.Name}`", _guide));

    [Fact]
    public void TheDefaultsThatItNamesAreThoseOfTheMemoryCache()
    {
        var defaults = new MemoryDistributedCacheOptions();

        Assert.Equal(200 * 1024 * 1024, defaults.SizeLimit);
        Assert.Equal(TimeSpan.FromMinutes(1), defaults.ExpirationScanFrequency);
        Assert.Equal(0.05, defaults.CompactionPercentage);
        Assert.False(defaults.TrackStatistics);
        Assert.False(defaults.TrackLinkedCacheEntries);
    }

    [GeneratedRegex(@"`(\w+Tests)\.(\w+)`")]
    private static partial Regex TestName();
}
