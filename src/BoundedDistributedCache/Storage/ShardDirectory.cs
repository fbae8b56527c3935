using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace BoundedCache.Storage;

/// <summary>
/// The shards of a cache: a power of two, each made at its first insert and kept from then on.
/// </summary>
internal sealed class ShardDirectory
{
    /// <summary>Up to so many entries, one shard holds them, and their order is exact.</summary>
    public const int ExactEntries = 256;

    private const int FewestEntriesPerShard = 256;
    private const int MostEntriesPerShard = 8_192;
    private const int ShardsPerCore = 4;
    private const int SampleSize = 8;
    private const int FewEnoughToLookAtAll = 16;
    private const int CrowdingFactor = 4;
    private const int NeverCrowded = 1_024;
    private const int PlaceSlotBits = 16;

    private readonly ShardContext _context;
    private readonly Shard?[] _shards;
    private readonly int _shift;
    private PaddedCursor _sample;

    public ShardDirectory(long entriesThatFit, RecencyClock clock, Room room, bool knowsProbation = false)
    {
        Tenants = new TenantDirectory(this, room);
        int length = LengthFor(entriesThatFit, Environment.ProcessorCount);
        _shards = new Shard?[length];
        _shift = 32 - BitOperations.Log2((uint)length);
        Probation = knowsProbation ? new ProbationTotal() : null;
        _context = new ShardContext(clock, room, Tenants, Math.Max(NeverCrowded, CrowdingFactor * entriesThatFit / length), Probation);
    }

    public int Length => _shards.Length;

    public TenantDirectory Tenants { get; }

    /// <summary>How many entries are on probation; null where the policy knows none.</summary>
    public ProbationTotal? Probation { get; }

    public static int LengthFor(long entriesThatFit, int cores)
    {
        if (entriesThatFit <= ExactEntries)
        {
            return 1;
        }

        long length = BitOperations.RoundUpToPowerOf2((uint)(ShardsPerCore * cores));
        while (length > 1 && entriesThatFit / length < FewestEntriesPerShard)
        {
            length /= 2;
        }

        while (entriesThatFit / length > MostEntriesPerShard)
        {
            length *= 2;
        }

        return (int)length;
    }

    /// <summary>The shard of a hash; null where nothing was ever inserted into it.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public Shard? Find(ulong hash) => Volatile.Read(ref _shards[IndexOf(hash)]);

    /// <summary>The shard at a place; null where nothing was ever inserted into it.</summary>
    public Shard? At(int index) => Volatile.Read(ref _shards[index]);

    public Shard GetOrMake(ulong hash)
    {
        int index = IndexOf(hash);
        ref Shard? place = ref _shards[index];
        return Volatile.Read(ref place)
            ?? Interlocked.CompareExchange(ref place, new Shard(index, _context), null)
            ?? place;
    }

    /// <summary>Shard and slot in one word, by which a tenant knows its entries.</summary>
    public static long PlaceOf(int shard, int slot) => ((long)shard << PlaceSlotBits) | (uint)slot;

    public static int SlotOf(long place) => (int)(place & ((1 << PlaceSlotBits) - 1));

    public Shard ShardAt(long place) => At((int)(place >> PlaceSlotBits))!;

    /// <summary>
    /// The chunk at a place that was a member's; null where it is gone. A member's is there for the holder of its tenant's
    /// lock: the slot is not freed before the member has left.
    /// </summary>
    public SlotChunk? TryGetChunk(long place) => ShardAt(place).TryGetChunk(SlotOf(place));

    /// <summary>
    /// The shard with the oldest victim, going by the bounds that shards publish: of all where they are few, else of a
    /// sample taken in turn, and of all again where the sample holds nothing.
    /// </summary>
    /// <param name="except">A shard to leave out.</param>
    /// <param name="onProbation">Whether the oldest on probation is looked for.</param>
    public ColdestShard FindColdest(Shard? except, bool onProbation = false)
    {
        if (_shards.Length <= FewEnoughToLookAtAll)
        {
            return FindColdest(0, _shards.Length, except, onProbation);
        }

        // Unguarded on purpose: all that it does is to spread the samples.
        int start = _sample.Value & (_shards.Length - 1);
        _sample.Value = start + SampleSize;
        ColdestShard coldest = FindColdest(start, SampleSize, except, onProbation);
        return coldest.Shard is null ? FindColdest(0, _shards.Length, except, onProbation) : coldest;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private int IndexOf(ulong hash) => (int)(hash >> 32 >> _shift);

    private ColdestShard FindColdest(int start, int count, Shard? except, bool onProbation)
    {
        ColdestShard coldest = ColdestShard.None;
        for (int i = 0; i < count; i++)
        {
            Shard? shard = At((start + i) & (_shards.Length - 1));
            if (shard is null || ReferenceEquals(shard, except))
            {
                continue;
            }

            long bound = onProbation ? shard.ProbationBound : shard.Bound;
            if (bound < coldest.Bound)
            {
                coldest = new ColdestShard(shard, bound, coldest.Bound);
            }
            else if (bound < coldest.NextBound)
            {
                coldest = coldest with { NextBound = bound };
            }
        }

        return coldest;
    }

    /// <summary>On a line of its own: the fields beside it are read on every operation.</summary>
    [StructLayout(LayoutKind.Explicit, Size = 2 * CacheLine.Size)]
    private struct PaddedCursor
    {
        [FieldOffset(CacheLine.Size)]
        public int Value;
    }
}

/// <summary>A shard whose published bound is the lowest that was looked at, and the second lowest.</summary>
internal readonly record struct ColdestShard(Shard? Shard, long Bound, long NextBound)
{
    public static readonly ColdestShard None = new(null, Shard.NoVictim, Shard.NoVictim);
}
