using System.Text.RegularExpressions;
using BoundedCache.Tests.Support;

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
        var rows = File.ReadAllLines(RepositoryFolder.Docs("semantics.md"))
            .Where(line => line.StartsWith("| ", StringComparison.Ordinal) && !line.StartsWith("| Case |", StringComparison.Ordinal));

        Assert.All(rows, row => Assert.Matches(TestInLastColumn(), row));
        Assert.Equal(tests, rows.SelectMany(row => TestName().Matches(row)).Select(match => match.Groups[1].Value + match.Groups[2].Value).Order(StringComparer.Ordinal));
    }

    [GeneratedRegex(@"\| `\w+` \|$")]
    private static partial Regex TestInLastColumn();

    [GeneratedRegex(@"(?:\(`(\w+)`\)|\| `(\w+)` \|$)")]
    private static partial Regex TestName();
}
