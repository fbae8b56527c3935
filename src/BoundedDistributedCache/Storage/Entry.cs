using System.Runtime.CompilerServices;
using BoundedCache.Expiration;

namespace BoundedCache.Storage;

/// <summary>
/// A key with its value, as readers find it through the index.
/// </summary>
/// <remarks>
/// <code>
/// field     written by                          guard
/// Key       constructor                         fixed before publication
/// Value     constructor; writers, where the     shard's lock, while the entry is linked: release store, and one
///           entry is plain                      word, so readers have the value before or the one after
/// Hash      constructor                         fixed before publication
/// Charge    as Value, and who makes the entry   shard's lock, once it is linked. Readers look at the kind alone,
///           for a policy                        which never changes
/// Slot      writers: who links the entry, and   shard's lock. Readers take none: one who has an old slot stamps
///           sweeps, which move it               what belongs to another by now, which costs a little order
/// Next      writers that change the chain       shard's lock, release stores; readers load with acquire
/// Epoch     readers and writers                 none: any value only costs or saves a stamp
/// </code>
/// Publication is the release store of the link that leads here (a bucket's head or the predecessor's
/// <see cref="Next"/>). An entry that is unlinked keeps its <see cref="Next"/>, so that a reader who stands on it goes
/// on; it is never linked again. What changes with use lives in the <see cref="Slot"/>, so that the lines which
/// readers share stay clean.
/// <para>
/// There is a class for each kind, so that nobody pays for fields of another: with deadlines or without, and with a
/// tenant or in the host's partition. The kind is a pair of bits beside the charge, for a type test that has to look
/// at base classes is a call.
/// </para>
/// </remarks>
internal class Entry
{
    private const int ChargeUnit = 4;
    private const uint ExpiresBit = 1u << 31;
    private const uint TenantBit = 1u << 30;
    private const uint ChargeMask = TenantBit - 1;

    /// <summary>The most bytes that an entry can account for.</summary>
    public const long LargestCharge = (long)ChargeMask * ChargeUnit;

    // What a hit reads lies together, behind what only a walk past the entry reads.
    public Entry? Next;
    public readonly string Key;
    public readonly int Hash;
    public int Slot;
    public uint Epoch;
    private byte[] _value;
    private uint _kindAndCharge;

    public Entry(string key, int hash, byte[] value)
        : this(key, hash, value, expires: false, hasTenant: false)
    {
    }

    protected Entry(string key, int hash, byte[] value, bool expires, bool hasTenant)
    {
        Key = key;
        Hash = hash;
        _value = value;
        _kindAndCharge = (uint)(BoundedCache.Storage.Charge.Of(key.Length, value.Length, expires, hasTenant) / ChargeUnit)
            | (expires ? ExpiresBit : 0)
            | (hasTenant ? TenantBit : 0);
    }

    public byte[] Value => Volatile.Read(ref _value);

    /// <summary>Bytes of memory that the entry accounts for; kept, for key and value are cold when it is evicted.</summary>
    public long Charge => (long)(_kindAndCharge & ChargeMask) * ChargeUnit;

    /// <summary>Adds what the cache's policy, or a tier behind the cache, needs for the entry, before that is linked.</summary>
    public void ChargeAlso(long bytes) => _kindAndCharge += (uint)(bytes / ChargeUnit);

    /// <summary>The entry as one that has deadlines; null where it has none.</summary>
    public ExpiringEntry? AsExpiring => (_kindAndCharge & ExpiresBit) != 0 ? Unsafe.As<ExpiringEntry>(this) : null;

    /// <summary>Whether it neither expires nor has a tenant. Such an entry can take another value as it is.</summary>
    public bool IsPlain => (_kindAndCharge & (ExpiresBit | TenantBit)) == 0;

    public bool HasTenant => (_kindAndCharge & TenantBit) != 0;

    /// <summary>
    /// Whose entry it is; null in the host's partition. Its identity is the pair of tenant and key. Set, where it has
    /// one, by the writer that links the entry, under the shard's lock, before publication.
    /// </summary>
    public Tenant? Tenant
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => HasTenant ? Owner : null;
        set
        {
            if (value is not null)
            {
                Owner = value;
            }
        }
    }

    private ref Tenant? Owner
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get
        {
            if ((_kindAndCharge & ExpiresBit) != 0)
            {
                return ref Unsafe.As<ExpiringTenantEntry>(this).TenantField;
            }

            return ref Unsafe.As<TenantEntry>(this).TenantField;
        }
    }

    /// <summary>Gives a plain entry that is linked another value. Under the shard's lock, with the room for it taken.</summary>
    public void Overwrite(byte[] value, long charge)
    {
        _kindAndCharge = (uint)(charge / ChargeUnit);
        Volatile.Write(ref _value, value);
    }

    /// <summary>An entry of the kind that is asked for, to be linked.</summary>
    public static Entry Of(bool hasTenant, string key, int hash, byte[] value, Deadlines deadlines, Now now) =>
        deadlines.AreNever
            ? hasTenant ? new TenantEntry(key, hash, value) : new Entry(key, hash, value)
            : hasTenant ? new ExpiringTenantEntry(key, hash, value, deadlines, now) : new ExpiringEntry(key, hash, value, deadlines, now);
}
