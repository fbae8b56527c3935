using Microsoft.Extensions.Caching.Distributed;
using Microsoft.Extensions.DependencyInjection;

namespace BoundedCache.Redis.Tests;

/// <summary>Tenants, and removal by tenant and by pattern, over both tiers and on every node.</summary>
public sealed class RemovalTests(SharedServer shared)
{
    private readonly string _instance = $"rem[o]val-{Guid.NewGuid():N}:";

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task TenantsDoNotSeeOneAnothersEntriesInEitherTier()
    {
        await using var node = await StartAsync();
        await SetAsync(node, "acme", "key", "of acme");
        await SetAsync(node, "umbrella", "key", "of umbrella");

        Assert.Equal("of acme", await GetAsync(node, "acme", "key"));
        node.Near.Clear();
        Assert.Equal("of acme", await GetAsync(node, "acme", "key"));
        Assert.Equal("of umbrella", await GetAsync(node, "umbrella", "key"));
        Assert.Null(await GetAsync(node, null, "key"));
        await Assert.ThrowsAsync<InvalidOperationException>(() => node.Cache.GetAsync("key", Token));
    }

    [Fact]
    public async Task LimitsOfTenantsHoldForTheNearTier()
    {
        await using var node = await StartAsync(services => services.AddBoundedDistributedCache(options => options.MaxEntriesPerTenant = 3));

        for (var i = 0; i < 10; i++)
            await SetAsync(node, "acme", $"key{i}", "value");

        Assert.Equal(3, node.Near.ForTenant("acme").Count);
        Assert.Equal("value", await GetAsync(node, "acme", "key0"));
    }

    [Fact]
    public async Task WhereTheNextNamesCantBeHadItEndsWithTheRemovalsThatAreUnderWay()
    {
        await using var server = await RedisServer.StartAsync(); // all names in one page
        await using var wire = new Wire(server.Port);
        await using var node = await Node.StartAsync(wire.Address, _instance, Token, options =>
        {
            options.MaxOperationsInFlight = 2;
            options.QueueTimeout = TimeSpan.FromMilliseconds(200);
        });
        for (var i = 0; i < 20; i++)
            await node.SetAsync($"key{i}", "value", Token);
        wire.HoldAnswersFrom("HEXISTS");

        var removing = node.Services.GetRequiredService<IBoundedCacheAdmin>().RemoveByPatternAsync("*", Token);
        await Eventually.IsTrueAsync(() => node.Tier.Operations.Counters.Read(OperationKind.Scan, RedisTierFailure.Busy) > 0, Token);
        Assert.NotSame(removing, await Task.WhenAny(removing, Task.Delay(500, Token)));
        wire.ReleaseAnswers();

        Assert.Equal(RedisTierFailure.Busy, (await Assert.ThrowsAsync<RedisTierException>(() => removing)).Failure);
        Assert.Equal(0, node.Tier.Operations.Gate.InFlight);
    }

    [Fact]
    public async Task WhereItIsCancelledItEndsWithTheRemovalsThatAreUnderWay()
    {
        await using var wire = new Wire(shared.Server.Port);
        await using var node = await Node.StartAsync(wire.Address, _instance, Token);
        await node.Cache.RemoveAsync("other", Token); // from now on the server knows the script
        await node.SetAsync("key", "value", Token);
        await using var redis = await shared.Server.ConnectAsync();
        using var cancelled = new CancellationTokenSource();
        wire.HoldAnswersFrom("EVALSHA");

        var removing = node.Services.GetRequiredService<IBoundedCacheAdmin>().RemoveByPatternAsync("*", cancelled.Token);
        await Eventually.IsTrueAsync(async () => !await redis.GetDatabase().KeyExistsAsync(_instance + "key"), Token);
        await cancelled.CancelAsync();
        Assert.NotSame(removing, await Task.WhenAny(removing, Task.Delay(500, Token)));
        wire.ReleaseAnswers();

        await Record.ExceptionAsync(() => removing);
        Assert.Equal(0, node.Tier.Operations.Gate.InFlight);
    }

