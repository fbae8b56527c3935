using BoundedCache.Benchmarks.Reporting;

namespace BoundedCache.Benchmarks.Tests;

public sealed class DocumentTests
{
    private const string Page = "# Title\n\nBy hand.\n\n<!-- begin: one -->\nold\n<!-- end: one -->\n\nBy hand too.\n";

    [Fact]
    public void WhatIsWrittenByHandStays()
    {
        string page = Document.Replace(Page, "one", "new");

        Assert.Equal("# Title\n\nBy hand.\n\n<!-- begin: one -->\n\nnew\n\n<!-- end: one -->\n\nBy hand too.\n", page);
        Assert.Equal(page, Document.Replace(page, "one", "new"));
    }

    [Fact]
    public void APartThatIsNotThereIsToldOf() =>
        Assert.Contains("'two'", Assert.Throws<InvalidOperationException>(() => Document.Replace(Page, "two", "new")).Message, StringComparison.Ordinal);

    [Fact]
    public void EachSectionBeginsWithTheMachineAndTheVersionsOfThePeers()
    {
        string folder = Directory.CreateTempSubdirectory("document").FullName;
        try
        {
            string path = Path.Combine(folder, "performance.md");
            File.WriteAllText(path, Page);

            Document.Write(folder, [new Section("one").Paragraph("new")], isTiny: false);

            Assert.Matches(@"<!-- begin: one -->\s+\*20.* GiB\. Microsoft\.Extensions\.Caching\.Memory \d[\d.]+, BitFaster\.Caching \d[\d.]+, BoundedDistributedCache \d\S+\.\*\s+new\s+<!-- end: one -->", File.ReadAllText(path));
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }
}
