namespace BoundedCache.Stress.Tests.Soak;

/// <summary>A cache of the soak, and what it is filled with.</summary>
/// <param name="Name">What it is there for.</param>
/// <param name="MaxEntries">The cache's limit.</param>
/// <param name="MaxBytes">The cache's limit.</param>
/// <param name="Tenants">How many tenants there are beside the host's partition.</param>
/// <param name="KeysPerPartition">How many keys each of them uses.</param>
/// <param name="LongestValue">Bytes.</param>
/// <param name="ShiftsClock">Whether the time moves forwards and back; else it is the system's.</param>
/// <param name="IsolatesValues">Whether values are copied.</param>
/// <param name="Policy">Which entries go first.</param>
/// <param name="IsRoomy">
/// Whether there is room for all, and nobody takes out others' keys: then what is there is known to its writer. Goes by
/// the system's time.
/// </param>
internal sealed record SoakShape(
    string Name,
    int MaxEntries,
    long MaxBytes,
    int Tenants,
    int KeysPerPartition,
    int LongestValue,
    bool ShiftsClock,
    bool IsolatesValues,
    EvictionPolicy Policy,
    bool IsRoomy)
{
    public static readonly SoakShape[] All =
    [
        new("one shard, exact order", 100, 200_000, 6, 40, 120_000, ShiftsClock: true, IsolatesValues: false, EvictionPolicy.Lru, IsRoomy: false),
        new("entries and bytes bind", 1_000, 2_000_000, 20, 150, 400_000, ShiftsClock: false, IsolatesValues: true, EvictionPolicy.ScanResistant, IsRoomy: false),
        new("large values", int.MaxValue, 8_000_000, 4, 200, 5_000_000, ShiftsClock: true, IsolatesValues: false, EvictionPolicy.Lru, IsRoomy: false),
        new("room for all", 12_000, 1L << 30, 3, 2_000, 4_000, ShiftsClock: false, IsolatesValues: false, EvictionPolicy.Lru, IsRoomy: true),
        new("many small entries", 3_000, 1L << 30, 40, 400, 2_000, ShiftsClock: true, IsolatesValues: false, EvictionPolicy.ScanResistant, IsRoomy: false),
    ];

    /// <summary>The host's partition is the first.</summary>
    public int Partitions => Tenants + 1;

    public int Keys => Partitions * KeysPerPartition;
}
