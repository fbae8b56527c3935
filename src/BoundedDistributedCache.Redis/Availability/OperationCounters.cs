namespace BoundedCache.Redis;

/// <summary>How many operations there were, by kind and by what became of them.</summary>
internal sealed class OperationCounters
{
    internal const int Kinds = (int)OperationKind.Scan + 1;

    // Beside the failures: it went well.
    internal const int Outcomes = (int)RedisTierFailure.Refused + 2;

    private readonly long[] _counts = new long[Kinds * Outcomes];

    /// <param name="kind">The kind.</param>
    /// <param name="failure"><see langword="null"/>: it went well.</param>
    internal void Count(OperationKind kind, RedisTierFailure? failure) => Interlocked.Increment(ref At(kind, failure));

    internal long Read(OperationKind kind, RedisTierFailure? failure) => Interlocked.Read(ref At(kind, failure));

    private ref long At(OperationKind kind, RedisTierFailure? failure) =>
        ref _counts[((int)kind * Outcomes) + (failure is { } known ? (int)known + 1 : 0)];
}
