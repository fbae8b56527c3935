using System.Diagnostics;
using System.IO.Compression;
using System.Reflection;
using System.Reflection.Emit;
using System.Runtime.InteropServices;
using BoundedCache.Benchmarks.Measuring;
using BoundedCache.Benchmarks.Memory;
using BoundedCache.Benchmarks.Peers;
using BoundedCache.Benchmarks.Reporting;
using BoundedCache.Benchmarks.SingleOperations;
using BoundedCache.Benchmarks.Throughput;
using BoundedCache.Benchmarks.Workloads;

namespace BoundedCache.Benchmarks.Tests;

/// <summary>Every command runs to its end, with settings that take seconds and give figures worth nothing.</summary>
[Collection(nameof(CommandsTests))]
public sealed class CommandsTests
{
    [Fact]
    public void QuickPrintsEightRatiosEachWithItsVerdict()
    {
        (int code, string output, _) = Run("quick", "--tiny");

        string[] lines = output.TrimEnd().Split(Environment.NewLine);
        Assert.Equal(8, lines.Length);
        Assert.All(lines, line => Assert.Matches(@"^\S+( \S+)* \d+\.\d\d [\d.]+ (ok|MISS)$", line));
        Assert.Equal(lines.Any(line => line.EndsWith("MISS", StringComparison.Ordinal)) ? 1 : 0, code);
    }

