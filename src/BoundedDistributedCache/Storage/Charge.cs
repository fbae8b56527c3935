namespace BoundedCache.Storage;

/// <summary>
/// What an entry costs the process, in bytes of a 64-bit heap: key and value with their object headers, the entry
/// itself, and its share of slots, index and ranking. Heap growth follows it; tests hold the two together.
/// </summary>
internal static class Charge
{
    public const long EntryObject = 56;
    public const long ExpiringEntryObject = 80;

    /// <summary>What the reference to its tenant adds to an entry.</summary>
    public const long TenantReference = 8;

    /// <summary>What the policy that knows probation adds to an entry: its share of the queue and of the hashes that are remembered.</summary>
    public const long Probation = 12;

    // A slot with its part of the chunk, the index at its mean load (it doubles when as full as it is long), and a
    // word of the ranking for every second one.
    private const long Bookkeeping = 32;

    // A slot's due time.
    private const long ExpiringBookkeeping = 8;

    // A member's place in its tenant's list, its index there, and a victim of the tenant's ranking for every second one.
    private const long TenantBookkeeping = 20;

    // A tenant's record with its locks, its tally, its first chunk of members and its node in the directory.
    private const long TenantRecord = 464;

    private const int Alignment = 8;
    private const int StringOverhead = 22;
    private const int ArrayOverhead = 24;

    /// <summary>The charge of an empty value under an empty key: no entry costs less.</summary>
    public static readonly long Smallest = Of(0, 0, expires: false);

    public static long Of(int keyLength, long valueLength, bool expires, bool hasTenant = false) =>
        (expires ? ExpiringEntryObject + ExpiringBookkeeping : EntryObject)
        + Bookkeeping
        + (hasTenant ? TenantReference + TenantBookkeeping : 0)
        + Align(StringOverhead + (2L * keyLength))
        + Align(ArrayOverhead + valueLength);

    /// <summary>What a tenant costs while it has entries, beside them.</summary>
    public static long OfTenant(int idLength) => TenantRecord + Align(StringOverhead + (2L * idLength));

    private static long Align(long bytes) => (bytes + Alignment - 1) & -Alignment;
}
