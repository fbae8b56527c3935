using System.IO.Hashing;
using System.Runtime.InteropServices;
using System.Security.Cryptography;

namespace BoundedCache.Storage;

/// <summary>
/// Whose part of a cache a call is about: a tenant's, or by default the host's. With the hash of the tenant's id, so that
/// who keeps it hashes the id once.
/// </summary>
internal readonly struct Partition
{
    private static readonly long IdSeed = RandomSeed();

    /// <param name="tenantId">A valid id; null: the host's.</param>
    public Partition(string? tenantId)
    {
        TenantId = tenantId;
        Seed = tenantId is null ? 0 : (long)XxHash3.HashToUInt64(MemoryMarshal.AsBytes(tenantId.AsSpan()), IdSeed);
    }

    public static Partition Host => default;

    public string? TenantId { get; }

    /// <summary>What the seed of a key's hash is mixed with. Not the same in another process.</summary>
    public long Seed { get; }

    private static long RandomSeed()
    {
        Span<long> seed = stackalloc long[1];
        RandomNumberGenerator.Fill(MemoryMarshal.AsBytes(seed));
        return seed[0];
    }
}
