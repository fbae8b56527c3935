namespace BoundedCache.Storage;

/// <summary>
/// A key with its value, as readers find it through the index.
/// </summary>
/// <remarks>
/// <code>
/// field     written by                          guard
/// Key       constructor                         fixed before publication
/// Value     constructor                         fixed before publication
/// Hash      constructor                         fixed before publication
/// Charge    constructor                         fixed before publication
/// Slot      the writer that links the entry     shard's lock, before publication; then fixed
/// Tenant    the writer that links the entry     shard's lock, before publication; then fixed
/// Next      writers that change the chain       shard's lock, release stores; readers load with acquire
/// Epoch     readers and writers                 none: any value only costs or saves a stamp
/// </code>
/// Publication is the release store of the link that leads here (a bucket's head or the predecessor's
/// <see cref="Next"/>). An entry that is unlinked keeps its <see cref="Next"/>, so that a reader who stands on it goes
/// on; it is never linked again. What changes with use lives in the <see cref="Slot"/>, so that the lines which
/// readers share stay clean.
/// </remarks>
internal class Entry
{
    private const int ChargeUnit = 8;

    public readonly string Key;
    public readonly byte[] Value;

    /// <summary>Whose entry it is; null in the host's partition. Its identity is the pair of tenant and key.</summary>
    public Tenant? Tenant;

    public Entry? Next;
    public readonly int Hash;
    public int Slot;
    public uint Epoch;
    private readonly int _chargeUnits;

    public Entry(string key, int hash, byte[] value, bool hasTenant = false)
        : this(key, hash, value, BoundedCache.Storage.Charge.Of(key.Length, value.Length, expires: false, hasTenant))
    {
    }

    protected Entry(string key, int hash, byte[] value, long charge)
    {
        Key = key;
        Hash = hash;
        Value = value;
        _chargeUnits = (int)(charge / ChargeUnit);
    }

    /// <summary>Bytes of memory that the entry accounts for; kept, for key and value are cold when it is evicted.</summary>
    public long Charge => (long)_chargeUnits * ChargeUnit;
}
