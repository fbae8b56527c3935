using BoundedCache.Packages.Tests.Support;
using BoundedCache.Redis.Tests;

namespace BoundedCache.Packages.Tests;

/// <summary>
/// An application outside the solution, <c>tests/PackageConsumer</c>, restores the packages from their folder, in a folder
/// of its own, and uses what they offer.
/// </summary>
public sealed class ConsumerTests : IDisposable
{
    private readonly PackedPackages _packages;
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("bounded-cache-consumer-");

    public ConsumerTests(PackedPackages packages)
    {
        _packages = packages;
        foreach (var file in Directory.EnumerateFiles(Path.Combine(Repository.Root, "tests", "PackageConsumer")))
            File.Copy(file, Path.Combine(_folder.FullName, Path.GetFileName(file)));
    }

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    [Fact]
    public async Task AnApplicationRestoresThemAndRuns()
    {
        await using var redis = await RedisServer.StartAsync();

        var told = await DotnetAsync("run", "--", $"Redis={redis.Address}");

        Assert.Matches(@"All \d\d answers were right, compiled as it ran\.\s*$", told);
    }

    [Fact, Trait("Run", "full")]
    public async Task ItIsTrimmedAndCompiledToNativeCodeWithoutAWarningOfOursAndRuns()
    {
        var told = await DotnetAsync("publish", "-p:PublishAot=true", "--output", "published");
        // HybridCache's own, which show that warnings are told.
        var warnings = told.Split('\n').Where(line => line.Contains("warning", StringComparison.OrdinalIgnoreCase)).ToArray();
        Assert.NotEmpty(warnings);
        Assert.All(warnings, warning => Assert.Matches(@"analysis warning IL\d{4}: Microsoft\.Extensions\.Caching\.Hybrid\.", warning));
        Assert.DoesNotContain("will always throw", told);

        await using var redis = await RedisServer.StartAsync();

        told = await Program.RunAsync(_folder.FullName, Path.Combine(_folder.FullName, "published", "PackageConsumer"), [$"Redis={redis.Address}"], Cancelled);

        Assert.Matches(@"All \d\d answers were right, compiled to native code\.\s*$", told);
    }

    public void Dispose() => _folder.Delete(recursive: true);

    private Task<string> DotnetAsync(string command, params string[] arguments) => Program.RunAsync(
        _folder.FullName,
        "dotnet",
        [command, "--configuration", "Release", $"-p:PackagesFolder={_packages.Folder}", $"-p:PackagesVersion=[{Repository.Version}]", "-p:UseSharedCompilation=false", .. arguments],
        Cancelled);
}
