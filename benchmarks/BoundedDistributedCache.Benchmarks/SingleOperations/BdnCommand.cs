using System.Globalization;
using BenchmarkDotNet.Columns;
using BenchmarkDotNet.Configs;
using BenchmarkDotNet.Diagnosers;
using BenchmarkDotNet.Jobs;
using BenchmarkDotNet.Loggers;
using BenchmarkDotNet.Reports;
using BenchmarkDotNet.Running;
using BenchmarkDotNet.Toolchains.InProcess.Emit;
using BoundedCache.Benchmarks.Measuring;
using BoundedCache.Benchmarks.Reporting;
using Perfolizer.Horology;

namespace BoundedCache.Benchmarks.SingleOperations;

/// <summary>Single operations by BenchmarkDotNet, with what they allocate.</summary>
internal static class BdnCommand
{
    public const int MostCases = 40;

    public static readonly Type[] Classes =
    [
        typeof(BySize), typeof(ByExpiry), typeof(Absent), typeof(AtCapacity), typeof(Isolated), typeof(ThroughTenants), typeof(MemoryPeer),
    ];

    public static Section Run(bool isTiny) => Run(isTiny, Classes);

    public static Section Run(bool isTiny, params Type[] classes)
    {
        Progress progress = new("bdn", classes.Length);
        Table table = new("Operation", "Case", "Mean", "Standard deviation", "Allocated");
        foreach (Type type in classes)
        {
            progress.Step(type.Name);
            Summary summary = BenchmarkRunner.Run(type, Configuration(isTiny));
            foreach (BenchmarkReport report in summary.Reports)
            {
                if (report.ResultStatistics is not { } statistics)
                {
                    throw new RefusedException($"{report.BenchmarkCase.DisplayInfo} did not run{Environment.NewLine}{string.Join(Environment.NewLine, summary.ValidationErrors)}");
                }

                table.Row(
                    $"{type.Name}.{report.BenchmarkCase.Descriptor.WorkloadMethod.Name}",
                    report.BenchmarkCase.Parameters.DisplayInfo.Trim('[', ']'),
                    Format.Nanoseconds(statistics.Mean),
                    Format.Nanoseconds(statistics.StandardDeviation),
                    $"{report.GcStats.GetBytesAllocatedPerOperation(report.BenchmarkCase)?.ToString(CultureInfo.InvariantCulture) ?? "?"} B");
            }
        }

        progress.End();
        return new Section("bdn")
            .Paragraph("By BenchmarkDotNet, one thread, keys of 26 characters asked for in a mixed order, by other instances than are held; each entry has an array of its own, of 100 bytes where nothing else is said. `MemoryPeer` is `MemoryDistributedCache`.")
            .Table(table);
    }

    private static ManualConfig Configuration(bool isTiny) => ManualConfig.CreateEmpty()
        .AddJob(Job.Default
            .WithToolchain(InProcessEmitToolchain.Instance)
            .WithWarmupCount(isTiny ? 1 : 6)
            .WithIterationCount(isTiny ? 1 : 15)
            .WithIterationTime(TimeInterval.FromMilliseconds(isTiny ? 1 : 250)))
        .AddDiagnoser(MemoryDiagnoser.Default)
        .AddColumnProvider(DefaultColumnProviders.Instance)
        .AddLogger(NullLogger.Instance)
        .WithOptions(ConfigOptions.DisableOptimizationsValidator)
        .WithArtifactsPath(Path.Combine(Path.GetTempPath(), "BoundedDistributedCache.Benchmarks"));
}
