using System.Text;

namespace BoundedCache.Benchmarks.Reporting;

/// <summary>
/// A Markdown file with parts that are written anew, each between a line <c>&lt;!-- begin: id --&gt;</c> and a line
/// <c>&lt;!-- end: id --&gt;</c>. What stands outside of them is written by hand and stays.
/// </summary>
internal static class Document
{
    /// <exception cref="InvalidOperationException">The document has no such part.</exception>
    public static string Replace(string document, string id, string markdown)
    {
        string begin = $"<!-- begin: {id} -->";
        string end = $"<!-- end: {id} -->";
        int from = document.IndexOf(begin, StringComparison.Ordinal);
        int to = from < 0 ? -1 : document.IndexOf(end, from, StringComparison.Ordinal);
        if (to < 0)
        {
            throw new InvalidOperationException($"The document has no part '{id}': it needs a line '{begin}' and after it a line '{end}'.");
        }

        return new StringBuilder()
            .Append(document, 0, from + begin.Length)
            .AppendLine()
            .AppendLine()
            .AppendLine(markdown)
            .AppendLine()
            .Append(document, to, document.Length - to)
            .ToString();
    }

    /// <summary>Writes sections into <c>performance.md</c> of a folder, and their charts into <c>charts</c> beside it.</summary>
    public static void Write(string directory, IEnumerable<Section> sections, bool isTiny)
    {
        string path = Path.Combine(directory, "performance.md");
        string document = File.ReadAllText(path);
        foreach (Section section in sections)
        {
            document = Replace(document, section.Id, $"*{Machine.Describe()} {Machine.Versions()}{(isTiny ? " Only a trial: the figures are worth nothing." : "")}*{Environment.NewLine}{Environment.NewLine}{section.Markdown}");
            foreach (Chart chart in section.Charts)
            {
                chart.Save(Path.Combine(directory, "charts"));
            }
        }

        File.WriteAllText(path, document);
    }
}
