using System.Buffers.Binary;
using System.Reflection;
using System.Reflection.Metadata;
using System.Reflection.PortableExecutable;
using System.Text.RegularExpressions;
using System.Xml.Linq;
using BoundedCache.Packages.Tests.Support;

namespace BoundedCache.Packages.Tests;

public sealed partial class PackageTests(PackedPackages packages)
{
    public static TheoryData<string> Packages => [.. Repository.Projects];

    /// <summary>The packages that each depends on, and the shared framework that it needs.</summary>
    public static TheoryData<string, string[], string[]> Dependencies => new()
    {
        {
            "BoundedDistributedCache",
            [
                "Microsoft.Extensions.Caching.Abstractions",
                "Microsoft.Extensions.DependencyInjection.Abstractions",
                "Microsoft.Extensions.Hosting.Abstractions",
                "Microsoft.Extensions.Options.ConfigurationExtensions",
                "System.IO.Hashing",
            ],
            []
        },
        { "BoundedDistributedCache.AspNetCore", ["BoundedDistributedCache"], ["Microsoft.AspNetCore.App"] },
        { "BoundedDistributedCache.Hybrid", ["BoundedDistributedCache", "Microsoft.Extensions.Caching.Hybrid"], [] },
        { "BoundedDistributedCache.Redis", ["BoundedDistributedCache", "Polly.Core", "StackExchange.Redis"], [] },
    };

    [Fact]
    public void EveryProjectBelowSrcIsPackedWithItsSymbolsAndNothingElseIs() => Assert.Equal(
        Repository.Projects.SelectMany(project => new[] { $"{project}.{Repository.Version}.nupkg", $"{project}.{Repository.Version}.snupkg" }).Order(StringComparer.Ordinal),
        Directory.EnumerateFiles(packages.Folder).Select(file => Path.GetFileName(file)).Order(StringComparer.Ordinal));

    [Fact]
    public void TheDependenciesOfEveryPackageAreListed() =>
        Assert.Equal(Repository.Projects, Dependencies.Select(row => row.Data.Item1));

    // Of one another they use internals, so that no other version will do.
    [Theory, MemberData(nameof(Dependencies))]
    public void DependsOnThesePackagesAndNoOthers(string id, string[] dependencies, string[] frameworks)
    {
        using var package = packages.Open(id);

        var group = Assert.Single(package.Metadata.Element("dependencies")!.Elements());
        Assert.Equal("net10.0", group.Attribute("targetFramework")!.Value);
        Assert.Equal(
            dependencies.Select(name => (name, Repository.Projects.Contains(name) ? $"[{Repository.Version}]" : Repository.VersionOf[name])),
            group.Elements("dependency").Select(dependency => (dependency.Attribute("id")!.Value, dependency.Attribute("version")!.Value)).Order());
        Assert.Equal(
            frameworks,
            package.Metadata.Element("frameworkReferences")?.Element("group")!.Elements().Select(framework => framework.Attribute("name")!.Value) ?? []);
    }

    [Theory, MemberData(nameof(Packages))]
    public void SaysWhatItIs(string id)
    {
        using var package = packages.Open(id);
        var metadata = package.Metadata;

        Assert.Equal(id, metadata.Element("id")!.Value);
        Assert.Equal(Repository.Version, metadata.Element("version")!.Value);
        Assert.Equal("The BoundedDistributedCache authors", metadata.Element("authors")!.Value);
        Assert.EndsWith(".", metadata.Element("description")!.Value);
        Assert.NotEqual("Package Description", metadata.Element("description")!.Value);
        Assert.Contains("cache", metadata.Element("tags")!.Value.Split(' '));
        Assert.Equal(("expression", "MIT"), (metadata.Element("license")!.Attribute("type")!.Value, metadata.Element("license")!.Value));
    }

    [Theory, MemberData(nameof(Packages))]
    public void NamesNoRepositoryThatOnlyItsBuilderCanReach(string id)
    {
        using var package = packages.Open(id);

        Assert.All(Addresses(package.Metadata), address => Assert.StartsWith("https://", address));
    }

    // Built where there is no remote, a package names none, and the test before has nothing to look at.
    [Fact]
    public void TheAddressesOfAPackageAreFound() => Assert.Equal(
        ["/home/builder/cache", "https://example.org/cache"],
        Addresses(XElement.Parse("<metadata><projectUrl>https://example.org/cache</projectUrl><repository type='git' url='/home/builder/cache' /></metadata>")));

