using BoundedCache.Benchmarks.Measuring;
using BoundedCache.Benchmarks.Reporting;

namespace BoundedCache.Benchmarks.Tests;

public sealed class ReportTests : IDisposable
{
    private const string Page = "<!-- begin: summary -->\n<!-- end: summary -->\n<!-- begin: one -->\nold\n<!-- end: one -->\n<!-- begin: two -->\nold\n<!-- end: two -->\n";

    private readonly string _folder = Directory.CreateTempSubdirectory("report").FullName;
    private readonly StringWriter _error = new();

    public ReportTests() => File.WriteAllText(PathOfPage, Page);

    private string PathOfPage => Path.Combine(_folder, "performance.md");

    public void Dispose()
    {
        _error.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    [Fact]
    public void APartThatIsRefusedSaysSoAndTheOthersGoOn()
    {
        List<Section> sections = Run(_ => throw new RefusedException("somebody lost what was set\nand more"), Found);

        Assert.Equal(["summary", "one", "two"], sections.Select(section => section.Id));
        Assert.Equal([false, true, false], sections.Select(section => section.HasFailed));
        Assert.Contains("1 figures have a target", sections[0].Markdown, StringComparison.Ordinal);
        Assert.Contains("refused or failed: `one`.", sections[0].Markdown, StringComparison.Ordinal);
        string page = File.ReadAllText(PathOfPage);
        Assert.Matches(@"<!-- begin: one -->\s+\*20.*\*\s+\*\*No figures\.\*\* Refused: somebody lost what was set\s+<!-- end: one -->", page);
        Assert.Matches(@"<!-- begin: two -->\s+\*20[\s\S]+\| figure [\s\S]+<!-- end: two -->", page);
        Assert.Contains("one: somebody lost what was set\nand more", _error.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void WhyAPartFailedIsToldWithoutTheMachinesPaths()
    {
        Run(Found, _ => throw new FileNotFoundException("There is no '/somebody/traces'."));

        Assert.Matches(@"<!-- begin: two -->\s+\*20.*\*\s+\*\*No figures\.\*\* Failed: FileNotFoundException\s+<!-- end: two -->", File.ReadAllText(PathOfPage));
        Assert.Contains("two: System.IO.FileNotFoundException: There is no '/somebody/traces'.", _error.ToString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(false, 0)]
    [InlineData(true, 1)]
    public void ItEndsWithOneWhereAPartFailed(bool fails, int code)
    {
        using StringWriter output = new();
        List<Section> sections = Run(Found, fails ? _ => throw new RefusedException("no") : Found);

        Assert.Equal(code, Commands.Show(sections, new Arguments("report", IsTiny: true, _folder, Traces: null, Cell: []), output));

        Assert.Equal(fails, output.ToString().Contains("refused or failed: two.", StringComparison.Ordinal));
        Assert.Matches(@"<!-- begin: summary -->\s+\*20[\s\S]+\| figure [\s\S]+<!-- end: summary -->", File.ReadAllText(PathOfPage));
    }

    private static Section Found(string id) => new Section(id).Judge([new Figure("figure", Quartiles.Of([1]), Target.AtMost(1), "ours")]);

    private List<Section> Run(Func<string, Section> one, Func<string, Section> two) =>
        Report.Of([("one", () => one("one")), ("two", () => two("two"))], _folder, isTiny: true, _error);
}
