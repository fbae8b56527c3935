using System.Diagnostics;
using BoundedCache;
using Microsoft.Extensions.Caching.Hybrid;

namespace WebSample.Catalogue;

/// <summary>The catalogue as the pages see it: from the cache where possible, from the upstream where not.</summary>
public sealed class CachedCatalogue(HybridCache cache, CatalogueClient client, TimeProvider clock)
{
    public Task<Answer<ProductList?>> GetListAsync(int number, CancellationToken cancellationToken) =>
        GetAsync(CacheKey.Of("list", number), token => client.GetListAsync(number, token), cancellationToken);

    public Task<Answer<Product?>> GetProductAsync(int id, CancellationToken cancellationToken) =>
        GetAsync(CacheKey.Of("product", id), token => client.GetProductAsync(id, token), cancellationToken);

    /// <summary>
    /// Changes a price at the upstream, then drops what the cache has of it. With Redis behind the cache, every other node
    /// drops its copies too.
    /// </summary>
    /// <returns>Whether there is such a product.</returns>
    public async Task<bool> ChangePriceAsync(int id, decimal price, CancellationToken cancellationToken)
    {
        if (await client.ChangePriceAsync(id, price, cancellationToken) is not { } changed)
            return false;

        await cache.RemoveAsync([CacheKey.Of("product", id), CacheKey.Of("list", changed.ListNumber)], CancellationToken.None);
        return true;
    }

    private async Task<Answer<T>> GetAsync<T>(
        string key, Func<CancellationToken, Task<T>> fetch, CancellationToken cancellationToken)
    {
        var asked = clock.GetUtcNow();
        var started = Stopwatch.GetTimestamp();
        var fetchedHere = false;

        var cached = await cache.GetOrCreateAsync(
            key,
            async token =>
            {
                fetchedHere = true;
                return new Cached<T>(await fetch(token), clock.GetUtcNow());
            },
            cancellationToken: cancellationToken);

        var origin = fetchedHere ? Origin.Upstream
            : cached.FetchedAt > asked ? Origin.SharedCall
            : Origin.Cache;
        return new Answer<T>(cached.Value, origin, Stopwatch.GetElapsedTime(started));
    }

    // The time tells an answer that was there from one that another visitor's call brought while this one waited.
    private sealed record Cached<T>(T Value, DateTimeOffset FetchedAt);
}
