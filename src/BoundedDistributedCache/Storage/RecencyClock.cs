using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace BoundedCache.Storage;

/// <summary>
/// The one clock that recency is told by, for all shards, so that their stamps compare.
/// </summary>
/// <remarks>
/// <para>
/// In a cache whose order is exact, each use takes the next value, so that stamps are unique. Elsewhere it is coarse:
/// it ticks 256 times while as many entries are inserted as are held. An epoch is a sixteenth of that, named by the
/// tick with which it began; an entry used again within an epoch writes nothing. Tick and epoch stand on cache lines
/// of their own: readers look at the epoch on every hit and must not be disturbed by the ticks.
/// </para>
/// <para>
/// A tenant with limits turns over at a pace of its own, which may be many times the cache's; so that its uses are told
/// apart too, it ticks 16 times for as many entries as it holds, and each tick begins an epoch. The ticks that the cache makes
/// for itself are its <em>beats</em>: what is to happen at the cache's pace goes by those.
/// </para>
/// <para>
/// A ring remembers tick and time of the last beats, so that a stamp tells how old it is. Who ends a beat writes its
/// place first, and ends that very beat or writes again. The time is handed in, for it was read before any lock. One who
/// is held up for a whole turn of the ring spoils one place, and nothing else.
/// </para>
/// </remarks>
internal sealed class RecencyClock(bool isExact)
{
    private const int TicksPerTurnover = 256;
    private const int EpochsPerTurnover = 16;
    private const int LongestEpochInTicks = TicksPerTurnover / EpochsPerTurnover;
    private const int BeatsKept = 1_024;

    // Of a full turn the golden ratio, whose multiples spread most evenly; and another such step.
    private const uint TurnPerInsertion = 0x9E3779B9;
    private const uint TurnPerShard = 0xC13FA9A9;

    private Lines _lines = new() { Tick = 1, EpochStart = 1, EpochSpan = 1 };
    private BeatTime[]? _beats;

    public bool IsExact { get; } = isExact;

    public long Tick => Volatile.Read(ref _lines.Tick);

    public long Beat => Volatile.Read(ref _lines.Beat);

