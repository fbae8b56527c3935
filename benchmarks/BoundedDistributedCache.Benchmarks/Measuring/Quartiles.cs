namespace BoundedCache.Benchmarks.Measuring;

/// <summary>The middle of a sample and the range that half of it lies in.</summary>
internal readonly record struct Quartiles(double Lower, double Median, double Upper)
{
    public static Quartiles Of(IEnumerable<double> sample)
    {
        double[] sorted = [.. sample];
        if (sorted.Length == 0)
        {
            throw new ArgumentException("There are no quartiles of nothing.", nameof(sample));
        }

        Array.Sort(sorted);
        return new Quartiles(At(sorted, 0.25), At(sorted, 0.5), At(sorted, 0.75));
    }

    /// <summary>The value at a share of the way through the sorted sample, between its neighbours where it falls between.</summary>
    private static double At(double[] sorted, double share)
    {
        double position = share * (sorted.Length - 1);
        int below = (int)position;
        int above = Math.Min(below + 1, sorted.Length - 1);
        return sorted[below] + ((position - below) * (sorted[above] - sorted[below]));
    }
}
