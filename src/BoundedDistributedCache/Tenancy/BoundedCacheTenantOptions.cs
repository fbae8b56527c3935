namespace BoundedCache;

/// <summary>How the caches of a container are shared by tenants.</summary>
public sealed class BoundedCacheTenantOptions
{
    /// <summary>
    /// What a cache does for code that is in no tenant and did not enter the host partition. By default it throws.
    /// </summary>
    public MissingTenantBehavior WhenMissing { get; set; } = MissingTenantBehavior.Throw;
}
