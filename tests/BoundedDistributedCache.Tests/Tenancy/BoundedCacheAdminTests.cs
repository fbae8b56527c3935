using BoundedCache.Tenancy;
using BoundedCache.Tests.Support;
using Microsoft.Extensions.Caching.Distributed;
using Microsoft.Extensions.DependencyInjection;

namespace BoundedCache.Tests.Tenancy;

public sealed class BoundedCacheAdminTests
{
    private static readonly DistributedCacheEntryOptions NoExpiry = new();

    [Fact]
    public async Task ClearingATenantLeavesOthersAndTheHostAlone()
    {
        using var container = Container(services => services.AddBoundedDistributedCache());
        foreach (var tenantId in new[] { "acme", "globex", null })
            Set(container, tenantId, "key");

        await Admin(container).ClearTenantAsync("acme", TestContext.Current.CancellationToken);

        Assert.Equal((false, true, true), (Has(container, "acme", "key"), Has(container, "globex", "key"), Has(container, null, "key")));
    }

    [Theory]
    [InlineData("acme")]
    [InlineData(null)]
    public async Task APatternRemovesFromThePartitionThatIsCurrent(string? current)
    {
        using var container = Container(services => services.AddBoundedDistributedCache());
        foreach (var tenantId in new[] { "acme", null })
        {
            Set(container, tenantId, "product:1");
            Set(container, tenantId, "basket:1");
        }

        using (Enter(container, current))
            await Admin(container).RemoveByPatternAsync("product:*", TestContext.Current.CancellationToken);

        Assert.Equal((false, true), (Has(container, current, "product:1"), Has(container, current, "basket:1")));
        Assert.True(Has(container, current is null ? "acme" : null, "product:1"));
    }

    [Fact]
    public async Task APatternNeedsAPartition()
    {
        using var container = Container(services => services.AddBoundedDistributedCache());

        await Assert.ThrowsAsync<InvalidOperationException>(() => Admin(container).RemoveByPatternAsync("*", TestContext.Current.CancellationToken));
    }

    [Fact]
    public void StatisticsAreThoseOfTheTenant()
    {
        using var container = Container(services => services.AddBoundedDistributedCache());
        Set(container, "acme", "key");
        Set(container, "globex", "key");
        Set(container, "globex", "another");
        Has(container, "acme", "key");

        var statistics = Admin(container).GetTenantStatistics("acme");

        Assert.Equal((1, 1, 1), (statistics.Entries, statistics.Sets, statistics.Hits));
    }

    [Fact]
    public async Task EachKeyedCacheHasAnAdminOfItsOwn()
    {
        using var container = Container(services => services.AddBoundedDistributedCache().AddKeyedBoundedDistributedCache("pages"));
        Set(container, "acme", "key");
        Set(container, "acme", "key", "pages");

        await Admin(container, "pages").ClearTenantAsync("acme", TestContext.Current.CancellationToken);
        Assert.Equal((true, false), (Has(container, "acme", "key"), Has(container, "acme", "key", "pages")));

        Set(container, "acme", "key", "pages");
        await Admin(container).ClearTenantAsync("acme", TestContext.Current.CancellationToken);
        Assert.Equal((false, true), (Has(container, "acme", "key"), Has(container, "acme", "key", "pages")));
    }

    [Fact]
    public async Task EveryLevelOfTheCacheIsReachedTheNearTierFirst()
    {
        var pages = new Level(() => true, "pages");
        TestContainer container = null!;
        var level = new Level(() => !Has(container, "acme", "key"));
        container = Container(services => services
            .AddBoundedDistributedCache()
            .AddKeyedBoundedDistributedCache("pages")
            .AddSingleton<ITenantCacheLevel>(level)
            .AddSingleton<ITenantCacheLevel>(pages));
        using var owned = container;
        var token = TestContext.Current.CancellationToken;

        Set(container, "acme", "key");
        await Admin(container).ClearTenantAsync("acme", token);
        Set(container, "acme", "key");
        using (Enter(container, "acme"))
            await Admin(container).RemoveByPatternAsync("k*", token);
        using (Enter(container, null))
            await Admin(container).RemoveByPatternAsync("k*", token);

        Assert.Equal([("acme", null, true), ("acme", "k*", true), (null, "k*", true)], level.Calls);
        Assert.Empty(pages.Calls);
    }

