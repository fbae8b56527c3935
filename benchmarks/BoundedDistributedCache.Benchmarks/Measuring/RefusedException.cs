namespace BoundedCache.Benchmarks.Measuring;

/// <summary>A contestant did not do the work that it was timed for.</summary>
internal sealed class RefusedException : Exception
{
    public RefusedException()
    {
    }

    public RefusedException(string message)
        : base(message)
    {
    }

    public RefusedException(string message, Exception innerException)
        : base(message, innerException)
    {
    }
}
