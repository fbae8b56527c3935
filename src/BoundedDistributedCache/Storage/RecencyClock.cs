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
/// <para>
/// A ring remembers when the last ticks began, so that a stamp tells how old it is. Who makes a tick writes its time
/// first, and makes that very tick or writes again: so a tick that was made has a time. The time is handed in, for it was
/// read before any lock. A maker that is held up for a whole turn of the ring spoils one time, and nothing else.
/// </para>
/// </remarks>
internal sealed class RecencyClock(bool isExact)
{
    private const int TicksPerTurnover = 256;
    private const int EpochsPerTurnover = 16;
    private const int TimesKept = 1_024;
    private const int LongestEpochInTicks = TicksPerTurnover / EpochsPerTurnover;

    private Lines _lines = new() { Tick = 1, EpochStart = 1 };
    private long[]? _times;

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

    /// <summary>Makes sure that the times of ticks are kept.</summary>
    /// <exception cref="OutOfMemoryException">There is no memory for them; nothing was changed.</exception>
    public void EnsureTimes()
    {
        if (_times is null && !IsExact)
        {
            Interlocked.CompareExchange(ref _times, new long[TimesKept], null);
        }
    }

    /// <summary>Makes a tick; whoever makes one an epoch's length after the last epoch began, begins the next.</summary>
    /// <param name="held">Entries that the cache holds.</param>
    /// <param name="now">Monotonic ticks.</param>
    public void Advance(long held, long now)
    {
        long tick = MakeTick(now);
        long epochStart = Volatile.Read(ref _lines.EpochStart);
        if (tick - epochStart >= TicksPerEpoch(held))
        {
            Interlocked.CompareExchange(ref _lines.EpochStart, tick, epochStart);
        }
    }

    /// <summary>
    /// How long the last victim had been untouched when it went: since the tick after its stamp began. Null where there was
    /// none, or where uses are told apart and ticks say nothing of time.
    /// </summary>
    public EvictedAge? AgeOf(LastEviction last)
    {
        if (last.Stamp == 0 || _times is not { } times)
        {
            return null;
        }

        long next = last.Stamp + 1;
        while (true)
        {
            long tick = Tick;
            if (next > tick)
            {
                return new EvictedAge(TimeSpan.Zero, IsAtLeast: false);
            }

            // The place before the oldest may be in writing, for the tick that is being made.
            long known = Math.Max(next, tick - TimesKept + 2);
            long began = Volatile.Read(ref times[known & (TimesKept - 1)]);
            if (known > Tick - TimesKept + 1)
            {
                return new EvictedAge(TimeSpan.FromTicks(Math.Max(0, last.At - began)), IsAtLeast: known > next);
            }
        }
    }

    private long MakeTick(long now)
    {
        long tick = Tick;
        while (true)
        {
            long next = tick + 1;
            if (_times is { } times)
            {
                Volatile.Write(ref times[next & (TimesKept - 1)], now);
            }

            long seen = Interlocked.CompareExchange(ref _lines.Tick, next, tick);
            if (seen == tick)
            {
                return next;
            }

            tick = seen;
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
