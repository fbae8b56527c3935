namespace BoundedCache.Storage;

/// <summary>
/// What an entry costs the process, in bytes of a 64-bit heap: key and value with their object headers, the entry
/// itself, and its share of slots, index and ranking. Heap growth follows it; tests hold the two together.
/// </summary>
internal static class Charge
{
    public const long EntryObject = 56;
    public const long ExpiringEntryObject = 80;

    // A slot with its part of the chunk, the index at its mean load (it doubles when as full as it is long), and a
    // word of the ranking.
    private const long Bookkeeping = 48;

    private const int Alignment = 8;
    private const int StringOverhead = 22;
    private const int ArrayOverhead = 24;

    /// <summary>The charge of an empty value under an empty key: no entry costs less.</summary>
    public static readonly long Smallest = Of(0, 0, expires: false);

    public static long Of(int keyLength, long valueLength, bool expires) =>
        (expires ? ExpiringEntryObject : EntryObject)
        + Bookkeeping
        + Align(StringOverhead + (2L * keyLength))
        + Align(ArrayOverhead + valueLength);

    private static long Align(long bytes) => (bytes + Alignment - 1) & -Alignment;
}