    [Fact]
    public async Task WithoutAnyLevelOfItsOwnThereIsNothingToAdminister()
    {
        using var container = Container(services => services.AddSingleton<IDistributedCache, DictionaryCache>());
        using var scope = Enter(container, "acme");

        await Assert.ThrowsAsync<NotSupportedException>(() => Admin(container).ClearTenantAsync("acme", TestContext.Current.CancellationToken));
        await Assert.ThrowsAsync<NotSupportedException>(() => Admin(container).RemoveByPatternAsync("*", TestContext.Current.CancellationToken));
        Assert.Throws<ArgumentException>("tenantId", () => Admin(container).GetTenantStatistics(""));
        var exception = Assert.Throws<NotSupportedException>(() => Admin(container).GetTenantStatistics("acme"));
        Assert.Contains("another provider", exception.Message, StringComparison.Ordinal);
        Assert.Contains("with the same service key", exception.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task WithoutTenantsTheHostPartitionOfTheCacheBeforeATierIsAdministered()
    {
        using var nearTier = TestCache.Make();
        nearTier.Set("key");
        nearTier.ForTenant("acme").Set("key", [1], NoExpiry);
        using var services = new ServiceCollection()
            .AddSingleton<IDistributedCache>(new TieredCache(nearTier))
            .BuildServiceProvider();
        var admin = BoundedCacheAdmin.Create(services, serviceKey: null);

        Assert.Equal(2, admin.GetStatistics().Entries);
        await admin.ClearAsync(TestContext.Current.CancellationToken);

        Assert.Equal((1, 1), (nearTier.Count, nearTier.ForTenant("acme").Count));
    }

    [Fact]
    public async Task AContainerThatKnowsNoServiceKeysHasAnAdminOfTheCacheWithoutAKey()
    {
        using var container = Container(services => services.AddBoundedDistributedCache());
        Set(container, "acme", "key");

        await BoundedCacheAdmin.Create(new ProviderWithoutKeys(container.Services), serviceKey: null).ClearTenantAsync("acme", TestContext.Current.CancellationToken);

        Assert.False(Has(container, "acme", "key"));
    }

    [Fact]
    public async Task NothingWaitsForTheContextOfTheCaller()
    {
        var answer = new TaskCompletionSource();
        using var container = Container(services => services.AddBoundedDistributedCache().AddSingleton<ITenantCacheLevel>(new Level(() => true, answer: answer.Task)));
        var context = new CountingContext();
        var caller = SynchronizationContext.Current;

        SynchronizationContext.SetSynchronizationContext(context);
        using var scope = Enter(container, "acme");
        Task[] tasks =
        [
            Admin(container).ClearAsync(TestContext.Current.CancellationToken),
            Admin(container).ClearTenantAsync("acme", TestContext.Current.CancellationToken),
            Admin(container).RemoveByPatternAsync("*", TestContext.Current.CancellationToken),
        ];
        SynchronizationContext.SetSynchronizationContext(caller);
        answer.SetResult();
        await Task.WhenAll(tasks);

        Assert.Equal(0, context.Posts);
    }

    [Fact]
    public async Task ABoundedCacheThatAForeignOneTookThePlaceOfIsNotTakenForIt()
    {
        using var container = Container(services => services.AddBoundedDistributedCache().AddSingleton<IDistributedCache, DictionaryCache>());

        await Assert.ThrowsAsync<NotSupportedException>(() => Admin(container).ClearTenantAsync("acme", TestContext.Current.CancellationToken));
    }

    [Fact]
    public async Task AnOtherLevelIsAdministeredAlsoBesideAForeignCache()
    {
        var level = new Level(() => true);
        using var container = Container(services => services.AddSingleton<IDistributedCache, DictionaryCache>().AddSingleton<ITenantCacheLevel>(level));

        await Admin(container).ClearTenantAsync("acme", TestContext.Current.CancellationToken);

        Assert.Single(level.Calls);
    }

    [Fact]
    public async Task AForeignCacheWithAKeyHasAnAdminForTheLevelsBesideIt()
    {
        var level = new Level(() => true, "orders");
        using var container = Container(services => services.AddKeyedSingleton<IDistributedCache, DictionaryCache>("orders").AddSingleton<ITenantCacheLevel>(level));

        await Admin(container, "orders").ClearTenantAsync("acme", TestContext.Current.CancellationToken);

        Assert.Single(level.Calls);
    }

    [Theory]
    [InlineData("acme")]
    [InlineData(null)]
    public async Task WithoutAnIdThePartitionIsTheCurrentOne(string? current)
    {
        var level = new Level(() => true);
        using var container = Container(services => services.AddBoundedDistributedCache().AddSingleton<ITenantCacheLevel>(level));
        string?[] partitions = ["acme", "globex", null];
        foreach (var partition in partitions)
            Set(container, partition, "key");

        using (Enter(container, current))
        {
            Assert.Equal(current is null ? 3 : 1, Admin(container).GetStatistics().Entries);
            await Admin(container).ClearAsync(TestContext.Current.CancellationToken);
        }

        Assert.All(partitions, partition => Assert.Equal(partition != current, Has(container, partition, "key")));
        Assert.Equal((current, null, true), Assert.Single(level.Calls));
    }

    [Fact]
    public async Task WithoutAnIdAndWithoutATenantNothingIsDone()
    {
        using var container = Container(services => services.AddBoundedDistributedCache());

        await Assert.ThrowsAsync<InvalidOperationException>(() => Admin(container).ClearAsync(TestContext.Current.CancellationToken));
        Assert.Throws<InvalidOperationException>(() => Admin(container).GetStatistics());
    }

    [Fact]
    public async Task ACancelledTokenCancelsBeforeAnythingIsDone()
    {
        using var container = Container(services => services.AddBoundedDistributedCache());
        using var scope = Enter(container, "acme");
        Set(container, "acme", "key");

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => Admin(container).ClearTenantAsync("acme", new CancellationToken(canceled: true)));
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => Admin(container).RemoveByPatternAsync("*", new CancellationToken(canceled: true)));

        Assert.True(Has(container, "acme", "key"));
    }

