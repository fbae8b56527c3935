namespace BoundedCache;

/// <summary>The tenant on whose behalf the calling code runs, which the caches of the container keep its entries under.</summary>
/// <remarks>
/// <para>
/// Belongs to the flow of execution, as an <see cref="AsyncLocal{T}"/> does: it flows into what is called, awaited or
/// started, and neither into what was started before nor back out of an <see langword="async"/> method that entered it.
/// Work that was started inside a scope keeps the scope's tenant also after the scope was disposed.
/// </para>
/// <para>All members may be called by any thread at any time.</para>
/// </remarks>
public interface ITenantContext
{
    /// <summary>
    /// The current tenant's id; <see langword="null"/> where there is no tenant, and in the host partition.
    /// </summary>
    string? TenantId { get; }

    /// <summary>Whether the host partition, which no tenant's id can name, was entered by <see cref="UseHost"/>.</summary>
    bool IsHost { get; }

    /// <summary>Enters a tenant, until the scope is disposed.</summary>
    /// <param name="tenantId">1 to 256 UTF-16 units, well-formed and without control characters.</param>
    /// <returns>
    /// The scope. Scopes nest: the latest that was not disposed is in force, in whatever order they are disposed.
    /// Dispose it where it was entered; doing so again changes nothing.
    /// </returns>
    /// <exception cref="ArgumentNullException"><paramref name="tenantId"/> is <see langword="null"/>.</exception>
    /// <exception cref="ArgumentException"><paramref name="tenantId"/> is no valid id.</exception>
    IDisposable Use(string tenantId);

    /// <summary>
    /// Enters the partition that belongs to the application itself, for what serves all tenants, such as a list of
    /// tenants that is cached too.
    /// </summary>
    /// <returns>The scope, as of <see cref="Use"/>.</returns>
    IDisposable UseHost();
}
