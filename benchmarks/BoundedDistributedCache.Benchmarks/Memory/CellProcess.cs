using System.Diagnostics;
using System.Text.Json;

namespace BoundedCache.Benchmarks.Memory;

/// <summary>Has a cell weighed by a process of its own, so that none finds what another left.</summary>
internal static class CellProcess
{
    public const string Command = "memory-cell";

    public static Weight Weigh(Cell cell)
    {
        ProcessStartInfo start = new("dotnet") { RedirectStandardOutput = true };
        start.ArgumentList.Add(typeof(CellProcess).Assembly.Location);
        start.ArgumentList.Add(Command);
        foreach (string argument in cell.ToArguments())
        {
            start.ArgumentList.Add(argument);
        }

        using Process process = Process.Start(start) ?? throw new InvalidOperationException("The process of a memory cell did not start.");
        string output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return process.ExitCode == 0 && JsonSerializer.Deserialize<Weight>(output) is { } weight
            ? weight
            : throw new InvalidOperationException($"The process of {cell} ended with {process.ExitCode}.");
    }

    public static void Run(IReadOnlyList<string> arguments, TextWriter output) =>
        output.WriteLine(JsonSerializer.Serialize(Scales.Weigh(Cell.Parse(arguments))));
}
