using System.Numerics;
using BoundedCache.Expiration;

namespace BoundedCache.Storage;

/// <summary>
/// A member that was found to be a victim: where it is, and the stamp that it was ranked by, or what stands for one. It goes
/// where that is still its stamp.
/// </summary>
internal readonly record struct TenantVictim(long Place, long Stamp)
{
    /// <summary>Had expired; before every stamp.</summary>
    public const long Expired = -1;

    /// <summary>The oldest of a fresh ranking: goes even if a reader stamps it just now, so that no reader holds a writer up.</summary>
    public const long Oldest = -2;
}

/// <summary>
/// Ranks the members of one tenant, so that a tenant at its limit evicts its own least recently used, at a cost in its
/// own entries alone.
/// </summary>
/// <remarks>
/// Members are copied out in pieces under the tenant's lock; their stamps, which compare across shards, are read and
/// ranked outside it, by one thread of that tenant at a time, which holds nothing else. What is ranked may have moved or
/// gone by then, so a victim is judged again under its own shard's lock.
/// </remarks>
internal sealed class TenantRanking(ShardDirectory shards, RecencyClock clock)
{
    private const int PieceLength = 1_024;

    /// <summary>The next victim of the tenant's queue; ranks its members where the queue is used up and it may.</summary>
    public bool TryTakeVictim(Tenant tenant, Now now, ref bool mayRank, out TenantVictim victim)
    {
        if (tenant.TryTakeVictim(out victim))
        {
            return true;
        }

        if (!mayRank)
        {
            return false;
        }

        mayRank = false;
        lock (tenant.Ranking)
        {
            // Another thread may have ranked while this one waited.
            if (tenant.TryTakeVictim(out victim))
            {
                return true;
            }

            tenant.Enqueue(TryRank(tenant, now));
            bool hasVictim = tenant.TryTakeVictim(out victim);
            if (victim.Stamp != TenantVictim.Expired)
            {
                victim = victim with { Stamp = TenantVictim.Oldest };
            }

            return hasVictim;
        }
    }

    /// <summary>Without memory for a ranking there is none: the gate takes members in the order of the list.</summary>
    private TenantVictim[] TryRank(Tenant tenant, Now now)
    {
        try
        {
            return Rank(tenant, now);
        }
        catch (OutOfMemoryException)
        {
            return [];
        }
    }

    private TenantVictim[] Rank(Tenant tenant, Now now)
    {
        List<long> places = CopyMembers(tenant);
        ulong[] ranks = new ulong[places.Count];
        long[] stamps = new long[places.Count];
        int indexBits = BitOperations.Log2((uint)Math.Max(1, places.Count)) + 1;
        long widest = long.MaxValue >> indexBits;
        long floor = Math.Max(0, clock.Tick - (widest / 2));
        for (int i = 0; i < stamps.Length; i++)
        {
            stamps[i] = StampAt(places[i], now);
            ranks[i] = ((ulong)Math.Clamp(stamps[i] - floor, 0, widest) << indexBits) | (uint)i;
        }

        int selected = Math.Max(ranks.Length / 2, Math.Min(ranks.Length, VictimRanking.VictimsPerVisit));
        Selection.Partition(ranks, selected);
        ranks.AsSpan(0, selected).Sort();
        TenantVictim[] victims = new TenantVictim[selected];
        for (int v = 0; v < selected; v++)
        {
            int i = (int)(ranks[v] & ((1UL << indexBits) - 1));
            victims[v] = new TenantVictim(places[i], stamps[i]);
        }

        return victims;
    }

    private long StampAt(long place, Now now)
    {
        if (shards.TryGetChunk(place) is not { } chunk)
        {
            return long.MaxValue;
        }

        int index = ShardDirectory.SlotOf(place);
        ref Slot slot = ref chunk[index];
        return chunk.DueOf(index) <= now.Monotonic && Volatile.Read(ref slot.Entry)?.AsExpiring is { } entry && entry.HasExpired(now)
            ? TenantVictim.Expired
            : slot.LastUse;
    }

    private static List<long> CopyMembers(Tenant tenant)
    {
        List<long> places = [];
        Span<long> piece = stackalloc long[PieceLength];
        int below = int.MaxValue;
        for (int copied = tenant.CopyMembers(piece, ref below, out _); copied > 0; copied = tenant.CopyMembers(piece, ref below, out _))
        {
            places.AddRange(piece[..copied]);
        }

        // Of equal stamps the first goes: who joined first, as far as the list still tells.
        places.Reverse();
        return places;
    }
}
