namespace BoundedCache.AspNetCore.Tenancy;

/// <summary>What an endpoint or a path says of the partition of requests: that they need no tenant.</summary>
/// <param name="IsHost">Whether they use the host's; else they are in none.</param>
internal sealed record RequestPartition(bool IsHost);
