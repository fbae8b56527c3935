using System.Numerics;
using System.Reflection;
using BoundedCache.Expiration;
using BoundedCache.Storage;

namespace BoundedCache.Tests.Support;

/// <summary>
/// Walks the whole structure of a quiet cache and asserts that its parts agree to the unit. Reads private fields on
/// purpose: what it checks is what no member shows.
/// </summary>
internal static class Integrity
{
    /// <summary>
    /// Checks everything, and returns the keys that are held, the expired ones among them; a tenant's with its id before.
    /// </summary>
    public static IReadOnlyCollection<string> Check(BoundedDistributedCache cache)
    {
        CacheStore store = cache.Storage;
        var shards = Field<ShardDirectory>(store, "_shards");
        var hasher = Field<KeyHasher>(store, "_hasher");
        CacheClock clock = Field<CacheClock>(store, "_clock");
        HashSet<string> keys = [];
        Dictionary<Tenant, List<Entry>> members = [];
        long bytes = 0;
        long onProbation = 0;
        for (int i = 0; i < shards.Length; i++)
        {
            if (shards.At(i) is not { } shard)
            {
                continue;
            }

            onProbation += CheckProbation(shard);

            foreach (Entry entry in CheckShard(shard, clock))
            {
                CheckCharge(entry, shards.Probation is null ? 0 : Charge.Probation);
                ulong hash = hasher.Hash(new Partition(entry.Tenant?.Id), entry.Key);
                Assert.Equal((int)hash, entry.Hash);
                Assert.Same(shard, shards.Find(hash));
                Assert.True(keys.Add(entry.Tenant is null ? entry.Key : $"{entry.Tenant.Id}\0{entry.Key}"), "A key is held twice.");
                bytes += entry.Charge;
                if (entry.Tenant is { } tenant)
                {
                    (members.TryGetValue(tenant, out List<Entry>? entries) ? entries : members[tenant] = []).Add(entry);
                }
            }
        }

        bytes += CheckTenants(shards, members);

        Assert.Equal(onProbation, shards.Probation?.Count ?? 0);
        var room = Field<Room>(store, "_room");
        Assert.Equal(keys.Count, room.Entries.Used);
        Assert.Equal(bytes, room.Bytes.Used);
        Assert.Equal(0, Claimed(room.Entries));
        Assert.Equal(0, Claimed(room.Bytes));
        Assert.True(room.Entries.Used <= room.Entries.Limit);
        Assert.True(room.Bytes.Used <= room.Bytes.Limit);
        AssertFree(Gate(cache), "the gate");
        AssertFree(Directory(cache), "the directory of tenants");
        return keys;
    }

    /// <summary>What one thread at a time is in.</summary>
    public static Lock Gate(BoundedDistributedCache cache) => Field<Lock>(Field<Admission>(cache.Storage, "_admission"), "_gate");

    /// <summary>What the thread in the gate keeps others from.</summary>
    public static RoomAmount Claim(BoundedDistributedCache cache)
    {
        var room = Field<Room>(cache.Storage, "_room");
        return new RoomAmount(Claimed(room.Entries), Claimed(room.Bytes));
    }

    /// <summary>What changes to the directory of tenants are made under.</summary>
    public static Lock Directory(BoundedDistributedCache cache) =>
        Field<Lock>(Field<ShardDirectory>(cache.Storage, "_shards").Tenants, "_changes");

    /// <summary>Of each tenant that has a record, what it is guarded by, and what is held while its members are ranked.</summary>
    public static IEnumerable<Lock> TenantLocks(BoundedDistributedCache cache) =>
        cache.Storage.Tenants.Records.SelectMany(tenant => (Lock[])[Guard(tenant), tenant.Ranking]);

    /// <summary>Every lock that an operation may hold.</summary>
    public static IEnumerable<Lock> Locks(BoundedDistributedCache cache) =>
    [
        Gate(cache),
        Directory(cache),
        .. Shards(cache).Select(shard => shard.Lock),
        .. TenantLocks(cache),
    ];

    /// <summary>The shards that were made.</summary>
    public static IEnumerable<Shard> Shards(BoundedDistributedCache cache)
    {
        var shards = Field<ShardDirectory>(cache.Storage, "_shards");
        return Enumerable.Range(0, shards.Length).Select(shards.At).OfType<Shard>();
    }

    /// <summary>The shard of a hash, which was made.</summary>
    public static Shard ShardOf(BoundedDistributedCache cache, ulong hash) =>
        Field<ShardDirectory>(cache.Storage, "_shards").Find(hash)!;

    public static KeyHasher Hasher(BoundedDistributedCache cache) => Field<KeyHasher>(cache.Storage, "_hasher");

