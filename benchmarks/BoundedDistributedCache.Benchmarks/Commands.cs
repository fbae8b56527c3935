using BoundedCache.Benchmarks.HitRatios;
using BoundedCache.Benchmarks.Latency;
using BoundedCache.Benchmarks.Measuring;
using BoundedCache.Benchmarks.Memory;
using BoundedCache.Benchmarks.Others;
using BoundedCache.Benchmarks.Reporting;
using BoundedCache.Benchmarks.SingleOperations;
using BoundedCache.Benchmarks.Sweeps;
using BoundedCache.Benchmarks.Tenants;
using BoundedCache.Benchmarks.Throughput;
using BoundedCache.Benchmarks.Tiers;

namespace BoundedCache.Benchmarks;

/// <summary>What can be asked of this program.</summary>
internal static class Commands
{
    private const string Usage = """
        usage: dotnet run -c Release --project benchmarks/BoundedDistributedCache.Benchmarks -- COMMAND [options]

          quick        the eight ratios that matter most, in about two minutes; ends with 1 on a miss
          throughput   operations per second of all peers, and every ratio of time that has a target
          hitratio     hits of real traces, beside exact LRU and the peers; needs --traces
          memory       bytes of heap an entry, and whether SizeBytes says so; each cell in a process of its own
          sweeps       time of a sweep, and reads while one runs
          latency      percentiles of single operations while a large cache churns; not judged
          tenants      what tenants cost, and what a flood by one of them does to the others
          bdn          single operations by BenchmarkDotNet, with what they allocate
          redis        the tier over Redis beside Microsoft's package on the same server; needs redis-server
          others       what HybridCache, FusionCache and Redis over loopback cost
          report       all of them but quick; with --docs it writes the whole document
        options
          --traces DIR the folder of the traces
          --docs DIR   also writes what was found into DIR/performance.md and DIR/charts
          --tiny       tries the program within seconds; its figures are worth nothing
        """;

    /// <returns>0; 1 where a target was missed or a part failed; 2 where the arguments are wrong.</returns>
    /// <param name="arguments">The command and its options.</param>
    /// <param name="output">Takes what was found.</param>
    /// <param name="error">Takes what is wrong.</param>
    /// <param name="weigh">Weighs a cell of memory; a process of its own unless told otherwise.</param>
    public static int Run(IReadOnlyList<string> arguments, TextWriter output, TextWriter error, Func<Cell, Weight>? weigh = null)
    {
        Arguments parsed;
        try
        {
            parsed = Arguments.Parse(arguments);
        }
        catch (ArgumentException exception)
        {
            error.WriteLine(exception.Message);
            error.WriteLine(Usage);
            return 2;
        }

        try
        {
            if (!parsed.IsTiny && parsed.Command != CellProcess.Command)
            {
                Machine.RefuseUnoptimized(typeof(Commands).Assembly, typeof(BoundedDistributedCache).Assembly);
            }

            return Run(parsed, output, error, weigh);
        }
        catch (Exception exception) when (exception is RefusedException or InvalidOperationException or InvalidDataException)
        {
            error.WriteLine($"{parsed.Command}: {exception.Message}");
            return 1;
        }
    }

    private static int Run(Arguments parsed, TextWriter output, TextWriter error, Func<Cell, Weight>? weigh) =>
        parsed.Command switch
        {
            "quick" => QuickCommand.Run(parsed.IsTiny ? Scale.Tiny : Scale.Quick, output),
            "throughput" => Show([ThroughputCommand.Run(parsed.Scale)], parsed, output),
            "memory" => Show([MemoryCommand.Run(parsed.Scale, weigh)], parsed, output),
            "sweeps" => Show([SweepCommand.Run(parsed.Scale)], parsed, output),
            "latency" => Show([LatencyCommand.Run(parsed.Scale)], parsed, output),
            "bdn" => Show([BdnCommand.Run(parsed.IsTiny)], parsed, output),
            "tenants" => Show([TenantCommand.Run(parsed.Scale)], parsed, output),
            "redis" => Show([RedisCommand.Run(parsed.Scale)], parsed, output),
            "others" => Show([OthersCommand.Run(parsed.Scale)], parsed, output),
            CellProcess.Command => Weigh(parsed, output),
            "hitratio" or "report" when parsed.Traces is null => Refuse($"'{parsed.Command}' needs '--traces' and a folder.", error),
            "report" => Show(Everything(parsed, parsed.Traces, error, weigh), parsed, output),
            "hitratio" => Show([HitRatioCommand.Run(Trace.LoadAll(parsed.Traces))], parsed, output),
            _ => Refuse($"There is no command '{parsed.Command}'.", error),
        };

    private static List<Section> Everything(Arguments parsed, string traces, TextWriter error, Func<Cell, Weight>? weigh)
    {
        // Where there is none, this is told now and not after an hour.
        RedisServer.Start().Dispose();
        Trace.FilesIn(traces);
        (string Id, Func<Section> Find)[] parts =
        [
            ("throughput", () => ThroughputCommand.Run(parsed.Scale)),
            ("hitratio", () => HitRatioCommand.Run(Trace.LoadAll(traces))),
            ("memory", () => MemoryCommand.Run(parsed.Scale, weigh)),
            ("sweeps", () => SweepCommand.Run(parsed.Scale)),
            ("tenants", () => TenantCommand.Run(parsed.Scale)),
            ("bdn", () => BdnCommand.Run(parsed.IsTiny)),
            ("latency", () => LatencyCommand.Run(parsed.Scale)),
            ("redis", () => RedisCommand.Run(parsed.Scale)),
            ("others", () => OthersCommand.Run(parsed.Scale)),
        ];
        return Report.Of(parts, parsed.Docs, parsed.IsTiny, error);
    }

    private static int Weigh(Arguments arguments, TextWriter output)
    {
        CellProcess.Run(arguments.Cell, output);
        return 0;
    }

    private static int Refuse(string reason, TextWriter error)
    {
        error.WriteLine(reason);
        error.WriteLine(Usage);
        return 2;
    }

    internal static int Show(IReadOnlyList<Section> sections, Arguments arguments, TextWriter output)
    {
        output.WriteLine(Machine.Describe());
        output.WriteLine(Machine.Versions());
        foreach (Section section in sections)
        {
            output.WriteLine();
            output.WriteLine(section.Markdown);
        }

        if (arguments.Docs is { } docs)
        {
            Document.Write(docs, sections, arguments.IsTiny);
        }

        int missed = sections.Sum(section => section.Figures.Count(figure => figure.Verdict == Verdict.Missed));
        output.WriteLine();
        output.WriteLine(missed == 0 ? "No target missed." : $"{missed} targets missed: the whole range between the quartiles is on the wrong side.");
        string[] failed = [.. sections.Where(section => section.HasFailed).Select(section => section.Id)];
        if (failed.Length > 0)
        {
            output.WriteLine($"Without figures, because refused or failed: {string.Join(", ", failed)}.");
        }

        return missed == 0 && failed.Length == 0 ? 0 : 1;
    }
}
