using System.Runtime.CompilerServices;

namespace BoundedCache.Storage;

/// <summary>
/// The chained hash table of one shard: one writer at a time, under the shard's lock; readers need none.
/// A mutable struct, so that a reader reaches the buckets through the shard itself. Never copy it.
/// </summary>
/// <remarks>
/// <para>
/// Readers follow links with acquire loads; writers change them with release stores. Inserting, replacing and
/// unlinking change a single link each, and an entry that left a chain keeps its own link, so a walk that began before
/// such a change meets either what was or what is: at some instant of the walk its answer was true.
/// </para>
/// <para>
/// <see cref="Rebuild"/> relinks entries while readers walk, so a walk may be led into another chain. What it finds
/// there is right all the same, for tenant and key are compared whole. A miss counts only after a walk during which the
/// version, read before the reference to the buckets and again at the end, was even and unchanged. The version is odd
/// from before the first link is relinked until after the last; each relinking store releases, so whoever sees one
/// sees the odd version or a later one when he looks at it again, and his own loads acquire, so that look is not made
/// early. The version never goes back; comparing the buckets' reference instead would overlook a rebuild that has
/// begun.
/// </para>
/// </remarks>
internal struct EntryIndex
{
    public const int LongestChain = 32;

    private const int ShortestLength = 8;

    private Bucket[] _buckets;
    private int _version;

    public EntryIndex()
    {
        _buckets = new Bucket[ShortestLength];
    }

    public readonly int Length => _buckets.Length;

    /// <summary>Finds an entry without a lock. What it finds is certain, a miss is not.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public readonly Entry? Find(string? tenantId, string key, int hash) =>
        Walk(Volatile.Read(in _buckets), tenantId, key, hash);

    /// <summary>Finds an entry without a lock, and says of a miss whether it is certain.</summary>
    public readonly Entry? Find(string? tenantId, string key, int hash, out bool isCertain)
    {
        int version = Volatile.Read(in _version);
        Entry? entry = Walk(Volatile.Read(in _buckets), tenantId, key, hash);
        isCertain = entry is not null || ((version & 1) == 0 && Volatile.Read(in _version) == version);
        return entry;
    }

    /// <summary>The key's entry, and how many were passed on the way. Under the lock.</summary>
    public readonly Entry? Locate(string? tenantId, string key, int hash, out int passed)
    {
        passed = 0;
        Entry? entry = Head(hash);
        while (entry is not null && !IsFor(entry, tenantId, key, hash))
        {
            passed++;
            entry = entry.Next;
        }

        return entry;
    }

    /// <summary>Links a new entry. Under the lock.</summary>
    public readonly void Insert(Entry entry)
    {
        ref Entry? head = ref Head(entry.Hash);
        entry.Next = head;
        Volatile.Write(ref head, entry);
    }

    /// <summary>Puts an entry where another of the same key was. Under the lock.</summary>
    public readonly void Replace(Entry replaced, Entry replacement)
    {
        ref Entry? link = ref LinkTo(replaced);
        replacement.Next = replaced.Next;
        Volatile.Write(ref link, replacement);
    }

    /// <summary>Takes an entry out of its chain. Under the lock.</summary>
    public readonly void Unlink(Entry entry) => Volatile.Write(ref LinkTo(entry), entry.Next);

    /// <summary>The head of the chain that a hash belongs to. Under the lock.</summary>
    public readonly ref Entry? Head(int hash) => ref _buckets[hash & (_buckets.Length - 1)].Head;

    /// <summary>Asks for the head of a chain, which a writer is about to need. Needs no lock.</summary>
    public readonly void AskForChain(int hash)
    {
        Bucket[] buckets = Volatile.Read(in _buckets);
        if (Volatile.Read(ref buckets[hash & (buckets.Length - 1)].Head) is { } head)
        {
            Prefetch.Of(in head.Hash);
        }
    }

    /// <summary>Doubles the buckets where they are as many as the entries. Without memory they stay as they are.</summary>
    /// <returns>Whether it was rebuilt.</returns>
    public bool GrowFor(int count) => count >= _buckets.Length && TryRebuild(_buckets.Length * 2);

    /// <summary>Gives buckets back where less than three eighths of them are needed.</summary>
    /// <returns>Whether it was rebuilt.</returns>
    public bool ShrinkFor(int count) =>
        _buckets.Length > ShortestLength
        && count < _buckets.Length / 8 * 3
        && TryRebuild((int)uint.Max(ShortestLength, System.Numerics.BitOperations.RoundUpToPowerOf2((uint)count)));

    private readonly ref Entry? LinkTo(Entry entry)
    {
        ref Entry? link = ref Head(entry.Hash);
        while (!ReferenceEquals(link, entry))
        {
            link = ref link!.Next;
        }

        return ref link;
    }

    private static bool IsFor(Entry entry, string? tenantId, string key, int hash) =>
        entry.Hash == hash
        && entry.Key == key
        && (tenantId is null ? !entry.HasTenant : entry.Tenant?.Id == tenantId);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Entry? Walk(Bucket[] buckets, string? tenantId, string key, int hash)
    {
        Entry? entry = Volatile.Read(ref buckets[hash & (buckets.Length - 1)].Head);
        while (entry is not null && !IsFor(entry, tenantId, key, hash))
        {
            entry = Volatile.Read(ref entry.Next);
        }

        return entry;
    }

    private bool TryRebuild(int length)
    {
        Bucket[] buckets;
        try
        {
            buckets = new Bucket[length];
        }
        catch (OutOfMemoryException)
        {
            return false;
        }

        Rebuild(buckets);
        return true;
    }

    private void Rebuild(Bucket[] buckets)
    {
        Volatile.Write(ref _version, _version + 1);
        foreach (ref Bucket old in _buckets.AsSpan())
        {
            Entry? entry = old.Head;
            while (entry is not null)
            {
                Entry? next = entry.Next;
                ref Entry? head = ref buckets[entry.Hash & (buckets.Length - 1)].Head;
                Volatile.Write(ref entry.Next, head);
                head = entry;
                entry = next;
            }
        }

        Volatile.Write(ref _buckets, buckets);
        Volatile.Write(ref _version, _version + 1);
    }

    /// <summary>A struct, so that storing a reference needs no check of the array's element type.</summary>
    private struct Bucket
    {
        public Entry? Head;
    }
}