    [Fact]
    public async Task ArgumentsAreChecked()
    {
        using var container = Container(services => services.AddBoundedDistributedCache());
        var admin = Admin(container);

        await Assert.ThrowsAsync<ArgumentNullException>("tenantId", () => admin.ClearTenantAsync(null!, TestContext.Current.CancellationToken));
        await Assert.ThrowsAsync<ArgumentException>("tenantId", () => admin.ClearTenantAsync("", TestContext.Current.CancellationToken));
        await Assert.ThrowsAsync<ArgumentNullException>("pattern", () => admin.RemoveByPatternAsync(null!, TestContext.Current.CancellationToken));
        Assert.Throws<ArgumentNullException>("tenantId", () => admin.GetTenantStatistics(null!));
        Assert.Throws<ArgumentException>("tenantId", () => admin.GetTenantStatistics(""));
    }

    private static TestContainer Container(Action<IServiceCollection> register) => new(services =>
    {
        register(services);
        services.AddBoundedCacheTenants();
    });

    private static IBoundedCacheAdmin Admin(TestContainer container, string? serviceKey = null) => serviceKey is null
        ? container.Services.GetRequiredService<IBoundedCacheAdmin>()
        : container.Services.GetRequiredKeyedService<IBoundedCacheAdmin>(serviceKey);

    private static IDistributedCache Cache(TestContainer container, string? serviceKey) => serviceKey is null
        ? container.Services.GetRequiredService<IDistributedCache>()
        : container.Services.GetRequiredKeyedService<IDistributedCache>(serviceKey);

    private static void Set(TestContainer container, string? tenantId, string key, string? serviceKey = null)
    {
        using var scope = Enter(container, tenantId);
        Cache(container, serviceKey).Set(key, [1], NoExpiry);
    }

    private static bool Has(TestContainer container, string? tenantId, string key, string? serviceKey = null)
    {
        using var scope = Enter(container, tenantId);
        return Cache(container, serviceKey).Get(key) is not null;
    }

    private static IDisposable Enter(TestContainer container, string? tenantId)
    {
        var tenants = container.Services.GetRequiredService<ITenantContext>();
        return tenantId is null ? tenants.UseHost() : tenants.Use(tenantId);
    }

    private sealed class TieredCache(BoundedDistributedCache nearTier) : BufferCache, ITieredCache
    {
        public BoundedDistributedCache NearTier => nearTier;

        public ITenantDecorated WithTenants(AmbientPartition ambient) => throw new NotSupportedException();
    }

    private sealed class CountingContext : SynchronizationContext
    {
        private int _posts;

        public int Posts => Volatile.Read(ref _posts);

        public override void Post(SendOrPostCallback d, object? state)
        {
            Interlocked.Increment(ref _posts);
            base.Post(d, state);
        }
    }

    private sealed class Level(Func<bool> look, object? cacheKey = null, Task? answer = null) : ITenantCacheLevel
    {
        public object? CacheKey => cacheKey;

        public List<(string? TenantId, string? Pattern, bool Seen)> Calls { get; } = [];

        public Task ClearAsync(string? tenantId, CancellationToken cancellationToken)
        {
            Calls.Add((tenantId, null, look()));
            return answer ?? Task.CompletedTask;
        }

        public Task RemoveByPatternAsync(string? tenantId, string pattern, CancellationToken cancellationToken)
        {
            Calls.Add((tenantId, pattern, look()));
            return answer ?? Task.CompletedTask;
        }
    }
}
