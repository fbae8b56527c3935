using System.Buffers;
using BoundedCache.Tests.Support;
using Microsoft.Extensions.Caching.Distributed;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;

namespace BoundedCache.Tests.Tenancy;

public sealed class MissingTenantTests
{
    private static readonly DistributedCacheEntryOptions NoExpiry = new();
    private static readonly byte[] Value = [1];

    public static TheoryData<string> Providers => ["bounded", "foreign", "foreign with buffers"];

    [Theory]
    [MemberData(nameof(Providers))]
    public async Task EveryMemberThrowsAndTheCacheIsNotTouched(string provider)
    {
        using var container = Container(provider);
        var cache = container.Services.GetRequiredService<IDistributedCache>();

        AssertTold(Assert.Throws<InvalidOperationException>(() => cache.Get("key")));
        AssertTold(Assert.Throws<InvalidOperationException>(() => cache.Set("key", Value, NoExpiry)));
        AssertTold(Assert.Throws<InvalidOperationException>(() => cache.Refresh("key")));
        AssertTold(Assert.Throws<InvalidOperationException>(() => cache.Remove("key")));
        await AssertFaultedAsync(cache.GetAsync("key", CancellationToken.None));
        await AssertFaultedAsync(cache.SetAsync("key", Value, NoExpiry, CancellationToken.None));
        await AssertFaultedAsync(cache.RefreshAsync("key", CancellationToken.None));
        await AssertFaultedAsync(cache.RemoveAsync("key", CancellationToken.None));
        if (cache is IBufferDistributedCache buffers)
        {
            AssertTold(Assert.Throws<InvalidOperationException>(() => buffers.TryGet("key", new ArrayBufferWriter<byte>())));
            AssertTold(Assert.Throws<InvalidOperationException>(() => buffers.Set("key", new ReadOnlySequence<byte>(Value), NoExpiry)));
            await AssertFaultedAsync(buffers.TryGetAsync("key", new ArrayBufferWriter<byte>(), CancellationToken.None).AsTask());
            await AssertFaultedAsync(buffers.SetAsync("key", new ReadOnlySequence<byte>(Value), NoExpiry, CancellationToken.None).AsTask());
        }

        Assert.Empty(container.Services.GetService<DictionaryCache>()?.Calls ?? []);
        Assert.Equal(0, container.Services.GetService<BoundedDistributedCache>()?.GetStatistics().TotalRequests ?? 0);
    }

    [Theory]
    [MemberData(nameof(Providers))]
    public void TheHostPartitionServesWhereTheOptionsSaySo(string provider)
    {
        using var container = Container(provider, options => options.WhenMissing = MissingTenantBehavior.UseHostPartition);
        var (tenants, cache) = Services(container);

        cache.Set("key", Value, NoExpiry);

        Assert.Equal(Value, cache.Get("key"));
        using (tenants.UseHost())
            Assert.Equal(Value, cache.Get("key"));
        using (tenants.Use("acme"))
            Assert.Null(cache.Get("key"));
    }

    [Theory]
    [MemberData(nameof(Providers))]
    public void CodeMayEnterTheHostPartitionAlsoInsideATenant(string provider)
    {
        using var container = Container(provider);
        var (tenants, cache) = Services(container);

        using (tenants.Use("acme"))
        {
            using (tenants.UseHost())
                cache.Set("tenants", Value, NoExpiry);
            Assert.Null(cache.Get("tenants"));
        }

        using (tenants.UseHost())
            Assert.Equal(Value, cache.Get("tenants"));
        Assert.Throws<InvalidOperationException>(() => cache.Get("tenants"));
    }

    [Theory]
    [MemberData(nameof(Providers))]
    public void TheTenantIsAskedForAnewAtEveryCall(string provider)
    {
        using var container = Container(provider);
        var (tenants, cache) = Services(container);

        using (tenants.Use("acme"))
            cache.Set("key", [1], NoExpiry);
        using (tenants.Use("globex"))
            cache.Set("key", [2], NoExpiry);

        using (tenants.Use("acme"))
            Assert.Equal([1], cache.Get("key"));
        using (tenants.Use("globex"))
            Assert.Equal([2], cache.Get("key"));
    }

    [Fact]
    public async Task AnOptionThatIsNoneStopsTheHost()
    {
        var builder = Host.CreateEmptyApplicationBuilder(new HostApplicationBuilderSettings());
        builder.Services.AddBoundedDistributedCache().AddBoundedCacheTenants(options => options.WhenMissing = (MissingTenantBehavior)7);
        using var host = builder.Build();

        var exception = await Assert.ThrowsAsync<OptionsValidationException>(() => host.StartAsync(TestContext.Current.CancellationToken));

        Assert.Contains("Throw, UseHostPartition", exception.Message, StringComparison.Ordinal);
    }

    private static TestContainer Container(string provider, Action<BoundedCacheTenantOptions>? configure = null) => new(services =>
    {
        if (provider == "bounded")
        {
            services.AddBoundedDistributedCache();
        }
        else
        {
            services.AddSingleton(provider == "foreign" ? new DictionaryCache() : new BufferCache());
            services.AddSingleton<IDistributedCache>(container => container.GetRequiredService<DictionaryCache>());
        }

        services.AddBoundedCacheTenants(configure ?? (_ => { }));
    });

    private static (ITenantContext Tenants, IDistributedCache Cache) Services(TestContainer container) =>
        (container.Services.GetRequiredService<ITenantContext>(), container.Services.GetRequiredService<IDistributedCache>());

    private static async Task AssertFaultedAsync(Task task)
    {
        Assert.True(task.IsFaulted);
        AssertTold(await Assert.ThrowsAsync<InvalidOperationException>(() => task));
    }

    private static void AssertTold(InvalidOperationException exception) => Assert.All(
        ["code that is in no tenant", "ITenantContext.Use", "UseBoundedCacheTenants", "ITenantContext.UseHost", "BoundedCacheTenantOptions.WhenMissing = MissingTenantBehavior.UseHostPartition"],
        part => Assert.Contains(part, exception.Message, StringComparison.Ordinal));
}
