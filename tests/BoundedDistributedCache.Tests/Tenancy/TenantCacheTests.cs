using System.Buffers;
using BoundedCache.Tests.Support;
using Microsoft.Extensions.Caching.Distributed;
using Microsoft.Extensions.DependencyInjection;

namespace BoundedCache.Tests.Tenancy;

public sealed class TenantCacheTests : IDisposable
{
    private const int TaskSize = 72;

    private readonly TestContainer _container = new(services => services.AddBoundedDistributedCache().AddBoundedCacheTenants());
    private readonly ITenantContext _tenants;
    private readonly IBufferDistributedCache _cache;

    public TenantCacheTests()
    {
        _tenants = _container.Services.GetRequiredService<ITenantContext>();
        _cache = _container.Services.GetRequiredService<IBufferDistributedCache>();
    }

    public void Dispose() => _container.Dispose();

    [Fact]
    public void KeepsTheSamePairAsThePartitionOfTheTenant()
    {
        using (_tenants.Use("acme"))
            _cache.Set("key", [1], TestCache.NoExpiry);

        Assert.Equal([1], _container.Cache.ForTenant("acme").Get("key"));
        Assert.Null(_container.Cache.Get("key"));
    }

    [Fact]
    public void TheHostPartitionIsWhatTheBareCacheSees()
    {
        using (_tenants.UseHost())
            _cache.Set("key", [1], TestCache.NoExpiry);

        Assert.Equal([1], _container.Cache.Get("key"));
    }

    [Fact]
    public void AddsNothingToWhatAReadAllocates()
    {
        using var scope = _tenants.Use("acme");
        _cache.Set("key", new byte[32], TestCache.NoExpiry);
        var writer = new ArrayBufferWriter<byte>(64);

        Assert.Equal(0, Allocated.By(() => _cache.Get("key")));
        Assert.Equal(0, Allocated.By(() => _cache.Get("missing")));
        Assert.Equal(TaskSize, Allocated.By(() => _cache.GetAsync("key", CancellationToken.None)));
        Assert.Equal(0, Allocated.By(() => _cache.Refresh("key")));
        Assert.Equal(0, Allocated.By(() =>
        {
            writer.ResetWrittenCount();
            Assert.True(_cache.TryGet("key", writer));
            Assert.True(_cache.TryGetAsync("key", writer, CancellationToken.None).Result);
        }));
    }

    [Fact]
    public async Task WhatIsWrongWithACallIsToldAsByTheCacheItself()
    {
        using var scope = _tenants.Use("acme");

        Assert.Throws<ArgumentNullException>("key", () => _cache.Get(null!));
        await Assert.ThrowsAsync<ArgumentNullException>("key", () => _cache.GetAsync(null!, CancellationToken.None));
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => _cache.GetAsync("key", new CancellationToken(canceled: true)));
    }
}
