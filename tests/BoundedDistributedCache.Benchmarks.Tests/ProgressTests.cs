using BoundedCache.Benchmarks.Measuring;

namespace BoundedCache.Benchmarks.Tests;

public sealed class ProgressTests
{
    [Fact]
    public void WithoutATerminalItSaysSoAndWritesALineAStep()
    {
        using StringWriter output = new();

        Progress progress = new("run", 2, output, isTerminal: false);
        progress.Step("first");
        progress.Step("second");
        progress.End();

        string[] lines = output.ToString().TrimEnd().Split(Environment.NewLine);
        Assert.Equal(4, lines.Length);
        Assert.Contains("no terminal", lines[0], StringComparison.Ordinal);
        Assert.Contains("2/2, 50 %", lines[2], StringComparison.Ordinal);
    }

    [Fact]
    public void OnATerminalEachStepWritesOverTheLast()
    {
        using StringWriter output = new();

        Progress progress = new("run", 2, output, isTerminal: true);
        progress.Step("first");
        progress.Step("second");

        Assert.DoesNotContain(Environment.NewLine, output.ToString(), StringComparison.Ordinal);
        Assert.Equal(2, output.ToString().Count(character => character == '\r'));
    }
}
