using BoundedCache.Expiration;

namespace BoundedCache.Storage;

/// <summary>An entry of a tenant.</summary>
internal sealed class TenantEntry(string key, int hash, byte[] value)
    : Entry(key, hash, value, expires: false, hasTenant: true)
{
    public Tenant? TenantField;
}

/// <summary>An entry of a tenant that has deadlines.</summary>
internal class ExpiringTenantEntry(string key, int hash, byte[] value, Deadlines deadlines, Now now)
    : ExpiringEntry(key, hash, value, deadlines, now, hasTenant: true)
{
    public Tenant? TenantField;
}
