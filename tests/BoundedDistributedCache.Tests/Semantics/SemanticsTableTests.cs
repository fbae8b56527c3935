using System.Text.RegularExpressions;

namespace BoundedCache.Tests.Semantics;

public sealed partial class SemanticsTableTests
{
    [Fact]
    public void EveryRowNamesItsTestAndEveryTestHasARow()
    {
        var tests = typeof(SemanticsTests).Assembly.GetTypes()
            .Where(type => type.IsSubclassOf(typeof(SemanticsTests)))
            .SelectMany(type => type.GetMethods())
            .Where(method => method.IsDefined(typeof(FactAttribute), inherit: false))
            .Select(method => method.Name)
            .Order(StringComparer.Ordinal);
        var rows = File.ReadAllLines(Path.Combine(RepositoryRoot(), "docs", "semantics.md"))
            .Where(line => line.StartsWith("| ", StringComparison.Ordinal) && !line.StartsWith("| Case |", StringComparison.Ordinal));

        Assert.All(rows, row => Assert.Matches(TestInLastColumn(), row));
        Assert.Equal(tests, rows.SelectMany(row => TestName().Matches(row)).Select(match => match.Groups[1].Value + match.Groups[2].Value).Order(StringComparer.Ordinal));
    }

    [GeneratedRegex(@"\| `\w+` \|$")]
    private static partial Regex TestInLastColumn();

    [GeneratedRegex(@"(?:\(`(\w+)`\)|\| `(\w+)` \|$)")]
    private static partial Regex TestName();

    private static string RepositoryRoot()
    {
        var directory = new DirectoryInfo(AppContext.BaseDirectory);
        while (!File.Exists(Path.Combine(directory.FullName, "BoundedCache.sln")))
            directory = directory.Parent ?? throw new DirectoryNotFoundException("The tests run outside the repository.");
        return directory.FullName;
    }
}
