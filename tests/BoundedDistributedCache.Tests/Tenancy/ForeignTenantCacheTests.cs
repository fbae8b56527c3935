using System.Buffers;
using BoundedCache.Tests.Support;
using Microsoft.Extensions.Caching.Distributed;
using Microsoft.Extensions.DependencyInjection;
using Moq;

namespace BoundedCache.Tests.Tenancy;

public sealed class ForeignTenantCacheTests
{
    private static readonly DistributedCacheEntryOptions Options = new() { SlidingExpiration = TimeSpan.FromHours(1) };
    private static readonly byte[] Value = [1];

    private readonly Mock<IBufferDistributedCache> _inner = new(MockBehavior.Strict);
    private readonly CancellationTokenSource _cancellation = new();

    [Fact]
    public async Task EveryMemberCallsTheSameOneWithTheEncodedKeyAndReturnsItsResult()
    {
        var token = _cancellation.Token;
        var writer = new ArrayBufferWriter<byte>();
        var sequence = new ReadOnlySequence<byte>(Value);
        var answer = Task.FromResult<byte[]?>(Value);
        var done = Task.Delay(0, token);
        _inner.Setup(inner => inner.Get("^acme:key")).Returns(Value);
        _inner.Setup(inner => inner.GetAsync("^acme:key", token)).Returns(answer);
        _inner.Setup(inner => inner.Set("^acme:key", Value, Options));
        _inner.Setup(inner => inner.SetAsync("^acme:key", Value, Options, token)).Returns(done);
        _inner.Setup(inner => inner.Refresh("^acme:key"));
        _inner.Setup(inner => inner.RefreshAsync("^acme:key", token)).Returns(done);
        _inner.Setup(inner => inner.Remove("^acme:key"));
        _inner.Setup(inner => inner.RemoveAsync("^acme:key", token)).Returns(done);
        _inner.Setup(inner => inner.TryGet("^acme:key", writer)).Returns(true);
        _inner.Setup(inner => inner.TryGetAsync("^acme:key", writer, token)).Returns(new ValueTask<bool>(true));
        _inner.Setup(inner => inner.Set("^acme:key", sequence, Options));
        _inner.Setup(inner => inner.SetAsync("^acme:key", sequence, Options, token)).Returns(ValueTask.CompletedTask);
        using var container = Container(_inner.Object);
        var cache = (IBufferDistributedCache)container.Services.GetRequiredService<IDistributedCache>();
        using var scope = container.Services.GetRequiredService<ITenantContext>().Use("acme");

        Assert.Same(Value, cache.Get("key"));
        Assert.Same(answer, cache.GetAsync("key", token));
        cache.Set("key", Value, Options);
        Assert.Same(done, cache.SetAsync("key", Value, Options, token));
        cache.Refresh("key");
        Assert.Same(done, cache.RefreshAsync("key", token));
        cache.Remove("key");
        Assert.Same(done, cache.RemoveAsync("key", token));
        Assert.True(cache.TryGet("key", writer));
        Assert.True(await cache.TryGetAsync("key", writer, token));
        cache.Set("key", sequence, Options);
        await cache.SetAsync("key", sequence, Options, token);

        _inner.VerifyAll();
    }

    [Fact]
    public void TakesBuffersOnlyWhereTheCacheDoes()
    {
        using var plain = Container(new DictionaryCache());
        using var buffers = Container(new BufferCache());

        Assert.IsNotType<IBufferDistributedCache>(plain.Services.GetRequiredService<IDistributedCache>(), exactMatch: false);
        Assert.IsType<IBufferDistributedCache>(buffers.Services.GetRequiredService<IDistributedCache>(), exactMatch: false);
    }

    [Fact]
    public void WhatTheHostKeepsIsWhatTheCacheHeldBeforeThereWereTenants()
    {
        var inner = new DictionaryCache();
        inner.Set("a:b^c", Value, Options);
        using var container = Container(inner);

        using (container.Services.GetRequiredService<ITenantContext>().UseHost())
            Assert.Equal(Value, container.Services.GetRequiredService<IDistributedCache>().Get("a:b^c"));
    }

    [Fact]
    public void ANullKeyIsRefusedByTheCacheItself()
    {
        using var container = Container(new DictionaryCache());
        using var scope = container.Services.GetRequiredService<ITenantContext>().Use("acme");

        Assert.Equal("key", Assert.Throws<ArgumentNullException>(() => container.Services.GetRequiredService<IDistributedCache>().Get(null!)).ParamName);
    }

    private static TestContainer Container(IDistributedCache inner) => new(services => services.AddSingleton(inner).AddBoundedCacheTenants());
}