    [Theory, MemberData(nameof(Packages))]
    public void HasTheReadmeOfItsProjectWhichLinksToNothingOutsideThePackage(string id)
    {
        using var package = packages.Open(id);

        var readme = package.ReadText(package.Metadata.Element("readme")!.Value);

        Assert.Equal(File.ReadAllText(Path.Combine(Repository.Root, "src", id, "README.md")), readme);
        Assert.StartsWith($"# {id}\n", readme);
        Assert.DoesNotMatch(RelativeLink(), readme);
    }

    [Theory, MemberData(nameof(Packages))]
    public void HasASmallIcon(string id)
    {
        using var package = packages.Open(id);

        var icon = package.Read(package.Metadata.Element("icon")!.Value);

        Assert.Equal([0x89, .. "PNG\r\n"u8, 0x1a, (byte)'\n'], icon[..8]);
        Assert.Equal((128, 128), (BinaryPrimitives.ReadInt32BigEndian(icon.AsSpan(16)), BinaryPrimitives.ReadInt32BigEndian(icon.AsSpan(20))));
        Assert.True(icon.Length < 10_000);
    }

    [Theory, MemberData(nameof(Packages))]
    public void HoldsItsAssemblyItsDocumentationAndNothingThatSurprises(string id)
    {
        using var package = packages.Open(id);

        Assert.Equal(
            [$"{id}.nuspec", "README.md", "icon.png", $"lib/net10.0/{id}.dll", $"lib/net10.0/{id}.xml"],
            package.Files.Where(name => !IsOfTheFormat(name)).Order(StringComparer.Ordinal));
    }

    [Theory, MemberData(nameof(Packages))]
    public void DocumentsEveryPublicType(string id)
    {
        using var package = packages.Open(id);
        using var assembly = package.ReadAssembly($"lib/net10.0/{id}.dll");
        var reader = assembly.GetMetadataReader();

        var documented = XDocument.Parse(package.ReadText($"lib/net10.0/{id}.xml")).Descendants("member").Select(member => member.Attribute("name")!.Value).ToHashSet();
        var types = reader.TypeDefinitions.Select(reader.GetTypeDefinition)
            .Where(type => (type.Attributes & TypeAttributes.VisibilityMask) == TypeAttributes.Public)
            .Select(type => $"T:{reader.GetString(type.Namespace)}.{reader.GetString(type.Name)}")
            .ToList();

        Assert.NotEmpty(types);
        Assert.All(types, type => Assert.Contains(type, documented));
    }

    [Theory, MemberData(nameof(Packages))]
    public void HasTheSymbolsOfItsAssembly(string id)
    {
        using var package = packages.Open(id);
        using var symbolPackage = packages.OpenSymbols(id);
        using var assembly = package.ReadAssembly($"lib/net10.0/{id}.dll");
        using var symbols = symbolPackage.ReadSymbols($"lib/net10.0/{id}.pdb");

        var expected = assembly.ReadCodeViewDebugDirectoryData(assembly.ReadDebugDirectory().Single(entry => entry.Type == DebugDirectoryEntryType.CodeView));

        Assert.Equal(expected.Guid, new BlobContentId(symbols.GetMetadataReader().DebugMetadataHeader!.Id).Guid);
    }

    [Theory, MemberData(nameof(Packages))]
    public void IsTheSameFromWhateverFolderItIsBuilt(string id)
    {
        using var package = packages.Open(id);
        using var symbolPackage = packages.OpenSymbols(id);
        using var assembly = package.ReadAssembly($"lib/net10.0/{id}.dll");
        using var symbols = symbolPackage.ReadSymbols($"lib/net10.0/{id}.pdb");
        var reader = symbols.GetMetadataReader();

        Assert.Contains(assembly.ReadDebugDirectory(), entry => entry.Type == DebugDirectoryEntryType.Reproducible);
        Assert.All(reader.Documents, document => Assert.StartsWith("/_/", reader.GetString(reader.GetDocument(document).Name)));
    }

    private static IEnumerable<string> Addresses(XElement metadata) =>
        new[] { metadata.Element("repository")?.Attribute("url")?.Value, metadata.Element("projectUrl")?.Value }.OfType<string>();

    private static bool IsOfTheFormat(string name) =>
        name is "[Content_Types].xml" or "_rels/.rels" || name.StartsWith("package/services/metadata/", StringComparison.Ordinal);

    [GeneratedRegex(@"\]\((?!https://)")]
    private static partial Regex RelativeLink();
}
