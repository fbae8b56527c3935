using BoundedCache.Storage;
using BoundedCache.Tenancy;
using StackExchange.Redis;

namespace BoundedCache.Redis;

/// <summary>
/// Removes by pattern and by tenant in Redis: by <c>SCAN</c>, in bounded steps, each name compared before it is removed.
/// </summary>
/// <remarks>
/// Not a snapshot: a key that is there all the time is removed; one that is set meanwhile may or may not be. Every removal is
/// one as callers make it, with its own message to the other nodes.
/// </remarks>
internal sealed class RedisLevel(RedisTieredCache tier, object? cacheKey) : ITenantCacheLevel
{
    private const int PageSize = 250;
    private const int RemovedAtOnce = 64;

    public object? CacheKey => cacheKey;

    public Task ClearAsync(string? tenantId, CancellationToken cancellationToken) => RemoveAsync(tenantId, "*", cancellationToken);

    public Task RemoveByPatternAsync(string? tenantId, string pattern, CancellationToken cancellationToken) => RemoveAsync(tenantId, pattern, cancellationToken);

    private async Task RemoveAsync(string? tenantId, string pattern, CancellationToken cancellationToken)
    {
        tier.Start();
        var matches = new KeyPattern(pattern);
        var glob = tier.Keys.GlobOf(tenantId, pattern);
        foreach (var server in await PrimariesAsync(cancellationToken).ConfigureAwait(false))
        {
            var removals = new List<Task>(RemovedAtOnce);
            var names = server.KeysAsync(tier.Connection.Database!.Database, glob, PageSize).GetAsyncEnumerator(cancellationToken);
            await using (names.ConfigureAwait(false))
            {
                try
                {
                    while (await NextAsync(names, cancellationToken).ConfigureAwait(false))
                    {
                        if (!tier.Keys.TryParse((byte[])names.Current!, out var partition, out var key) || partition.TenantId != tenantId || !matches.Matches(key))
                            continue;
                        removals.Add(RemoveEntryAsync(partition, key, names.Current, cancellationToken));
                        if (removals.Count < RemovedAtOnce)
                            continue;
                        await Task.WhenAll(removals).ConfigureAwait(false);
                        removals.Clear();
                    }
                }
                finally
                {
                    // Also where the next page could not be had: nothing is under way any more when the call ends.
                    await Task.WhenAll(removals).ConfigureAwait(false);
                }
            }
        }
    }

    // Each of these steps may ask Redis for a page. One that is there already takes a place for no time.
    private async Task<bool> NextAsync(IAsyncEnumerator<RedisKey> names, CancellationToken cancellationToken) =>
        await tier.Operations.RunAsync(OperationKind.Scan, default, static (_, names) => names.MoveNextAsync().AsTask(), names, cancellationToken).ConfigureAwait(false);

    private async Task RemoveEntryAsync(Partition partition, string key, RedisKey name, CancellationToken cancellationToken)
    {
        // The database may hold what is no entry of a cache, under a name that could be one.
        var isEntry = await tier.Operations.RunAsync(OperationKind.Scan, name, static (database, name) => IsEntryAsync(database, name), name, cancellationToken).ConfigureAwait(false);
        // Not cancelled, which would leave it under way.
        if (isEntry)
            await tier.RemoveAsync(partition, key, CancellationToken.None).ConfigureAwait(false);
    }

    private static async Task<bool> IsEntryAsync(IDatabase database, RedisKey name)
    {
        try
        {
            return await database.HashExistsAsync(name, StoredEntry.DataField, CommandFlags.DemandMaster).ConfigureAwait(false);
        }
        catch (RedisServerException exception) when (exception.Message.StartsWith("WRONGTYPE", StringComparison.Ordinal))
        {
            return false;
        }
    }

    private Task<List<IServer>> PrimariesAsync(CancellationToken cancellationToken) => tier.Operations.RunAsync(
        OperationKind.Scan,
        default,
        static (database, _) =>
        {
            var primaries = database.Multiplexer.GetServers().Where(server => !server.IsReplica).ToList();
            return primaries.Count == 0 || primaries.Exists(server => !server.IsConnected) ? throw new NotConnectedException() : Task.FromResult(primaries);
        },
        state: 0,
        cancellationToken);
}
