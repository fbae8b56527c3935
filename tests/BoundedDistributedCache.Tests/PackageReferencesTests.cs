using System.Text.Json;

namespace BoundedCache.Tests;

public class PackageReferencesTests
{
    [Fact]
    public void TheCoreDependsOnThesePackagesAndNoOthers()
    {
        using var dependencies = JsonDocument.Parse(File.ReadAllText(Path.Combine(AppContext.BaseDirectory, "BoundedDistributedCache.Tests.deps.json")));
        var core = dependencies.RootElement.GetProperty("targets").EnumerateObject().Single().Value
            .EnumerateObject().Single(library => library.Name.StartsWith("BoundedDistributedCache/", StringComparison.Ordinal)).Value;

        Assert.Equal(
            [
                "Microsoft.Extensions.Caching.Abstractions",
                "Microsoft.Extensions.DependencyInjection.Abstractions",
                "Microsoft.Extensions.Hosting.Abstractions",
                "Microsoft.Extensions.Options.ConfigurationExtensions",
                "System.IO.Hashing",
            ],
            core.GetProperty("dependencies").EnumerateObject().Select(package => package.Name).Order(StringComparer.Ordinal));
    }
}
