using System.Runtime.CompilerServices;
using BoundedCache.Expiration;

namespace BoundedCache.Storage;

/// <summary>
/// What a tier behind the cache notes on the copies that it keeps here. Fixed before publication; only the tier reads it.
/// </summary>
/// <param name="Version">What the tier tells by whether the copy still holds.</param>
/// <param name="ConfirmedAt">The monotonic time at which what was copied was the truth, or became it later.</param>
/// <param name="Tag">Whatever else the tier needs to know of the copy.</param>
internal readonly record struct CopyNote(long Version, long ConfirmedAt, object? Tag)
{
    /// <summary>The note of an entry; false where no tier put the entry here.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool TryGet(Entry entry, out CopyNote note)
    {
        if (entry.GetType() == typeof(CopyEntry))
        {
            note = Unsafe.As<CopyEntry>(entry).Note;
            return true;
        }

        if (entry.GetType() == typeof(TenantCopyEntry))
        {
            note = Unsafe.As<TenantCopyEntry>(entry).Note;
            return true;
        }

        note = default;
        return false;
    }
}

/// <summary>A copy of what a tier behind the cache holds.</summary>
internal sealed class CopyEntry(string key, int hash, byte[] value, Deadlines deadlines, Now now, CopyNote note)
    : ExpiringEntry(key, hash, value, deadlines, now, hasTenant: false)
{
    public readonly CopyNote Note = note;
}

/// <summary>The same of a tenant's.</summary>
internal sealed class TenantCopyEntry(string key, int hash, byte[] value, Deadlines deadlines, Now now, CopyNote note)
    : ExpiringTenantEntry(key, hash, value, deadlines, now)
{
    public readonly CopyNote Note = note;
}