    /// <summary>The low half of the tick that began the current epoch. Equality is all that it is asked for.</summary>
    public uint Epoch
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => (uint)Volatile.Read(ref _lines.EpochStart);
    }

    /// <summary>How many ticks an epoch of the cache's own took of late, those that tenants made among them.</summary>
    public long EpochSpan => Volatile.Read(ref _lines.EpochSpan);

    /// <summary>How many ticks are as good as one at the cache's own pace.</summary>
    public long TicksPerAge => Math.Max(1, EpochSpan / LongestEpochInTicks);

    /// <summary>
    /// Whether an insertion makes a tick where so many entries are held. Each shard has a turn of its own, so what all
    /// of them insert makes ticks evenly, however few each inserts.
    /// </summary>
    /// <param name="turn">Moved by each insertion.</param>
    /// <param name="held">Entries that the cache holds.</param>
    public static bool MakesTick(ref uint turn, long held)
    {
        turn += TurnPerInsertion;
        return (long)(turn * (ulong)held >> 32) < TicksPerTurnover;
    }

    /// <summary>Where a shard's turn begins, so that shards do not tick all at once.</summary>
    public static uint FirstTurn(int shard) => (uint)shard * TurnPerShard;

    /// <summary>How many entries of a tenant that holds so many make an epoch at the tenant's own pace.</summary>
    public static long InsertionsPerEpoch(long held) => Math.Max(1, held / EpochsPerTurnover);

    public static long TicksPerEpoch(long held) => Math.Clamp(held / EpochsPerTurnover, 1, LongestEpochInTicks);

    /// <summary>Takes the next value for a use of its own.</summary>
    public long NextUse() => Interlocked.Increment(ref _lines.Tick);

    /// <summary>Makes sure that the times of beats are kept.</summary>
    /// <exception cref="OutOfMemoryException">There is no memory for them; nothing was changed.</exception>
    public void EnsureTimes()
    {
        if (_beats is null && !IsExact)
        {
            Interlocked.CompareExchange(ref _beats, new BeatTime[BeatsKept], null);
        }
    }

    /// <summary>Makes a tick; whoever makes one an epoch's length after the last epoch began, begins the next.</summary>
    /// <param name="held">Entries that are held; with one, every tick begins an epoch.</param>
    public void Advance(long held)
    {
        long tick = Interlocked.Increment(ref _lines.Tick);
        long epochStart = Volatile.Read(ref _lines.EpochStart);
        if (tick - epochStart >= TicksPerEpoch(held))
        {
            Interlocked.CompareExchange(ref _lines.EpochStart, tick, epochStart);
        }
    }

    /// <summary>Makes a tick of the cache's own.</summary>
    /// <param name="held">Entries that the cache holds.</param>
    /// <param name="now">Monotonic ticks.</param>
    public void AdvanceBeat(long held, long now)
    {
        Advance(held);
        long beat = Beat;
        while (true)
        {
            // Read after the beat before was ended, so that later beats have later ticks.
            long tick = Tick;
            long next = beat + 1;
            _beats?[next & (BeatsKept - 1)].Write(tick, now);
            long seen = Interlocked.CompareExchange(ref _lines.Beat, next, beat);
            if (seen == beat)
            {
                Volatile.Write(ref _lines.EpochSpan, SpanUntil(next, tick, TicksPerEpoch(held)));
                return;
            }

            beat = seen;
        }
    }

    /// <summary>
    /// How long the last victim had been untouched when it went: since the beat after its stamp ended. Null where there was
    /// none, or where uses are told apart and ticks say nothing of time.
    /// </summary>
    public EvictedAge? AgeOf(LastEviction last)
    {
        if (last.Stamp == 0 || _beats is not { } beats)
        {
            return null;
        }

        while (true)
        {
            // The place before the oldest may be in writing, for the beat that is ending.
            long newest = Beat;
            long oldest = Math.Max(1, newest - BeatsKept + 2);
            long after = FirstAfter(beats, last.Stamp, oldest, newest);
            if (after > newest)
            {
                return new EvictedAge(TimeSpan.Zero, IsAtLeast: true);
            }

            ref BeatTime ended = ref beats[after & (BeatsKept - 1)];
            bool isAtLeast = after == oldest && oldest > 1 && ended.Tick > last.Stamp + 1;
            EvictedAge age = new(TimeSpan.FromTicks(Math.Max(0, last.At - ended.Time)), isAtLeast);
            if (oldest > Beat - BeatsKept + 1)
            {
                return age;
            }
        }
    }

    /// <summary>The first beat with a later tick than the stamp.</summary>
    private static long FirstAfter(BeatTime[] beats, long stamp, long oldest, long newest)
    {
        long low = oldest;
        long high = newest + 1;
        while (low < high)
        {
            long middle = low + ((high - low) / 2);
            if (beats[middle & (BeatsKept - 1)].Tick > stamp)
            {
                high = middle;
            }
            else
            {
                low = middle + 1;
            }
        }

        return low;
    }

    private long SpanUntil(long beat, long tick, long beatsPerEpoch)
    {
        long first = beat > beatsPerEpoch && _beats is { } beats ? beats[(beat - beatsPerEpoch) & (BeatsKept - 1)].Tick : 1;
        return Math.Max(beatsPerEpoch, tick - first);
    }

    private struct BeatTime
    {
        private long _tick;
        private long _time;

        public long Tick => Volatile.Read(ref _tick);

        public long Time => Volatile.Read(ref _time);

        public void Write(long tick, long time)
        {
            Volatile.Write(ref _tick, tick);
            Volatile.Write(ref _time, time);
        }
    }

    [StructLayout(LayoutKind.Explicit, Size = 4 * CacheLine.Size)]
    private struct Lines
    {
        [FieldOffset(CacheLine.Size)]
        public long Tick;

        [FieldOffset(2 * CacheLine.Size)]
        public long EpochStart;

        [FieldOffset(3 * CacheLine.Size)]
        public long Beat;

        [FieldOffset((3 * CacheLine.Size) + sizeof(long))]
        public long EpochSpan;
    }
}
