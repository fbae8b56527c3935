namespace BoundedCache;

/// <summary>
/// Administers a cache by tenant, over all levels that it has: the bounded cache and what keeps copies of its entries.
/// Resolved like the cache: without a service key for the cache without one, with the same key for any other.
/// </summary>
/// <remarks>
/// All members may be called by any thread at any time. Where a level is a server, a removal also ends in between with what
/// the server, or the way to it, failed with (of Redis a <c>RedisTierException</c>), or where it is cancelled: what was
/// removed until then stays removed, on all levels, and none is under way any more. To remove the rest, call again.
/// </remarks>
public interface IBoundedCacheAdmin
{
    /// <summary>
    /// Removes every entry of a tenant, whichever tenant is current: what was there at the call, and was not set again
    /// meanwhile, is gone when the task completes.
    /// </summary>
    /// <param name="tenantId">The tenant's id.</param>
    /// <param name="cancellationToken">Cancels between levels, and within one on a server; what was removed stays removed.</param>
    /// <exception cref="ArgumentNullException"><paramref name="tenantId"/> is <see langword="null"/>.</exception>
    /// <exception cref="ArgumentException"><paramref name="tenantId"/> is no valid id.</exception>
    /// <exception cref="NotSupportedException">The cache is of another provider, which can't tell its entries.</exception>
    Task ClearTenantAsync(string tenantId, CancellationToken cancellationToken = default);

    /// <summary>
    /// Removes every entry of the current partition: what was there at the call, and was not set again meanwhile, is gone
    /// when the task completes. For a tenant at a cost in its own entries; for the host partition in all.
    /// </summary>
    /// <param name="cancellationToken">Cancels between levels, and within one on a server; what was removed stays removed.</param>
    /// <exception cref="InvalidOperationException">No tenant is current, and the options do not allow that.</exception>
    /// <exception cref="NotSupportedException">The cache is of another provider, which can't tell its entries.</exception>
    Task ClearAsync(CancellationToken cancellationToken = default);

    /// <summary>
    /// Removes the current partition's entries whose keys match a pattern: what was there at the call, and was not set
    /// again meanwhile, is gone when the task completes.
    /// </summary>
    /// <param name="pattern">
    /// What the whole key is compared with, ordinally: <c>*</c> stands for any number of UTF-16 units, <c>?</c> for one.
    /// </param>
    /// <param name="cancellationToken">Cancels between levels, and within one on a server; what was removed stays removed.</param>
    /// <exception cref="ArgumentNullException"><paramref name="pattern"/> is <see langword="null"/>.</exception>
    /// <exception cref="InvalidOperationException">No tenant is current, and the options do not allow that.</exception>
    /// <exception cref="NotSupportedException">The cache is of another provider, which can't tell its entries.</exception>
    Task RemoveByPatternAsync(string pattern, CancellationToken cancellationToken = default);

    /// <summary>What the bounded cache did for a tenant, and what it holds of it.</summary>
    /// <param name="tenantId">The tenant's id.</param>
    /// <returns>A snapshot.</returns>
    /// <exception cref="ArgumentNullException"><paramref name="tenantId"/> is <see langword="null"/>.</exception>
    /// <exception cref="ArgumentException"><paramref name="tenantId"/> is no valid id.</exception>
    /// <exception cref="NotSupportedException">The cache is of another provider, which can't tell its entries.</exception>
    CacheStatistics GetTenantStatistics(string tenantId);

    /// <summary>
    /// What the bounded cache did for the current tenant, and what it holds of it; in the host partition, of the whole
    /// cache.
    /// </summary>
    /// <returns>A snapshot.</returns>
    /// <exception cref="InvalidOperationException">No tenant is current, and the options do not allow that.</exception>
    /// <exception cref="NotSupportedException">The cache is of another provider, which can't tell its entries.</exception>
    CacheStatistics GetStatistics();
}
