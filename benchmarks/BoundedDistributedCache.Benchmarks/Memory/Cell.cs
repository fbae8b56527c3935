using System.Globalization;

namespace BoundedCache.Benchmarks.Memory;

internal enum CellState
{
    /// <summary>Filled once.</summary>
    Fresh,

    /// <summary>Filled, then as many new keys set as fit.</summary>
    Churned,

    /// <summary>Filled, then half of it expired, chosen at random, and swept.</summary>
    HalfExpired,
}

/// <summary>What a process of its own fills and weighs.</summary>
internal sealed record Cell(string Peer, int Count, int KeyLength, int ValueLength, bool Slides, bool HasTenant, CellState State)
{
    private const long Alignment = 8;
    private const long StringOverhead = 22;
    private const long ArrayOverhead = 24;

    /// <summary>What key and value take on a 64-bit heap, with their headers.</summary>
    public long KeyAndValue => Align(StringOverhead + (2 * KeyLength)) + Align(ArrayOverhead + ValueLength);

    public string[] ToArguments() =>
    [
        Peer,
        Count.ToString(CultureInfo.InvariantCulture),
        KeyLength.ToString(CultureInfo.InvariantCulture),
        ValueLength.ToString(CultureInfo.InvariantCulture),
        Slides.ToString(),
        HasTenant.ToString(),
        State.ToString(),
    ];

    public static Cell Parse(IReadOnlyList<string> arguments) => arguments.Count == 7
        ? new Cell(
            arguments[0],
            int.Parse(arguments[1], CultureInfo.InvariantCulture),
            int.Parse(arguments[2], CultureInfo.InvariantCulture),
            int.Parse(arguments[3], CultureInfo.InvariantCulture),
            bool.Parse(arguments[4]),
            bool.Parse(arguments[5]),
            Enum.Parse<CellState>(arguments[6]))
        : throw new ArgumentException("A memory cell has seven arguments.", nameof(arguments));

    private static long Align(long bytes) => (bytes + Alignment - 1) & -Alignment;
}

/// <param name="Entries">How many entries are held when it is weighed.</param>
/// <param name="HeapBytes">How much the heap has grown.</param>
/// <param name="SizeBytes">What the cache says of itself; 0 for a peer that says nothing.</param>
/// <param name="CollectionMilliseconds">How long a full blocking collection takes with it on the heap.</param>
internal sealed record Weight(int Entries, long HeapBytes, long SizeBytes, double CollectionMilliseconds);
