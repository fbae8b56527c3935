using System.Buffers;
using BoundedCache.Storage;
using Microsoft.Extensions.Caching.Distributed;

namespace BoundedCache;

/// <summary>
/// One tenant's part of a cache, whoever the ambient tenant is: made by <see cref="BoundedDistributedCache.ForTenant"/>.
/// Cheap to make, and needs no disposal. What holds for the cache's members holds for these: any thread may call them at
/// any time, and after the cache is disposed they throw <see cref="ObjectDisposedException"/>.
/// </summary>
public sealed class BoundedCachePartition : IBufferDistributedCache
{
    private readonly BoundedDistributedCache _cache;
    private readonly string _tenantId;
    private readonly Partition _partition;

    internal BoundedCachePartition(BoundedDistributedCache cache, string tenantId)
    {
        _cache = cache;
        _tenantId = tenantId;
        _partition = new Partition(tenantId);
    }

    /// <summary>How many entries the tenant holds: never more than its limit.</summary>
    public int Count => (int)_cache.UsedBy(_tenantId).Entries;

    /// <summary>How many bytes the tenant's entries take: never more than its limit.</summary>
    public long SizeBytes => _cache.UsedBy(_tenantId).Bytes;

    /// <summary>
    /// What the tenant did and what it holds. Counted for as long as the tenant holds anything, or for good where the
    /// options name it.
    /// </summary>
    /// <returns>A snapshot.</returns>
    public CacheStatistics GetStatistics() => _cache.StatisticsOf(_tenantId);

    /// <summary>
    /// Removes the tenant's entries, at a cost in those alone: what was there at the call, and was not set again
    /// meanwhile, is gone when this returns.
    /// </summary>
    public void Clear() => _cache.RemoveWhere(_tenantId, pattern: null);

    /// <summary>The same for those whose keys match a pattern; see <see cref="BoundedDistributedCache.RemoveByPattern"/>.</summary>
    /// <param name="pattern">What the whole key is compared with: <c>*</c> is any run, <c>?</c> one UTF-16 unit.</param>
    /// <returns>How many entries were removed.</returns>
    /// <exception cref="ArgumentNullException"><paramref name="pattern"/> is <see langword="null"/>.</exception>
    public int RemoveByPattern(string pattern)
    {
        ArgumentNullException.ThrowIfNull(pattern);
        return _cache.RemoveWhere(_tenantId, pattern);
    }

    /// <inheritdoc/>
    public byte[]? Get(string key) => _cache.Get(_partition, key);

    /// <inheritdoc/>
    public Task<byte[]?> GetAsync(string key, CancellationToken token = default) => _cache.GetAsync(_partition, key, token);

    /// <inheritdoc/>
    public bool TryGet(string key, IBufferWriter<byte> destination) => _cache.TryGet(_partition, key, destination);

    /// <inheritdoc/>
    public ValueTask<bool> TryGetAsync(string key, IBufferWriter<byte> destination, CancellationToken token = default) =>
        _cache.TryGetAsync(_partition, key, destination, token);

    /// <inheritdoc/>
    public void Set(string key, byte[] value, DistributedCacheEntryOptions options) => _cache.Set(_partition, key, value, options);

    /// <inheritdoc/>
    public void Set(string key, ReadOnlySequence<byte> value, DistributedCacheEntryOptions options) =>
        _cache.Set(_partition, key, value, options);

    /// <inheritdoc/>
    public Task SetAsync(string key, byte[] value, DistributedCacheEntryOptions options, CancellationToken token = default) =>
        _cache.SetAsync(_partition, key, value, options, token);

    /// <inheritdoc/>
    public ValueTask SetAsync(string key, ReadOnlySequence<byte> value, DistributedCacheEntryOptions options, CancellationToken token = default) =>
        _cache.SetAsync(_partition, key, value, options, token);

    /// <inheritdoc/>
    public void Refresh(string key) => _cache.Refresh(_partition, key);

    /// <inheritdoc/>
    public Task RefreshAsync(string key, CancellationToken token = default) => _cache.RefreshAsync(_partition, key, token);

    /// <inheritdoc/>
    public void Remove(string key) => _cache.Remove(_partition, key);

    /// <inheritdoc/>
    public Task RemoveAsync(string key, CancellationToken token = default) => _cache.RemoveAsync(_partition, key, token);
}
