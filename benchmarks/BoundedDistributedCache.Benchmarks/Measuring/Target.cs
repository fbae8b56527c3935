namespace BoundedCache.Benchmarks.Measuring;

internal enum Verdict
{
    /// <summary>The median is on the right side.</summary>
    Met,

    /// <summary>The median is on the wrong side, but part of the range between the quartiles is not.</summary>
    Straddles,

    /// <summary>The whole range between the quartiles is on the wrong side.</summary>
    Missed,
}

/// <summary>What a ratio is to be, at most or at least.</summary>
internal readonly record struct Target(double Limit, bool IsAtMost)
{
    public static Target AtMost(double limit) => new(limit, IsAtMost: true);

    public static Target AtLeast(double limit) => new(limit, IsAtMost: false);

    public Verdict Judge(Quartiles ratio) =>
        IsRight(ratio.Median) ? Verdict.Met
        : IsRight(IsAtMost ? ratio.Lower : ratio.Upper) ? Verdict.Straddles
        : Verdict.Missed;

    /// <summary>The same with some room, for runs that are too short for the target itself.</summary>
    public Target Eased(double factor) => this with { Limit = IsAtMost ? Limit * factor : Limit / factor };

    public bool IsRight(double value) => IsAtMost ? value <= Limit : value >= Limit;

    public override string ToString() => FormattableString.Invariant($"{(IsAtMost ? "<=" : ">=")} {Limit:0.##}");
}
