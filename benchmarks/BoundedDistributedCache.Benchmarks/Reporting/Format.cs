namespace BoundedCache.Benchmarks.Reporting;

/// <summary>Numbers as they are shown.</summary>
internal static class Format
{
    public static string Ratio(double value) => double.IsNaN(value) ? "" : FormattableString.Invariant($"{value:0.00}");

    public static string Nanoseconds(double value) => FormattableString.Invariant($"{value:0.#} ns");

    public static string Millions(double perSecond) => FormattableString.Invariant($"{perSecond / 1e6:0.0} M/s");

    public static string Count(long value) => FormattableString.Invariant($"{value:N0}");

    public static string Points(double value) => FormattableString.Invariant($"{value:+0.00;-0.00;0.00}");

    public static string Percent(double share) => FormattableString.Invariant($"{100 * share:0.00}");
}
