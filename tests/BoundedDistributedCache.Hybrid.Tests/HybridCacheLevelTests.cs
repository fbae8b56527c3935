using BoundedCache.Hybrid.Tests.Support;
using Microsoft.Extensions.Caching.Distributed;
using Microsoft.Extensions.Caching.Hybrid;
using Microsoft.Extensions.Caching.Memory;
using Microsoft.Extensions.DependencyInjection;

namespace BoundedCache.Hybrid.Tests;

public abstract class HybridCacheLevelTests(CancellationToken token)
{
    private static readonly HybridCacheEntryOptions s_memoryOnly = new() { Flags = HybridCacheEntryFlags.DisableDistributedCache };

    [Fact]
    public async Task ClearingATenantLeavesNothingOfItInTheMemoryOfHybridCache()
    {
        using var app = App.WithTenants();
        await SetForAllAsync(app, "price");
        await SetForAllAsync(app, "in memory only", s_memoryOnly);

        await Admin(app).ClearTenantAsync("acme", token);

        var memory = Assert.IsType<MemoryCache>(app.Services.GetRequiredService<IMemoryCache>());
        Assert.Equal(4, memory.Count);
        Assert.DoesNotContain(memory.Keys, key => $"{key}".Contains("acme"));
        Assert.Equal([null, "zenith's", "host's"], await GetForAllAsync(app, "price"));
        Assert.Equal([null, "zenith's", "host's"], await GetForAllAsync(app, "in memory only"));
    }

    [Fact]
    public async Task ClearingATenantHoldsAlsoWhereTheKeysOfTheDistributedCacheAreUnknown()
    {
        using var app = new App(services => services.AddDistributedMemoryCache().AddBoundedCacheHybridTenants());
        await SetForAllAsync(app, "price");

        await Admin(app).ClearTenantAsync("acme", token);

        Assert.Equal([null, "zenith's", "host's"], await GetForAllAsync(app, "price"));
    }

    [Fact]
    public async Task WhatIsCreatedAfterAClearStays()
    {
        using var app = App.WithTenants();
        await SetForAllAsync(app, "price");
        await Admin(app).ClearTenantAsync("acme", token);

        await SetForAllAsync(app, "price");

        Assert.Equal(["acme's", "zenith's", "host's"], await GetForAllAsync(app, "price"));
    }

    [Theory]
    [InlineData("acme", new[] { null, "zenith's", "host's" })]
    [InlineData(null, new[] { "acme's", "zenith's", null })]
    public async Task RemovalByPatternRemovesWhatMatchesInTheCurrentPartition(string? tenantId, string?[] left)
    {
        using var app = App.WithTenants();
        await SetForAllAsync(app, "price:1");
        await SetForAllAsync(app, "stock:1");

        using (app.Enter(tenantId))
            await Admin(app).RemoveByPatternAsync("price:*", token);

        Assert.Equal(left, await GetForAllAsync(app, "price:1"));
        Assert.Equal(["acme's", "zenith's", "host's"], await GetForAllAsync(app, "stock:1"));
    }

    [Fact]
    public async Task RemovalByPatternTouchesNothingElseInTheContainersMemoryCache()
    {
        using var app = App.WithTenants();
        var memory = app.Services.GetRequiredService<IMemoryCache>();
        memory.Set("price:1", "the application's");
        memory.Set(42, "the application's");

        using (app.Tenants.UseHost())
            await Admin(app).RemoveByPatternAsync("*", token);

        Assert.True(memory.TryGetValue("price:1", out _));
        Assert.True(memory.TryGetValue(42, out _));
    }

    [Fact]
    public async Task WhereTheKeysOfTheDistributedCacheAreUnknownRemovalByPatternRemovesEverythingOfThePartition()
    {
        using var app = new App(services => services.AddDistributedMemoryCache().AddBoundedCacheHybridTenants());
        await SetForAllAsync(app, "price:1");
        await SetForAllAsync(app, "stock:1");

        using (app.Tenants.Use("acme"))
            await Admin(app).RemoveByPatternAsync("price:*", token);

        Assert.Equal([null, "zenith's", "host's"], await GetForAllAsync(app, "price:1"));
        Assert.Equal([null, "zenith's", "host's"], await GetForAllAsync(app, "stock:1"));
    }

    [Fact]
    public async Task ItBelongsToTheCacheThatHybridCacheStoresIn()
    {
        using var app = new App(services => services.AddBoundedDistributedCache().AddKeyedBoundedDistributedCache("pages")
            .AddBoundedCacheHybridTenants().AddHybridCache(options => options.DistributedCacheServiceKey = "pages"));
        await SetForAllAsync(app, "price");

        await Admin(app).ClearTenantAsync("acme", token);
        Assert.Equal(["acme's", "zenith's", "host's"], await GetForAllAsync(app, "price"));

        await Admin(app, "pages").ClearTenantAsync("acme", token);
        Assert.Equal([null, "zenith's", "host's"], await GetForAllAsync(app, "price"));
    }

    private static IBoundedCacheAdmin Admin(App app, object? serviceKey = null) => app.Services.GetRequiredKeyedService<IBoundedCacheAdmin>(serviceKey);

    private async Task SetForAllAsync(App app, string key, HybridCacheEntryOptions? options = null)
    {
        foreach (var (tenantId, value) in new[] { ("acme", "acme's"), ("zenith", "zenith's"), (null, "host's") })
        {
            using (app.Enter(tenantId))
                await app.Hybrid.SetAsync(key, value, options, cancellationToken: token);
        }
    }

    private async Task<string?[]> GetForAllAsync(App app, string key)
    {
        var values = new List<string?>();
        foreach (var tenantId in new[] { "acme", "zenith", null })
        {
            using (app.Enter(tenantId))
            {
                values.Add(await app.Hybrid.GetOrCreateAsync<string?>(
                    key,
                    _ => throw new NotSupportedException(),
                    new() { Flags = HybridCacheEntryFlags.DisableUnderlyingData },
                    cancellationToken: token));
            }
        }

        return [.. values];
    }

    public sealed class WithACancellableToken() : HybridCacheLevelTests(TestContext.Current.CancellationToken);

    public sealed class WithoutAToken() : HybridCacheLevelTests(CancellationToken.None);
}
