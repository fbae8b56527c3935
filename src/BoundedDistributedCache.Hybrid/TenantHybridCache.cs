using BoundedCache.Tenancy;
using Microsoft.Extensions.Caching.Hybrid;

namespace BoundedCache.Hybrid;

/// <summary>
/// Keeps tenants apart in a HybridCache, its memory and its tags included. The tenant is that of the caller, read at the
/// call: HybridCache may run what follows, the factory too, where the caller's is gone.
/// </summary>
internal sealed class TenantHybridCache(HybridCache inner, ITenantContext tenants, AmbientPartition ambient) : HybridCache
{
    public override ValueTask<T> GetOrCreateAsync<TState, T>(
        string key,
        TState state,
        Func<TState, CancellationToken, ValueTask<T>> factory,
        HybridCacheEntryOptions? options = null,
        IEnumerable<string>? tags = null,
        CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(key);
        return GetOrCreateAsync(key.AsSpan(), state, factory, options, tags, cancellationToken);
    }

    public override ValueTask<T> GetOrCreateAsync<TState, T>(
        ReadOnlySpan<char> key,
        TState state,
        Func<TState, CancellationToken, ValueTask<T>> factory,
        HybridCacheEntryOptions? options = null,
        IEnumerable<string>? tags = null,
        CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(factory);
        var tenantId = ambient.GetOrThrow().TenantId;
        return inner.GetOrCreateAsync(
            HybridKey.Encode(tenantId, key),
            (Creation<T>)new Creation<TState, T>(tenants, tenantId, state, factory),
            static (creation, token) => creation.RunAsync(token),
            options,
            TagsOfEntry(tenantId, tags),
            cancellationToken);
    }

    public override ValueTask SetAsync<T>(
        string key,
        T value,
        HybridCacheEntryOptions? options = null,
        IEnumerable<string>? tags = null,
        CancellationToken cancellationToken = default)
    {
        var tenantId = ambient.GetOrThrow().TenantId;
        return inner.SetAsync(Encode(tenantId, key), value, options, TagsOfEntry(tenantId, tags), cancellationToken);
    }

    public override ValueTask RemoveAsync(string key, CancellationToken cancellationToken = default) =>
        inner.RemoveAsync(Encode(ambient.GetOrThrow().TenantId, key), cancellationToken);

    public override ValueTask RemoveAsync(IEnumerable<string> keys, CancellationToken cancellationToken = default)
    {
        var tenantId = ambient.GetOrThrow().TenantId;
        return inner.RemoveAsync([.. (keys ?? []).Select(key => Encode(tenantId, key))], cancellationToken);
    }

    public override ValueTask RemoveByTagAsync(string tag, CancellationToken cancellationToken = default) =>
        RemoveByTagAsync([tag], cancellationToken);

    // HybridCache makes nothing of an empty tag; encoded, it would be one.
    public override ValueTask RemoveByTagAsync(IEnumerable<string> tags, CancellationToken cancellationToken = default)
    {
        var tenantId = ambient.GetOrThrow().TenantId;
        return inner.RemoveByTagAsync(
            [.. (tags ?? []).Where(tag => !string.IsNullOrWhiteSpace(tag)).Select(tag => Encode(tenantId, tag))],
            cancellationToken);
    }

    // Enumerated only where there is something to store, for a hit has no need of its tags. HybridCache can't check them
    // any more, so what it refuses is refused here.
    private static IEnumerable<string> TagsOfEntry(string? tenantId, IEnumerable<string>? tags)
    {
        yield return HybridKey.Everything(tenantId);
        foreach (var tag in tags ?? [])
        {
            if (string.IsNullOrWhiteSpace(tag))
                throw new ArgumentException("A tag is null, empty or white space. Leave it out.", nameof(tags));
            if (tag == HybridKey.Wildcard)
                throw new ArgumentException($"The tag {HybridKey.Wildcard} stands for every entry, and can't be given to one. Leave it out.", nameof(tags));
            yield return HybridKey.Encode(tenantId, tag);
        }
    }

    private static string Encode(string? tenantId, string key)
    {
        ArgumentNullException.ThrowIfNull(key);
        return HybridKey.Encode(tenantId, key);
    }

    /// <summary>
    /// The application's factory, run on behalf of the caller's tenant wherever HybridCache runs it. HybridCache is given a
    /// type without the state's: to a compiler to native code a state could else hold another without end, and it gives up.
    /// </summary>
    private abstract class Creation<T>(ITenantContext tenants, string? tenantId)
    {
        public async ValueTask<T> RunAsync(CancellationToken cancellationToken)
        {
            using (tenantId is null ? tenants.UseHost() : tenants.Use(tenantId))
                return await CreateAsync(cancellationToken).ConfigureAwait(false);
        }

        protected abstract ValueTask<T> CreateAsync(CancellationToken cancellationToken);
    }

    private sealed class Creation<TState, T>(
        ITenantContext tenants, string? tenantId, TState state, Func<TState, CancellationToken, ValueTask<T>> factory)
        : Creation<T>(tenants, tenantId)
    {
        protected override ValueTask<T> CreateAsync(CancellationToken cancellationToken) => factory(state, cancellationToken);
    }
}
