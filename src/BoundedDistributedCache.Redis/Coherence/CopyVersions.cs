namespace BoundedCache.Redis;

/// <summary>What was known of a key when a fill or a write of it began.</summary>
internal readonly record struct CopyTicket(long Version, long Generation);

/// <summary>
/// Tells whether anything happened to a key since a fill or a write of it began, by a version for each key, which keys
/// share, and a generation for all.
/// </summary>
/// <remarks>
/// <para>
/// Both only ever grow. Whatever may have changed a key in Redis advances its version: a message of another node; a write of
/// this node, when it begins and when it ends. What may have changed any of them advances the generation. A fill takes a
/// ticket <em>before</em> it asks, and what it got may be kept only while that ticket is current.
/// </para>
/// <para>
/// A write's value may be kept only if nothing else advanced the version since the write began: <see cref="TryEndWrite"/>
/// makes sure of that by compare-and-swap, and thereby outdates the fills that began during the write, which may have read
/// what was there before. Of two writes of this node that overlap neither is kept, for nobody here knows their order.
/// </para>
/// <para>
/// The versions are stripes, picked by the hash of the key. Two keys that share one while both are asked for or written
/// cost each other a copy, never truth. Any thread may call any member at any time.
/// </para>
/// </remarks>
internal sealed class CopyVersions
{
    private const int Fewest = 1 << 10;
    private const int Most = 1 << 14;

    private readonly long[] _versions;
    private long _generation;

    /// <param name="maxEntries">How many copies there may be.</param>
    internal CopyVersions(int maxEntries) =>
        _versions = new long[System.Numerics.BitOperations.RoundUpToPowerOf2((uint)Math.Clamp(maxEntries, Fewest, Most))];

    internal int Count => _versions.Length;

    internal long Generation => Volatile.Read(ref _generation);

    /// <summary>The ticket of a fill, to be taken before anything is asked for.</summary>
    internal CopyTicket Current(int hash) => new(Volatile.Read(ref At(hash)), Generation);

    internal bool IsCurrent(int hash, CopyTicket ticket) => Current(hash) == ticket;

    /// <summary>Outdates every fill and write of the key that is under way.</summary>
    internal void Advance(int hash) => Interlocked.Increment(ref At(hash));

    /// <summary>Begins a write, before it is sent.</summary>
    /// <returns>Its ticket.</returns>
    internal CopyTicket BeginWrite(int hash)
    {
        var generation = Generation;
        return new CopyTicket(Interlocked.Increment(ref At(hash)), generation);
    }

    /// <summary>Ends a write, whatever became of it.</summary>
    /// <param name="hash">The key's.</param>
    /// <param name="ticket">The write's.</param>
    /// <param name="ended">The ticket with which what was written may be kept.</param>
    /// <returns>Whether nothing happened to the key meanwhile, so that what was written may be kept.</returns>
    internal bool TryEndWrite(int hash, CopyTicket ticket, out CopyTicket ended)
    {
        ended = ticket with { Version = ticket.Version + 1 };
        if (Interlocked.CompareExchange(ref At(hash), ended.Version, ticket.Version) == ticket.Version)
            return Generation == ticket.Generation;
        Advance(hash);
        return false;
    }

    /// <summary>Outdates every copy, and all that is under way.</summary>
    internal void AdvanceAll() => Interlocked.Increment(ref _generation);

    private ref long At(int hash) => ref _versions[hash & (_versions.Length - 1)];
}
