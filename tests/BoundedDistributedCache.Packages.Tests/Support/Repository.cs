using System.Xml.Linq;
using BoundedCache.Tests.Support;

namespace BoundedCache.Packages.Tests.Support;

/// <summary>What the repository says of its packages.</summary>
internal static class Repository
{
    public static string Root => RepositoryFolder.Path;

    /// <summary>The names of the projects that are packed.</summary>
    public static IEnumerable<string> Projects { get; } =
        [.. Directory.EnumerateFiles(Path.Combine(Root, "src"), "*.csproj", SearchOption.AllDirectories).Select(file => Path.GetFileNameWithoutExtension(file)).Order(StringComparer.Ordinal)];

    public static string Version { get; } = XDocument.Load(Path.Combine(Root, "Directory.Build.props")).Descendants("Version").Single().Value;

    /// <summary>The version of each package that projects here use.</summary>
    public static Dictionary<string, string> VersionOf { get; } = XDocument.Load(Path.Combine(Root, "Directory.Packages.props")).Descendants("PackageVersion")
        .ToDictionary(package => package.Attribute("Include")!.Value, package => package.Attribute("Version")!.Value);
}