    /// <summary>How long a shard's table is.</summary>
    public static int Buckets(Shard shard)
    {
        object index = FieldInfo(shard, "_index").GetValue(shard)!;
        return ((Array)FieldInfo(index, "_buckets").GetValue(index)!).Length;
    }

    /// <returns>What the records are charged.</returns>
    private static long CheckTenants(ShardDirectory shards, Dictionary<Tenant, List<Entry>> members)
    {
        long bytes = 0;
        Assert.Equal(members.Count, shards.Tenants.Count);
        Assert.Equal(members.Count, shards.Tenants.Records.Count());
        foreach ((Tenant tenant, List<Entry> entries) in members)
        {
            AssertFree(Guard(tenant), "a tenant");
            AssertFree(tenant.Ranking, "a tenant's ranking");
            Assert.Same(tenant, shards.Tenants.Find(tenant.Id));
            Assert.False(Field<bool>(tenant, "_isRetired"));
            Assert.Equal(0, Field<int>(tenant, "_holders"));
            Assert.True(tenant.IsPaid);
            Assert.Equal(RoomAmount.None, Field<RoomAmount>(tenant, "_claimed"));
            Assert.Equal(new RoomAmount(entries.Count, entries.Sum(entry => entry.Charge)), tenant.Used);
            Assert.Equal(RoomAmount.None, tenant.Excess(shards.Tenants.Limits));
            HashSet<Entry> listed = new(ReferenceEqualityComparer.Instance);
            for (int index = 0; tenant.MemberAt(index) is >= 0 and long place; index++)
            {
                SlotChunk chunk = shards.TryGetChunk(place)!;
                int slot = ShardDirectory.SlotOf(place);
                Assert.Equal(index, chunk.TenantIndex(slot));
                Assert.True(listed.Add(chunk[slot].Entry!), "A member is listed twice.");
            }

            Assert.True(listed.SetEquals(entries), "A tenant's list is not what it holds.");
            bytes += tenant.RecordCharge;
        }

        return bytes;
    }

    /// <summary>A charge is kept apart from what it is for, and both change where a value is overwritten.</summary>
    private static void CheckCharge(Entry entry, long ofPolicy)
    {
        long charge = Charge.Of(entry.Key.Length, entry.Value.Length, entry is ExpiringEntry, entry.Tenant is not null) + ofPolicy;
        if (entry is CopyEntry or TenantCopyEntry)
        {
            // And what the tier's note takes, which only the tier knows.
            Assert.InRange(entry.Charge, charge, Entry.LargestCharge);
        }
        else
        {
            Assert.Equal(charge, entry.Charge);
        }
    }

    private static List<Entry> CheckShard(Shard shard, CacheClock clock)
    {
        AssertFree(shard.Lock, "a shard's lock");
        List<Entry> entries = Chains(shard);
        var slots = Field<SlotTable>(shard, "_slots");
        var state = Field<ShardState>(shard, "_state");
        Assert.Equal(entries.Count, state.Count);

        HashSet<int> owned = [];
        foreach (Entry entry in entries)
        {
            Assert.True(owned.Add(entry.Slot), "Two entries own one slot.");
            Assert.Same(entry, slots[entry.Slot].Entry);
        }

        int occupied = 0;
        var open = Field<ulong[]>(slots, "_open");
        List<int> empty = [];
        for (int c = 0; c < slots.Chunks.Length; c++)
        {
            bool isOpen = (open[c / 64] >> (c % 64) & 1) != 0;
            if (slots.Chunks[c] is not { } chunk)
            {
                Assert.False(isOpen, "A chunk that is not there is open.");
                continue;
            }

            occupied += BitOperations.PopCount(chunk.Occupied);
            if (chunk.IsEmpty)
            {
                empty.Add(c);
            }

            Assert.Equal(!chunk.IsFull, isOpen);
            for (int index = 0; index < SlotChunk.Length; index++)
            {
                bool isOccupied = (chunk.Occupied >> index & 1) != 0;
                Assert.Equal(isOccupied, chunk[index].Entry is not null);
                if (isOccupied)
                {
                    Assert.InRange(chunk.DueOf(index), chunk.DueBound, SlotChunk.NeverDue);
                    Assert.InRange(chunk.DueOf(index), state.DueBound, SlotChunk.NeverDue);
                    Assert.Equal(chunk[index].Entry is ExpiringEntry, chunk.DueOf(index) != SlotChunk.NeverDue);
                    CheckDue(chunk[index].Entry as ExpiringEntry, chunk.DueOf(index), clock);
                }
            }
        }

        Assert.Equal(entries.Count, occupied);
        int spare = Field<int>(slots, "_spare");
        Assert.Equal(spare < 0 ? [] : [spare], empty);
        Assert.Equal(entries.Count == 0, shard.Bound == Shard.NoVictim);
        return entries;
    }

