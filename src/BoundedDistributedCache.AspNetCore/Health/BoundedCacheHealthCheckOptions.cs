namespace BoundedCache;

/// <summary>What the health check of bounded caches looks at. Not thread-safe; read once, when the check is added.</summary>
public sealed class BoundedCacheHealthCheckOptions
{
    /// <summary>
    /// The <see cref="BoundedDistributedCacheOptions.Name"/> of the one cache to check, which is <c>default</c> or the text
    /// of its service key unless it was set; <see langword="null"/>, the default, for every bounded cache of the container.
    /// </summary>
    public string? CacheName { get; set; }

    /// <summary>
    /// How long an entry that nobody uses should survive: while live entries are dropped for want of room that had been
    /// untouched for less than this, the check is degraded. It is well again once none was dropped for as long. More than
    /// zero, or <see langword="null"/>, the default, for never. Without effect on a cache with room for 256 entries or fewer,
    /// which does not know how old they are.
    /// </summary>
    public TimeSpan? MinimumEvictedAge { get; set; }
}
