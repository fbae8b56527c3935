// Sums up Stryker's report (JSON) by file, timeouts apart from kills, and lists the mutants that lived:
//   dotnet run tools/mutation.cs -- <mutation-report.json> ...
// Killed are those that a test failed for. One that ran into the timeout may have looped for ever, or been slow, and one
// that ended the process failed no test: they are not counted as killed.
#:property GenerateDocumentationFile=true
#:property NoWarn=CS1591
using System.Globalization;
using System.Text.Json;

var mutants = new List<(string File, int Line, int Column, string Mutator, string Replacement, string Status, string? Reason)>();
foreach (var report in args)
{
    using var document = JsonDocument.Parse(File.ReadAllText(report));
    foreach (var file in document.RootElement.GetProperty("files").EnumerateObject())
    {
        var start = file.Name.LastIndexOf("src/", StringComparison.Ordinal);
        var name = start < 0 ? file.Name : file.Name[(file.Name.IndexOf('/', start + 4) + 1)..];
        foreach (var mutant in file.Value.GetProperty("mutants").EnumerateArray())
        {
            var position = mutant.GetProperty("location").GetProperty("start");
            mutants.Add((
                name,
                position.GetProperty("line").GetInt32(),
                position.GetProperty("column").GetInt32(),
                mutant.GetProperty("mutatorName").GetString()!,
                mutant.TryGetProperty("replacement", out var replacement) ? replacement.GetString()! : "",
                mutant.GetProperty("status").GetString()!,
                mutant.TryGetProperty("statusReason", out var reason) ? reason.GetString() : null));
        }
    }
}

// Of a mutant that several reports tried, what the last one says; others may have passed it over.
mutants = [.. mutants
    .GroupBy(mutant => (mutant.File, mutant.Line, mutant.Column, mutant.Mutator, mutant.Replacement))
    .Select(same => same.LastOrDefault(mutant => mutant.Status is not ("Ignored" or "CompileError"), same.Last()))];

Console.WriteLine("| File | Killed | Of those that were tried | Lived | No test ran it | Timeouts and crashes apart | Not compiled |\n|---|---|---|---|---|---|---|");
foreach (var file in mutants.GroupBy(mutant => mutant.File).OrderBy(file => file.Key, StringComparer.Ordinal))
    Tell(file.Key, [.. file.Select(mutant => mutant.Status)]);
Tell("All", [.. mutants.Select(mutant => mutant.Status)]);

foreach (var status in (string[])["Survived", "NoCoverage", "Timeout", "RuntimeError"])
{
    Console.WriteLine($"\n{status}:");
    foreach (var mutant in mutants.Where(mutant => mutant.Status == status).OrderBy(mutant => mutant.File, StringComparer.Ordinal).ThenBy(mutant => mutant.Line))
        Console.WriteLine($"  {mutant.File}:{mutant.Line}:{mutant.Column} {mutant.Mutator} -> {string.Join(' ', mutant.Replacement.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries))}");
}

static void Tell(string what, IReadOnlyList<string> statuses)
{
    int Count(string status) => statuses.Count(other => other == status);
    var judged = Count("Killed") + Count("Survived") + Count("NoCoverage");
    var apart = Count("Timeout") + Count("RuntimeError");
    if (judged + apart == 0)
        return;
    var share = judged == 0 ? "-" : string.Create(CultureInfo.InvariantCulture, $"{100.0 * Count("Killed") / judged:0.0} %");
    Console.WriteLine($"| {what} | {share} | {judged} | {Count("Survived")} | {Count("NoCoverage")} | {apart} | {Count("CompileError")} |");
}
