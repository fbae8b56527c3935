namespace BoundedCache.Benchmarks.Workloads;

/// <summary>Draws numbers from 0 whose frequency falls with a power of their rank, the same for the same seed.</summary>
internal sealed class Zipf
{
    private readonly double[] _cumulative;
    private readonly Random _random;

    public Zipf(int count, double skew, int seed)
    {
        _random = new Random(seed);
        _cumulative = new double[count];
        double sum = 0;
        for (int rank = 0; rank < count; rank++)
        {
            sum += 1 / Math.Pow(rank + 1, skew);
            _cumulative[rank] = sum;
        }
    }

    public int Next()
    {
        int found = Array.BinarySearch(_cumulative, _random.NextDouble() * _cumulative[^1]);
        return Math.Min(found < 0 ? ~found : found, _cumulative.Length - 1);
    }
}
