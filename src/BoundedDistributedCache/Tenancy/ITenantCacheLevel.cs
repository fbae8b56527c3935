namespace BoundedCache.Tenancy;

/// <summary>
/// What keeps entries of tenants beside a near tier, and can remove them. Registered without a service key; asked after
/// the near tier, in the order of registration.
/// </summary>
internal interface ITenantCacheLevel
{
    /// <summary>The service key of the cache that it belongs to, which may be known only when the container is in use.</summary>
    object? CacheKey { get; }

    /// <param name="tenantId"><see langword="null"/>: the host partition.</param>
    /// <param name="cancellationToken">Cancels the removal; what was removed stays removed.</param>
    Task ClearAsync(string? tenantId, CancellationToken cancellationToken);

    /// <param name="tenantId"><see langword="null"/>: the host partition.</param>
    /// <param name="pattern">As in <see cref="IBoundedCacheAdmin.RemoveByPatternAsync"/>.</param>
    /// <param name="cancellationToken">Cancels the removal; what was removed stays removed.</param>
    Task RemoveByPatternAsync(string? tenantId, string pattern, CancellationToken cancellationToken);
}
