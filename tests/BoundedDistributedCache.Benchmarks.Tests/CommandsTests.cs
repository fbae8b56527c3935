using BoundedCache.Benchmarks.Measuring;
using BoundedCache.Benchmarks.Memory;
using BoundedCache.Benchmarks.SingleOperations;
using BoundedCache.Benchmarks.Throughput;

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

    [Fact]
    public void HitratioNeedsTraces() => Assert.Equal(2, Run("hitratio").Code);

    private static (int Code, string Output, string Error) Run(params string[] arguments)
    {
        using StringWriter output = new();
        using StringWriter error = new();
        return (Commands.Run(arguments, output, error), output.ToString(), error.ToString());
    }
}

[CollectionDefinition(nameof(CommandsTests), DisableParallelization = true)]
public sealed class CommandsTestsRunAlone;
