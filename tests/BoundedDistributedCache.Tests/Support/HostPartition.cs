using BoundedCache.Expiration;
using BoundedCache.Storage;

namespace BoundedCache.Tests.Support;

/// <summary>The storage's members for entries that belong to no tenant, as tests of everything else use them.</summary>
internal static class HostPartition
{
    public static ulong Hash(this KeyHasher hasher, string key) => hasher.Hash(Partition.Host, key);

    public static Entry? Find(this ref EntryIndex index, string key, int hash) => index.Find(null, key, hash);

    public static Entry? Find(this ref EntryIndex index, string key, int hash, out bool isCertain) =>
        index.Find(null, key, hash, out isCertain);

    public static Entry? Locate(this ref EntryIndex index, string key, int hash, out int passed) =>
        index.Locate(null, key, hash, out passed);

    public static Entry? Find(this Shard shard, string key, int hash) => shard.Find(null, key, hash);

    public static Entry? Locate(this Shard shard, string key, int hash, out int chainLength) =>
        shard.Locate(null, key, hash, out chainLength);

    /// <summary>Gives the entry its slot and links it.</summary>
    public static void Put(this Shard shard, Entry entry, Entry? replaced, Now now, bool countsForRecency)
    {
        if (replaced is null)
        {
            shard.EnsureSlot(entry);
            shard.TryJoin(entry, tenant: null, pastClaim: false, out _);
        }
        else
        {
            shard.EnsureSlotOf(replaced, entry);
            shard.TryReplace(entry, replaced, pastClaim: false);
        }

        shard.Link(entry, replaced, now, countsForRecency);
    }

    public static void Admit(this Admission admission, Shard shard, Entry entry, Now now, ref AdmissionReport report) =>
        admission.Admit(shard, entry, tenantId: null, now, ref report);

    public static Entry? Use(this CacheStore store, string key) => store.Use(Partition.Host, key);

    public static void Set(this CacheStore store, string key, byte[] value, Deadlines deadlines, Now now, ref AdmissionReport report) =>
        store.Set(Partition.Host, key, value, deadlines, now, ref report);

    public static bool Remove(this CacheStore store, string key) => store.Remove(Partition.Host, key);

    public static bool Fits(this CacheStore store, int keyLength, long valueLength, bool expires) =>
        store.Fits(Partition.Host, keyLength, valueLength, expires);

    public static RoomAmount EvictPeeked(this Shard shard, Entry victim, Change reason) =>
        shard.EvictPeeked(victim, onProbation: false, default, ref reason);

    public static RoomAmount ReclaimExpired(this Shard shard, Now now, Entry? keep, int atMost)
    {
        RoomAmount freed = RoomAmount.None;
        shard.ReclaimExpired(now, keep, atMost, ref freed);
        return freed;
    }
}
