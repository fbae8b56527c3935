namespace BoundedCache.Stress.Tests.Support;

/// <summary>
/// What was done to each key, so that a reader can tell a value that is too old or was never written. Each key has one
/// writer, who numbers what he does to it, removals too: so a version that is below the last that has ended when a read
/// begins is stale, whatever it was replaced by, and one above the last that has begun when the read ends is invented.
/// </summary>
internal sealed class Ledger(int keys)
{
    private readonly long[] _begun = new long[keys];
    private readonly long[] _ended = new long[keys];

    public int Keys => _begun.Length;

    /// <summary>The last version whose operation has begun.</summary>
    public long Begun(int key) => Volatile.Read(ref _begun[key]);

    /// <summary>The last version whose operation has ended.</summary>
    public long Ended(int key) => Volatile.Read(ref _ended[key]);

    /// <summary>For the key's writer.</summary>
    public long Begin(int key)
    {
        long version = _begun[key] + 1;
        Volatile.Write(ref _begun[key], version);
        return version;
    }

    /// <summary>For the key's writer.</summary>
    public void End(int key, long version) => Volatile.Write(ref _ended[key], version);
}
