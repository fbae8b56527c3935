namespace BoundedCache.Benchmarks.Measuring;

/// <summary>A ratio or an amount with its target.</summary>
/// <param name="Name">What is measured, and against whom.</param>
/// <param name="Value">What came out over the rounds.</param>
/// <param name="Target">What it is to be.</param>
/// <param name="Ours">This provider's own figure, for people.</param>
internal sealed record Figure(string Name, Quartiles Value, Target Target, string Ours)
{
    public Verdict Verdict => Target.Judge(Value);
}
