using BoundedCache.Benchmarks.Measuring;

namespace BoundedCache.Benchmarks.Reporting;

/// <summary>
/// Runs the parts of the document one after the other and writes each as soon as it is found: a long run that is broken
/// off leaves what it has found, and a part that fails takes no other with it.
/// </summary>
internal static class Report
{
    /// <returns>The sections in their order, those that failed too, after the overview of the others.</returns>
    /// <param name="parts">Of the document, each with what finds it.</param>
    /// <param name="docs">The folder of the document; null where none is written.</param>
    /// <param name="isTiny">Whether the program is only tried.</param>
    /// <param name="error">Takes what failed and why.</param>
    public static List<Section> Of(IReadOnlyCollection<(string Id, Func<Section> Find)> parts, string? docs, bool isTiny, TextWriter error)
    {
        Progress progress = new("report", parts.Count);
        List<Section> sections = [];
        foreach ((string id, Func<Section> find) in parts)
        {
            progress.Step(id);
            Section section = Find(id, find, error);
            sections.Add(section);
            if (docs is not null)
            {
                Document.Write(docs, [section], isTiny);
            }
        }

        sections.Insert(0, Overview.Of(sections));
        progress.End();
        return sections;
    }

    private static Section Find(string id, Func<Section> find, TextWriter error)
    {
        try
        {
            return find();
        }
        catch (Exception exception) when (exception is not OutOfMemoryException)
        {
            bool isRefused = exception is RefusedException;
            error.WriteLine($"{id}: {(isRefused ? exception.Message : exception)}");
            return Section.Failed(id, $"{(isRefused ? "Refused" : "Failed")}: {Reason(exception)}");
        }
    }

    /// <summary>What may stand in the document: a message of the suite's own; others may name files of this machine.</summary>
    private static string Reason(Exception exception) => exception is RefusedException or InvalidOperationException
        ? exception.Message.Split('\n', 2)[0].Trim()
        : exception.GetType().Name;
}
