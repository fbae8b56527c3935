namespace BoundedCache.Redis;

/// <summary>
/// Tells which copies in the memory of this node still hold, by a version for each key; keys share versions.
/// </summary>
/// <remarks>
/// <para>
/// The versions are stripes, as many as are worth their memory, picked by the hash of the key. They only ever grow. Whatever
/// may have changed a key in Redis advances its version: a message of another node; a write of this node, when it begins
/// and when it ends. A copy carries the version that was current <em>before</em> what it copies was asked for, its ticket,
/// and holds only while that is still the current one. So it does not matter when a fill puts its copy into the cache, nor
/// what else is put there meanwhile: a copy that is out of date is never served, from the advance on.
/// </para>
/// <para>
/// A write's value may be kept only if nothing else advanced the version since the write began: <see cref="TryEndWrite"/>
/// makes sure of that by compare-and-swap, and thereby outdates the fills that began during the write, which may have read
/// what was there before. Of two writes of this node that overlap neither is kept, for nobody here knows their order.
/// </para>
/// <para>
/// Two keys that share a version cost each other fetches, never truth. Any thread may call any member at any time.
/// </para>
/// </remarks>
internal sealed class CopyVersions
{
    private const int Fewest = 1 << 10;
    private const int Most = 1 << 18;

    private readonly long[] _versions;

    /// <param name="maxEntries">How many copies there may be.</param>
    internal CopyVersions(int maxEntries)
    {
        var wanted = Math.Clamp(2L * maxEntries, Fewest, Most);
        _versions = new long[System.Numerics.BitOperations.RoundUpToPowerOf2((uint)wanted)];
    }

    internal int Count => _versions.Length;

    /// <summary>The ticket of a fill, to be taken before anything is asked for.</summary>
    internal long Current(int hash) => Volatile.Read(ref At(hash));

    internal bool IsCurrent(int hash, long version) => Current(hash) == version;

    /// <summary>Outdates every copy of the key, and every fill and write of it that is under way.</summary>
    /// <returns>The version from now on.</returns>
    internal long Advance(int hash) => Interlocked.Increment(ref At(hash));

    /// <summary>Begins a write, before it is sent.</summary>
    /// <returns>Its ticket.</returns>
    internal long BeginWrite(int hash) => Advance(hash);

    /// <summary>Ends a write, whatever became of it.</summary>
    /// <param name="hash">The key's.</param>
    /// <param name="ticket">The write's.</param>
    /// <param name="version">The version that a copy of what was written is to carry.</param>
    /// <returns>Whether nothing happened to the key meanwhile, so that what was written may be kept.</returns>
    internal bool TryEndWrite(int hash, long ticket, out long version)
    {
        version = ticket + 1;
        if (Interlocked.CompareExchange(ref At(hash), version, ticket) == ticket)
            return true;
        Advance(hash);
        return false;
    }

    /// <summary>Outdates every copy, and all that is under way.</summary>
    internal void AdvanceAll()
    {
        for (var i = 0; i < _versions.Length; i++)
            Interlocked.Increment(ref _versions[i]);
    }

    private ref long At(int hash) => ref _versions[hash & (_versions.Length - 1)];
}
