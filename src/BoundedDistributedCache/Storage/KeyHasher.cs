using System.IO.Hashing;
using System.Runtime.InteropServices;
using System.Security.Cryptography;

namespace BoundedCache.Storage;

/// <summary>
/// Hashes keys with a seed of its own per cache, so that keys which collide in one process are of no use against
/// another.
/// </summary>
internal readonly struct KeyHasher
{
    private readonly long _seed;

    public KeyHasher(long seed) => _seed = seed;

    public static KeyHasher WithRandomSeed()
    {
        Span<long> seed = stackalloc long[1];
        RandomNumberGenerator.Fill(MemoryMarshal.AsBytes(seed));
        return new KeyHasher(seed[0]);
    }

    /// <summary>64 bits: the upper half picks the shard, the lower half the bucket.</summary>
    /// <remarks>The hash of the tenant's id goes into the seed of the key's, so that no pair poses as another.</remarks>
    public ulong Hash(Partition partition, string key) =>
        XxHash3.HashToUInt64(MemoryMarshal.AsBytes(key.AsSpan()), _seed ^ partition.Seed);
}