    /// <summary>
    /// A slot may be due before its entry has expired, and never after: nobody would look. What was declared expired tells
    /// its deadline no more.
    /// </summary>
    private static void CheckDue(ExpiringEntry? entry, long due, CacheClock clock)
    {
        if (entry?.NextDeadline(new Now(0, Field<long>(clock, "_utcOffset"))) is { } deadline and not long.MinValue)
        {
            // The system's two clocks drift, and due times follow where they did so by a second.
            long drift = Field<TimeProvider?>(clock, "_provider") is null ? TimeSpan.TicksPerSecond : 0;
            Assert.InRange(due, long.MinValue, Math.Min(deadline, SlotChunk.NeverDue - drift) + drift);
        }
    }

    /// <returns>How many the cache is told that the shard has on probation.</returns>
    private static long CheckProbation(Shard shard)
    {
        var slots = Field<SlotTable>(shard, "_slots");
        List<(int Slot, long Stamp)> marked =
        [
            .. from chunk in slots.Chunks.Index()
               where chunk.Item is not null
               from index in Enumerable.Range(0, SlotChunk.Length)
               where chunk.Item![index].Entry is not null && Slot.IsMarked(chunk.Item[index].Stamp)
               select ((chunk.Index << SlotChunk.Shift) + index, chunk.Item[index].LastUse),
        ];
        if (Field<Probation?>(shard, "_probation") is not { } probation)
        {
            Assert.Empty(marked);
            return 0;
        }

        var queue = Field<ulong[]>(probation, "_queue");
        int first = Field<int>(probation, "_first");
        int length = Field<int>(probation, "_length");
        Assert.InRange(length, 0, queue.Length);
        List<ulong> members = [.. Enumerable.Range(0, length).Select(i => queue[(first + i) % queue.Length])];
        Assert.Equal(probation.Length, members.Count(member => member != 0));
        Assert.Equal(probation.Length, Field<int>(probation, "_told"));
        Assert.All(marked, of => Assert.Contains(((ulong)of.Stamp << 16) | (uint)of.Slot, members));
        Assert.True(marked.Count == 0 || probation.Bound <= marked.Min(of => of.Stamp), "A shard hides its oldest on probation.");
        Assert.All(["_ghosts", "_usedGhosts"], name =>
        {
            var ring = Field<GhostRing>(probation, name);
            Assert.InRange(Field<int>(ring, "_count"), 0, Field<Array>(ring, "_ghosts").Length);
        });
        return probation.Length;
    }

    private static List<Entry> Chains(Shard shard)
    {
        object index = FieldInfo(shard, "_index").GetValue(shard)!;
        var buckets = (Array)FieldInfo(index, "_buckets").GetValue(index)!;
        int version = (int)FieldInfo(index, "_version").GetValue(index)!;
        Assert.Equal(0, version & 1);
        List<Entry> entries = [];
        HashSet<Entry> seen = new(ReferenceEqualityComparer.Instance);
        for (int b = 0; b < buckets.Length; b++)
        {
            object bucket = buckets.GetValue(b)!;
            int length = 0;
            for (var entry = (Entry?)FieldInfo(bucket, "Head").GetValue(bucket); entry is not null; entry = entry.Next)
            {
                Assert.True(seen.Add(entry), "A chain leads back, or two meet.");
                Assert.Equal(b, entry.Hash & (buckets.Length - 1));
                Assert.InRange(++length, 1, EntryIndex.LongestChain);
                entries.Add(entry);
            }
        }

        return entries;
    }

    /// <summary>Nobody holds it: not the thread that asks either, to whom a lock is open that it forgot to leave.</summary>
    private static void AssertFree(Lock @lock, string what)
    {
        Assert.False(@lock.IsHeldByCurrentThread, $"This thread never left {what}.");
        Assert.True(@lock.TryEnter(), $"Another thread is in {what}.");
        @lock.Exit();
    }

    /// <summary>What a tenant's counts and members are changed under.</summary>
    public static Lock Guard(Tenant tenant) => Field<Lock>(tenant, "_lock");

    private static long Claimed(Budget budget)
    {
        object lines = FieldInfo(budget, "_lines").GetValue(budget)!;
        return (long)FieldInfo(lines, "Claimed").GetValue(lines)!;
    }

    private static T Field<T>(object owner, string name) => (T)FieldInfo(owner, name).GetValue(owner)!;

    private static FieldInfo FieldInfo(object owner, string name) =>
        owner.GetType().GetField(name, BindingFlags.Instance | BindingFlags.Public | BindingFlags.NonPublic)
        ?? throw new InvalidOperationException($"{owner.GetType().Name} has no field {name}.");
}
