using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace BoundedCache.Storage;

/// <summary>
/// The one clock that recency is told by, for all shards, so that their stamps compare.
/// </summary>
/// <remarks>
/// In a cache whose order is exact, each use takes the next value, so that stamps are unique. Elsewhere it is coarse:
/// it ticks 256 times while as many entries are inserted as are held. An epoch is a sixteenth of that, named by the
/// tick with which it began; an entry used again within an epoch writes nothing. Tick and epoch stand on cache lines
/// of their own: readers look at the epoch on every hit and must not be disturbed by the ticks.
/// </remarks>
internal sealed class RecencyClock(bool isExact)
{
    private const int TicksPerTurnover = 256;
    private const int EpochsPerTurnover = 16;
    private const int LongestEpochInTicks = TicksPerTurnover / EpochsPerTurnover;

    private Lines _lines = new() { Tick = 1, EpochStart = 1 };

    public bool IsExact { get; } = isExact;

    public long Tick => Volatile.Read(ref _lines.Tick);

    /// <summary>The low half of the tick that began the current epoch. Equality is all that it is asked for.</summary>
    public uint Epoch
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => (uint)Volatile.Read(ref _lines.EpochStart);
    }

    /// <summary>How many insertions of one shard make a tick, in a cache of <paramref name="held"/> entries.</summary>
    public static long InsertionsPerTick(long held) => Math.Max(1, held / TicksPerTurnover);

    public static long TicksPerEpoch(long held) => Math.Clamp(held / EpochsPerTurnover, 1, LongestEpochInTicks);

    /// <summary>Takes the next value for a use of its own.</summary>
    public long NextUse() => Interlocked.Increment(ref _lines.Tick);

    /// <summary>Makes a tick; whoever makes one an epoch's length after the last epoch began, begins the next.</summary>
    public void Advance(long held)
    {
        long tick = Interlocked.Increment(ref _lines.Tick);
        long epochStart = Volatile.Read(ref _lines.EpochStart);
        if (tick - epochStart >= TicksPerEpoch(held))
        {
            Interlocked.CompareExchange(ref _lines.EpochStart, tick, epochStart);
        }
    }

    [StructLayout(LayoutKind.Explicit, Size = 3 * CacheLine.Size)]
    private struct Lines
    {
        [FieldOffset(CacheLine.Size)]
        public long Tick;

        [FieldOffset(2 * CacheLine.Size)]
        public long EpochStart;
    }
}
