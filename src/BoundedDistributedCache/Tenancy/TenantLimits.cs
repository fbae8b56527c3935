namespace BoundedCache;

/// <summary>What one tenant may hold, where it differs from the others.</summary>
public sealed class TenantLimits
{
    /// <summary>
    /// How many entries the tenant holds at most. At least 1, or <see langword="null"/>, the default, for
    /// <see cref="BoundedDistributedCacheOptions.MaxEntriesPerTenant"/>.
    /// </summary>
    public int? MaxEntries { get; set; }

    /// <summary>
    /// How many bytes the tenant's entries take at most. At least 1, or <see langword="null"/>, the default, for
    /// <see cref="BoundedDistributedCacheOptions.MaxBytesPerTenant"/>.
    /// </summary>
    public long? MaxBytes { get; set; }
}