    [Fact]
    public async Task ClearingATenantClearsItEverywhereAndNobodyElse()
    {
        await using var node = await StartAsync();
        await using var other = await StartAsync();
        for (var i = 0; i < 300; i++)
            await SetAsync(node, "acme", $"key{i}", "value");
        await SetAsync(node, "acme:x", "key", "value");
        await SetAsync(node, null, "key", "value");
        Assert.Equal("value", await GetAsync(other, "acme", "key1"));

        await node.Services.GetRequiredService<IBoundedCacheAdmin>().ClearTenantAsync("acme", Token);

        for (var i = 0; i < 300; i++)
            Assert.Null(await GetAsync(node, "acme", $"key{i}"));
        await Eventually.IsTrueAsync(async () => await GetAsync(other, "acme", "key1") is null, Token);
        Assert.Equal("value", await GetAsync(node, "acme:x", "key"));
        Assert.Equal("value", await GetAsync(node, null, "key"));
    }

    [Theory]
    [InlineData("user:*", "user:1", "user:22", "user:", "user:é")]
    [InlineData("user:?", "user:1", "user:é")]
    [InlineData("*[x]*", "a[x]b")]
    [InlineData("*\\*", "back\\slash")]
    [InlineData("^*", "^caret")]
    [InlineData("caret^*", "caret^1")]
    [InlineData("*", "user:1", "user:22", "user:", "user:é", "a[x]b", "axb", "back\\slash", "^caret", "caret^1", "键")]
    [InlineData("键", "键")]
    [InlineData("nothing")]
    public async Task APatternRemovesWhatItMatchesAndNothingElse(string pattern, params string[] matches)
    {
        string[] keys = ["user:1", "user:22", "user:", "user:é", "a[x]b", "axb", "back\\slash", "^caret", "caret^1", "键"];
        await using var node = await StartAsync();
        foreach (var tenant in new[] { null, "acme" })
        {
            foreach (var key in keys)
                await SetAsync(node, tenant, key, "value");
        }

        var admin = node.Services.GetRequiredService<IBoundedCacheAdmin>();
        using (Enter(node, "acme"))
            await admin.RemoveByPatternAsync(pattern, Token);

        foreach (var key in keys)
        {
            Assert.Equal(matches.Contains(key) ? null : "value", await GetAsync(node, "acme", key));
            Assert.Equal("value", await GetAsync(node, null, key));
        }

        using (Enter(node, null))
            await admin.RemoveByPatternAsync(pattern, Token);
        foreach (var key in keys)
            Assert.Equal(matches.Contains(key) ? null : "value", await GetAsync(node, null, key));
    }

    [Fact]
    public async Task WithoutTenantsAPatternRemovesToo()
    {
        await using var node = await Node.StartAsync(shared.Server.Address, _instance, Token);
        await node.SetAsync("user:1", "value", Token);
        await node.SetAsync("page:1", "value", Token);

        await node.Services.GetRequiredService<IBoundedCacheAdmin>().RemoveByPatternAsync("user:*", Token);

        Assert.Null(await node.GetAsync("user:1", Token));
        Assert.Equal("value", await node.GetAsync("page:1", Token));
    }

    [Fact]
    public async Task WhatIsNoEntryOfACacheStays()
    {
        await using var node = await Node.StartAsync(shared.Server.Address, _instance, Token);
        await using var redis = await shared.Server.ConnectAsync();
        await redis.GetDatabase().StringSetAsync(_instance + "counter", 1);
        await redis.GetDatabase().HashSetAsync(_instance + "hash", [new("other", 1)]);

        await node.Services.GetRequiredService<IBoundedCacheAdmin>().ClearAsync(Token);

        Assert.True(await redis.GetDatabase().KeyExistsAsync(_instance + "counter"));
        Assert.True(await redis.GetDatabase().KeyExistsAsync(_instance + "hash"));
    }

    private Task<Node> StartAsync(Action<IServiceCollection>? more = null) =>
        Node.StartAsync(shared.Server.Address, _instance, Token, services: services =>
        {
            services.AddBoundedCacheTenants();
            more?.Invoke(services);
        });

    private static IDisposable Enter(Node node, string? tenant)
    {
        var tenants = node.Services.GetRequiredService<ITenantContext>();
        return tenant is null ? tenants.UseHost() : tenants.Use(tenant);
    }

    private static async Task SetAsync(Node node, string? tenant, string key, string value)
    {
        using (Enter(node, tenant))
            await node.Cache.SetAsync(key, Text.Bytes(value), new DistributedCacheEntryOptions(), Token);
    }

    private static async Task<string?> GetAsync(Node node, string? tenant, string key)
    {
        using (Enter(node, tenant))
            return await node.GetAsync(key, Token);
    }
}
