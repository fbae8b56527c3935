using BoundedCache.Packages.Tests.Support;

[assembly: AssemblyFixture(typeof(PackedPackages))]

namespace BoundedCache.Packages.Tests.Support;

/// <summary>What <c>dotnet pack</c> makes of the solution, in a folder of its own.</summary>
public sealed class PackedPackages : IAsyncLifetime
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("bounded-cache-packages-");

    public string Folder => _folder.FullName;

    public async ValueTask InitializeAsync() => await Program.RunAsync(
        Repository.Root,
        "dotnet",
        ["pack", "BoundedCache.sln", "--configuration", "Release", "--output", Folder, "--verbosity", "quiet", "-p:UseSharedCompilation=false"],
        TestContext.Current.CancellationToken);

    internal Package Open(string id) => new(Path.Combine(Folder, $"{id}.{Repository.Version}.nupkg"));

    internal Package OpenSymbols(string id) => new(Path.Combine(Folder, $"{id}.{Repository.Version}.snupkg"));

    public ValueTask DisposeAsync()
    {
        _folder.Delete(recursive: true);
        return ValueTask.CompletedTask;
    }
}
