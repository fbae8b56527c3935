namespace BoundedCache;

/// <summary>What a cache does for code that is in no tenant and did not enter the host partition.</summary>
public enum MissingTenantBehavior
{
    /// <summary>It throws <see cref="InvalidOperationException"/>, and is not touched.</summary>
    Throw,

    /// <summary>
    /// It keeps the entry in the host partition, which all code without a tenant shares, and which no tenant sees.
    /// </summary>
    UseHostPartition,
}
