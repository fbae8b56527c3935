using BoundedCache.Benchmarks.Measuring;
using BoundedCache.Benchmarks.Memory;

namespace BoundedCache.Benchmarks;

/// <summary>A command and its options.</summary>
/// <param name="Command">Its name.</param>
/// <param name="IsTiny">Whether the program is only tried.</param>
/// <param name="Docs">The folder of the document to write.</param>
/// <param name="Traces">The folder of the traces.</param>
/// <param name="Cell">What the process of a memory cell is told.</param>
internal sealed record Arguments(string Command, bool IsTiny, string? Docs, string? Traces, IReadOnlyList<string> Cell)
{
    public Scale Scale => IsTiny ? Scale.Tiny : Scale.Full;

    /// <exception cref="ArgumentException">There is no command, an option is unknown or lacks its value, or a folder is not there.</exception>
    public static Arguments Parse(IReadOnlyList<string> arguments)
    {
        if (arguments.Count == 0)
        {
            throw new ArgumentException("A command is missing.", nameof(arguments));
        }

        Arguments parsed = new(arguments[0], IsTiny: false, Docs: null, Traces: null, Cell: []);
        if (parsed.Command == CellProcess.Command)
        {
            return parsed with { Cell = [.. arguments.Skip(1)] };
        }

        for (int i = 1; i < arguments.Count; i++)
        {
            parsed = arguments[i] switch
            {
                "--tiny" => parsed with { IsTiny = true },
                "--docs" => parsed with { Docs = Folder(arguments, ++i) },
                "--traces" => parsed with { Traces = Folder(arguments, ++i) },
                _ => throw new ArgumentException($"There is no option '{arguments[i]}'.", nameof(arguments)),
            };
        }

        return parsed;
    }

    private static string Folder(IReadOnlyList<string> arguments, int index)
    {
        if (index >= arguments.Count)
        {
            throw new ArgumentException($"'{arguments[index - 1]}' needs a folder.", nameof(arguments));
        }

        return Directory.Exists(arguments[index])
            ? arguments[index]
            : throw new ArgumentException($"The folder '{arguments[index]}' of '{arguments[index - 1]}' is not there.", nameof(arguments));
    }
}
