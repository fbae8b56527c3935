using System.Globalization;

namespace BoundedCache.Benchmarks;

/// <summary>Tables of ratios, each with its target, and how many missed.</summary>
internal static class Report
{
    public static void Begin(string title)
    {
        Console.WriteLine();
        Console.WriteLine(title);
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{"",-44} {"ours",10} {"ratio",7} {"quartiles",15} {"target",9}"));
    }

    /// <summary>A target is missed where the whole range between the quartiles misses it.</summary>
    public static int Missed { get; private set; }

    public static void AtMost(string name, double target, Ratio ratio, double operations = Workload.Operations) =>
        Write(name, $"<= {target:F2}", ratio, operations, ratio.LowerQuartile > target);

    public static void AtLeast(string name, double target, Ratio ratio, double operations = Workload.Operations) =>
        Write(name, $">= {target:F2}", ratio, operations, ratio.UpperQuartile < target);

    private static void Write(string name, string target, Ratio ratio, double operations, bool isMissed)
    {
        Missed += isMissed ? 1 : 0;
        Console.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"{name,-44} {ratio.OursInNanoseconds / operations,7:F1} ns {ratio.Median,7:F2} {ratio.LowerQuartile,8:F2}-{ratio.UpperQuartile:F2}   {target,9}{(isMissed ? "  MISS" : "")}"));
    }
}
