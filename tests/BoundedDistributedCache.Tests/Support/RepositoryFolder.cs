namespace BoundedCache.Tests.Support;

/// <summary>
/// Where the repository lies that the tests were built in; what the compiler says of a source file's place is rewritten in
/// builds for release.
/// </summary>
internal static class RepositoryFolder
{
    public static string Path { get; } = Find();

    public static string Docs(string file) => System.IO.Path.Combine(Path, "docs", file);

    private static string Find()
    {
        var folder = new DirectoryInfo(AppContext.BaseDirectory);
        while (!File.Exists(System.IO.Path.Combine(folder.FullName, "BoundedCache.sln")))
            folder = folder.Parent ?? throw new DirectoryNotFoundException("The tests run outside the repository.");
        return folder.FullName;
    }
}
