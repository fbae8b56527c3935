using System.Runtime.CompilerServices;
using BoundedCache.Expiration;

namespace BoundedCache.Storage;

/// <summary>
/// What a tier behind the cache notes on the copies that it keeps here. Only the tier reads it.
/// </summary>
/// <remarks>
/// A copy is linked before it is confirmed, so that whoever has to drop it finds it; and whoever finds it before it is
/// confirmed takes it for one that was confirmed an age ago. Generation and tag are fixed before publication.
/// </remarks>
internal struct CopyNote(long generation, object? tag)
{
    // So long ago that it can be subtracted from any time.
    private const long Never = long.MinValue / 4;

    private long _confirmedAt = Never;

    /// <summary>What the tier tells by whether copies of that time still hold, all of them.</summary>
    public readonly long Generation => generation;

    /// <summary>Whatever else the tier needs to know of the copy.</summary>
    public readonly object? Tag => tag;

    /// <summary>The monotonic time at which what was copied was the truth, or became it later.</summary>
    public readonly long ConfirmedAt => Volatile.Read(in _confirmedAt);

    /// <summary>The note of an entry; a null reference where no tier put the entry here.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ref CopyNote Of(Entry entry)
    {
        if (entry.GetType() == typeof(CopyEntry))
        {
            return ref Unsafe.As<CopyEntry>(entry).Note;
        }

        if (entry.GetType() == typeof(TenantCopyEntry))
        {
            return ref Unsafe.As<TenantCopyEntry>(entry).Note;
        }

        return ref Unsafe.NullRef<CopyNote>();
    }

    public void Confirm(long at) => Volatile.Write(ref _confirmedAt, at);
}

/// <summary>A copy of what a tier behind the cache holds.</summary>
internal sealed class CopyEntry(string key, int hash, byte[] value, Deadlines deadlines, Now now, CopyNote note)
    : ExpiringEntry(key, hash, value, deadlines, now, hasTenant: false)
{
    public CopyNote Note = note;
}

/// <summary>The same of a tenant's.</summary>
internal sealed class TenantCopyEntry(string key, int hash, byte[] value, Deadlines deadlines, Now now, CopyNote note)
    : ExpiringTenantEntry(key, hash, value, deadlines, now)
{
    public CopyNote Note = note;
}
