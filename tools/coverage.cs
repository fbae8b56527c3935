// Sums up coverlet's reports (JSON) of a folder by the folders of src, and lists what no test ran:
//   dotnet run tools/coverage.cs -- <folder of reports>
// Several reports of one assembly are united: a line is covered where any of them covers it.
#:property GenerateDocumentationFile=true
#:property NoWarn=CS1591
using System.Globalization;
using System.Text.Json;

var lines = new Dictionary<(string File, int Line), bool>();
var branches = new Dictionary<(string File, int Line, string Method, int Offset, int Path), bool>();
foreach (var report in Directory.EnumerateFiles(args[0], "*.json", SearchOption.AllDirectories))
{
    using var document = JsonDocument.Parse(File.ReadAllText(report));
    foreach (var file in document.RootElement.EnumerateObject().SelectMany(assembly => assembly.Value.EnumerateObject()))
    {
        var start = file.Name.LastIndexOf("/src/", StringComparison.Ordinal);
        if (start < 0 || file.Name.Contains("/obj/", StringComparison.Ordinal))
            continue;
        var name = file.Name[(start + 5)..];
        foreach (var method in file.Value.EnumerateObject().SelectMany(type => type.Value.EnumerateObject()))
        {
            foreach (var line in method.Value.GetProperty("Lines").EnumerateObject())
                Unite(lines, (name, int.Parse(line.Name, CultureInfo.InvariantCulture)), line.Value.GetInt32() > 0);
            foreach (var branch in method.Value.GetProperty("Branches").EnumerateArray())
            {
                Unite(
                    branches,
                    (name, Number(branch, "Line"), method.Name, Number(branch, "Offset"), Number(branch, "Path")),
                    Number(branch, "Hits") > 0);
            }
        }
    }
}

if (lines.Count == 0)
{
    Console.Error.WriteLine($"There is no report of coverlet in '{args[0]}'.");
    return 1;
}

Console.WriteLine("| | Lines | Branches |\n|---|---|---|");
foreach (var project in lines.Keys.Select(key => key.File.Split('/')[0]).Distinct().Order(StringComparer.Ordinal))
{
    Tell(project, file => file.StartsWith(project + "/", StringComparison.Ordinal));
    foreach (var folder in lines.Keys.Select(key => Path.GetDirectoryName(key.File)!).Where(folder => folder.StartsWith(project + "/", StringComparison.Ordinal)).Distinct().Order(StringComparer.Ordinal))
        Tell($"- {folder[(project.Length + 1)..]}", file => Path.GetDirectoryName(file) == folder);
}

Console.WriteLine("\nNot covered:");
foreach (var file in lines.Keys.Select(key => key.File).Distinct().Order(StringComparer.Ordinal))
{
    var missed = lines.Where(line => line.Key.File == file && !line.Value).Select(line => line.Key.Line).Order().ToList();
    var halfTaken = branches.Where(branch => branch.Key.File == file && !branch.Value).Select(branch => branch.Key.Line).Distinct().Except(missed).Order().ToList();
    if (missed.Count + halfTaken.Count > 0)
        Console.WriteLine($"  {file}: lines {Ranges(missed)}; branches of {Ranges(halfTaken)}");
}

return 0;

void Tell(string what, Func<string, bool> isOfIt) => Console.WriteLine(
    $"| {what} | {Share(lines.Where(line => isOfIt(line.Key.File)).Select(line => line.Value))} | {Share(branches.Where(branch => isOfIt(branch.Key.File)).Select(branch => branch.Value))} |");

static void Unite<TKey>(Dictionary<TKey, bool> all, TKey key, bool isCovered)
    where TKey : notnull => all[key] = isCovered || all.GetValueOrDefault(key);

static int Number(JsonElement branch, string name) => branch.GetProperty(name).GetInt32();

static string Share(IEnumerable<bool> covered)
{
    var all = covered.ToList();
    return all.Count == 0 ? "none" : string.Create(CultureInfo.InvariantCulture, $"{100.0 * all.Count(isCovered => isCovered) / all.Count:0.0} % of {all.Count}");
}

static string Ranges(List<int> numbers)
{
    var ranges = new List<(int First, int Last)>();
    foreach (var number in numbers)
    {
        if (ranges.Count > 0 && ranges[^1].Last == number - 1)
            ranges[^1] = (ranges[^1].First, number);
        else
            ranges.Add((number, number));
    }

    return ranges.Count == 0 ? "none" : string.Join(", ", ranges.Select(range => range.First == range.Last ? $"{range.First}" : $"{range.First}-{range.Last}"));
}