    [Fact]
    public void QuickEndsWithOneOnAMissAndJudgesWithSomeRoom()
    {
        using StringWriter output = new();
        Figure near = new("near", Quartiles.Of([1.14]), Target.AtMost(1), "");
        Figure far = new("far", Quartiles.Of([1.16]), Target.AtMost(1), "");

        Assert.Equal(0, QuickCommand.Print([near], output));
        Assert.Equal(1, QuickCommand.Print([near, far], output));
        Assert.EndsWith($"far 1.16 1 MISS{Environment.NewLine}", output.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void QuickMissesOnlyWhereTheWholeRangeDoes()
    {
        using StringWriter output = new();

        Assert.Equal(0, QuickCommand.Print([new Figure("part", new Quartiles(1.14, 1.2, 1.3), Target.AtMost(1), "")], output));
        Assert.Equal(1, QuickCommand.Print([new Figure("whole", new Quartiles(1.16, 1.2, 1.3), Target.AtMost(1), "")], output));
        Assert.Equal($"part 1.20 1 ok{Environment.NewLine}whole 1.20 1 MISS{Environment.NewLine}", output.ToString());
    }

    [Theory]
    [InlineData("throughput")]
    [InlineData("sweeps")]
    [InlineData("tenants")]
    [InlineData("latency")]
    public void AMeasuringCommandWritesItsTable(string command)
    {
        (_, string output, string error) = Run(command, "--tiny");

        Assert.Empty(error);
        Assert.Contains("| ", output, StringComparison.Ordinal);
    }

    [Fact]
    public void RedisTellsOfEachMixOfBothSides()
    {
        (_, string output, _) = Run("redis", "--tiny");

        foreach (string mix in new[] { "99/1", "90/10", "50/50" })
        {
            Assert.Matches($@"\| {mix} +\| Microsoft\S+ +\| [\d,]+ +\| 0\.00 +\| 1\.00 +\| [12]\.\d\d +\| ", output);
            Assert.Matches($@"\| {mix} +\| Redis tier +\| [\d,]+ +\| [1-9][\d.]+ +\| 0\.\d\d +\| \d\.\d\d +\| ", output);
        }
    }

    [Theory]
    [InlineData("redis", "--tiny")]
    [InlineData("report", "--tiny", "--traces", ".")]
    public void WhatNeedsRedisIsRefusedWhereNoServerIsInstalled(params string[] arguments)
    {
        string? path = Environment.GetEnvironmentVariable("PATH");
        Environment.SetEnvironmentVariable("PATH", "");
        try
        {
            (int code, string output, string error) = Run(arguments);

            Assert.Equal((1, ""), (code, output));
            Assert.Contains("'redis-server'", error, StringComparison.Ordinal);
        }
        finally
        {
            Environment.SetEnvironmentVariable("PATH", path);
        }
    }

    [Fact]
    public void MemoryCoversTheWholeGrid()
    {
        Cell[] cells = [.. MemoryCommand.Grid(Scale.Full)];

        Assert.Equal(cells.Length, cells.Distinct().Count());
        Assert.DoesNotContain(cells, cell => cell.ValueLength == 16 * 1024 && cell.Count != 10_000);
        Assert.Single(cells, cell => cell.Count == 4_000_000);
        Assert.All(
            from count in new[] { 10_000, 1_000_000 }
            from slides in new[] { false, true }
            select new Cell(PeerSet.ScanResistant, count, 26, 100, slides, HasTenant: false, CellState.Churned),
            cell => Assert.Contains(cell, cells));
    }

    [Fact]
    public void AMemoryCellOfTheOtherPolicyPaysForProbation()
    {
        Cell lru = new(PeerSet.Bounded, 500, 26, 100, Slides: false, HasTenant: false, CellState.Churned);

        long more = Scales.Weigh(lru with { Peer = PeerSet.ScanResistant }).SizeBytes - Scales.Weigh(lru).SizeBytes;

        Assert.InRange(more, 1, long.MaxValue);
    }

    [Fact]
    public void AMemoryCellSaysWhatItWeighs()
    {
        Cell cell = new("BoundedDistributedCache", 500, 26, 100, Slides: true, HasTenant: true, CellState.HalfExpired);

        Assert.Equal(cell, Cell.Parse(cell.ToArguments()));
        Weight weight = CellProcess.Weigh(cell);
        Assert.InRange(weight.Entries, 200, 300);
        Assert.True(weight.SizeBytes > weight.Entries * cell.KeyAndValue);
    }

    [Fact]
    public void BenchmarkDotNetHasAtMostFortyCases()
    {
        int cases = BdnCommand.Classes.Sum(type => BenchmarkDotNet.Running.BenchmarkConverter.TypeToBenchmarks(type).BenchmarksCases.Length);

        Assert.InRange(cases, 1, BdnCommand.MostCases);
    }

    [Fact]
    public void WhatIsNotACommandEndsWithTwoAndTheUsage()
    {
        (int code, _, string error) = Run("nonsense");

        Assert.Equal(2, code);
        Assert.Contains("usage", error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("quick", "--tinny")]
    [InlineData("memory", "--tiny", "more")]
    [InlineData("throughput", "--docs")]
    [InlineData("throughput", "--docs", "not-there")]
    public void AnOptionThatIsNotThereEndsWithTwoAndTheUsage(params string[] arguments)
    {
        (int code, string output, string error) = Run(arguments);

        Assert.Equal((2, ""), (code, output));
        Assert.Contains($"'{arguments[^1]}'", error, StringComparison.Ordinal);
        Assert.Contains("usage", error, StringComparison.Ordinal);
    }

    [Fact]
    public void HitratioNeedsTraces() => Assert.Equal(2, Run("hitratio").Code);

    [Theory]
    [InlineData("hitratio")]
    [InlineData("report")]
    public void AFolderWithoutTracesIsAnError(string command)
    {
        using Folder folder = new();

        (int code, string output, string error) = Run(command, "--tiny", "--traces", folder.Path);

        Assert.Equal((1, ""), (code, output));
        Assert.Contains("no trace", error, StringComparison.Ordinal);
    }

    [Fact]
    public void ADebugBuildIsNotMeasured()
    {
        AssemblyBuilder slow = AssemblyBuilder.DefineDynamicAssembly(new AssemblyName("Slow"), AssemblyBuilderAccess.Run);
        slow.SetCustomAttribute(new CustomAttributeBuilder(typeof(DebuggableAttribute).GetConstructor([typeof(bool), typeof(bool)])!, [true, true]));

        Assert.Contains("Debug build", Assert.Throws<RefusedException>(() => Machine.RefuseUnoptimized(slow)).Message, StringComparison.Ordinal);
        Machine.RefuseUnoptimized(typeof(object).Assembly);
    }

    [Fact]
    public void HitratioTellsOfEveryTraceByEntriesAndByBytes()
    {
        using Folder folder = new();
        WriteTraces(folder.Path);

        (_, string output, string error) = Run("hitratio", "--tiny", "--traces", folder.Path);

        Assert.Empty(error);
        foreach (string trace in new[] { "plain", "sized", "timed" })
        {
            Assert.Matches($@"\| {trace} +\| 100 +\| \d", output);
            Assert.Matches($@"\| {trace} +\| 30 equal values +\| int.MaxValue +\| \d", output);
        }

        Assert.Matches(@"\| sized +\| 128 MiB +\| 10,000 +\| \d", output);
    }

    [Fact]
    public void MemoryJudgesWhatWasFilledAndWhatWasChurned()
    {
        (int code, string output, string error) = Run(Weigh, "memory", "--tiny");

        Assert.Empty(error);
        Assert.Contains("| heap per entry/MemoryDistributedCache, 1,000 ", output, StringComparison.Ordinal);
        Assert.Contains("| heap per expiring entry, after churn/MemoryDistributedCache, 8,000 ", output, StringComparison.Ordinal);
        Assert.Contains("| BoundedDistributedCache, sliding, with a tenant, after churn ", output, StringComparison.Ordinal);
        Assert.Contains("| key 26, value 100 B, ScanResistant, sliding, after churn ", output, StringComparison.Ordinal);

        // What was churned is weighed as if it were twice what MemoryDistributedCache has.
        Assert.Equal(1, code);
        Assert.Equal(6, output.Split(Environment.NewLine).Count(line => line.Contains("MemoryDistributedCache, ", StringComparison.Ordinal) && line.Contains("**missed**", StringComparison.Ordinal)));
    }

    [Fact]
    public void BenchmarkDotNetTellsOfEveryOperationOfAClass()
    {
        string table = BdnCommand.Run(isTiny: true, typeof(Absent)).Markdown;

        Assert.All(
            [nameof(Absent.GetMiss), nameof(Absent.GetAsyncMiss), nameof(Absent.TryGetMiss), nameof(Absent.RemoveMiss), nameof(Absent.SetAndRemove)],
            operation => Assert.Matches($@"\| Absent\.{operation} +\| +\| [\d.]+ ns +\| [\d.]+ ns +\| \d+ B", table));
    }

    [Fact]
    public void OthersTellsOfEveryCacheOfAnotherKind()
    {
        (_, string output, string error) = Run("others", "--tiny");

        Assert.Empty(error);
        foreach (string name in new[] { "HybridCache, memory level", "FusionCache, memory level", "Redis over loopback" })
        {
            Assert.Matches($@"\| {name} +\| [\d.]+ ns +\| [\d.]+ +\| [\d.]+ ns +\| [\d.]+ +\|", output);
        }
    }

    [Fact]
    [Trait("Run", "full")]
    public void ReportWritesEveryPartOfThePage()
    {
        using Folder folder = new();
        WriteTraces(folder.Path);
        string[] parts = ["summary", "throughput", "hitratio", "memory", "sweeps", "tenants", "bdn", "latency", "redis", "others"];
        string page = Path.Combine(folder.Path, "performance.md");
        File.WriteAllText(page, string.Join('\n', parts.Select(part => $"By hand, {part}.\n\n<!-- begin: {part} -->\n<!-- end: {part} -->\n")));

        (_, string output, string error) = Run(Weigh, "report", "--tiny", "--traces", folder.Path, "--docs", folder.Path);

        Assert.Empty(error);
        Assert.Contains("figures have a target", output, StringComparison.Ordinal);
        string written = File.ReadAllText(page);
        Assert.All(parts, part => Assert.Matches($@"By hand, {part}\.\s+<!-- begin: {part} -->\s+\*20[\s\S]+worth nothing[\s\S]+\| [\s\S]+<!-- end: {part} -->", written));
        Assert.All(BdnCommand.Classes, type => Assert.Contains($"| {type.Name}.", written, StringComparison.Ordinal));
        Assert.All(["targets", "throughput", "hitratio", "memory"], chart => Assert.True(File.Exists(Path.Combine(folder.Path, "charts", chart + ".svg"))));
    }

    /// <summary>Beyond key and value 100 bytes for everybody, half of that for us, and 200 after churn.</summary>
    private static Weight Weigh(Cell cell)
    {
        long each = cell.KeyAndValue + (cell.State == CellState.Churned ? 200 : cell.Peer == PeerSet.Bounded ? 50 : 100);
        return new Weight(cell.Count, cell.Count * each, cell.Count * each, CollectionMilliseconds: 1);
    }

    /// <summary>Two thousand keys, some asked for more often, each way that a trace is written.</summary>
    private static void WriteTraces(string folder)
    {
        Zipf zipf = new(2_000, 0.9, seed: 1);
        uint[] keys = [.. Enumerable.Range(0, 5_000).Select(_ => (uint)zipf.Next())];
        Write("plain.keys.gz", keys);
        Write("sized.sized.gz", [.. keys.SelectMany(key => new[] { key, 512 + key })]);
        Write("timed.timed.gz", [.. keys.SelectMany((key, index) => new[] { (uint)index, key })]);

        void Write(string name, uint[] numbers)
        {
            using GZipStream stream = new(File.Create(Path.Combine(folder, name)), CompressionLevel.Fastest);
            stream.Write(MemoryMarshal.AsBytes<uint>(numbers));
        }
    }

    private static (int Code, string Output, string Error) Run(params string[] arguments) => Run(weigh: null, arguments);

    private static (int Code, string Output, string Error) Run(Func<Cell, Weight>? weigh, params string[] arguments)
    {
        using StringWriter output = new();
        using StringWriter error = new();
        return (Commands.Run(arguments, output, error, weigh), output.ToString(), error.ToString());
    }

    private sealed class Folder : IDisposable
    {
        public string Path { get; } = Directory.CreateTempSubdirectory("benchmarks").FullName;

        public void Dispose() => Directory.Delete(Path, recursive: true);
    }
}

[CollectionDefinition(nameof(CommandsTests), DisableParallelization = true)]
public sealed class CommandsTestsRunAlone;
