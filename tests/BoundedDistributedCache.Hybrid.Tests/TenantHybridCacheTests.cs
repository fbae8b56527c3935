using BoundedCache.Hybrid.Tests.Support;
using CsCheck;
using Microsoft.Extensions.Caching.Hybrid;
using Microsoft.Extensions.DependencyInjection;
using Moq;

namespace BoundedCache.Hybrid.Tests;

/// <summary>
/// With a token that can be cancelled HybridCache runs factory and distributed cache on another thread, where the
/// caller's tenant is gone; without one it mostly stays on the caller's. So everything is tested with both.
/// </summary>
public abstract class TenantHybridCacheTests(CancellationToken token) : IAsyncDisposable
{
    // So that a read finds only what is in the distributed cache.
    private static readonly HybridCacheEntryOptions s_pastLevel1 = new() { Flags = HybridCacheEntryFlags.DisableLocalCache };

    private readonly App _app = App.WithTenants();

    private HybridCache Cache => _app.Hybrid;

    public ValueTask DisposeAsync()
    {
        _app.Dispose();
        GC.SuppressFinalize(this);
        return default;
    }

    [Fact]
    public async Task TenantsHaveEachTheirOwnEntryUnderOneKey()
    {
        Assert.Equal("acme's", await GetAsync("acme", "price", created: "acme's"));
        Assert.Equal("zenith's", await GetAsync("zenith", "price", created: "zenith's"));
        Assert.Equal("host's", await GetAsync(null, "price", created: "host's"));

        Assert.Equal("acme's", await GetAsync("acme", "price"));
        Assert.Equal("zenith's", await GetAsync("zenith", "price"));
        Assert.Equal("host's", await GetAsync(null, "price"));
    }

    [Fact]
    public async Task SetStoresForTheTenantAlone()
    {
        await SetAsync("acme", "price", "acme's");

        Assert.Equal("acme's", await GetAsync("acme", "price"));
        Assert.Null(await GetAsync("zenith", "price"));
        Assert.Null(await GetAsync(null, "price"));
    }

    [Fact]
    public async Task WhatIsStoredInTheDistributedCacheIsTheTenantsUnderItsOwnKey()
    {
        await GetAsync("acme", "created", created: "acme's");
        await SetAsync("acme", "set", "acme's");
        await SetAsync(null, "set by the host", "host's");

        await Eventually.IsTrueAsync(() => _app.Level2Has("acme", "created"));
        Assert.True(_app.Level2Has("acme", "set"));
        Assert.True(_app.Level2Has(null, "set by the host"));
        Assert.False(_app.Level2Has("zenith", "set"));
        Assert.False(_app.Level2Has(null, "set"));
    }

    [Fact]
    public async Task WhatTheMemoryLostComesFromTheDistributedCache()
    {
        await SetAsync("acme", "price", "acme's", s_pastLevel1);

        Assert.Equal("acme's", await GetAsync("acme", "price", options: s_pastLevel1));
        Assert.Null(await GetAsync("zenith", "price", options: s_pastLevel1));
    }

    [Fact]
    public async Task WhatATenantRemovesFromTheDistributedCacheHybridCacheHasNoMore()
    {
        await SetAsync("acme", "price", "acme's", s_pastLevel1);
        using (_app.Tenants.Use("acme"))
            await _app.Level2().RemoveAsync("price", token);

        Assert.Null(await GetAsync("acme", "price", options: s_pastLevel1));
    }

    [Fact]
    public async Task RemoveRemovesTheTenantsOwnEntryFromBothLevels()
    {
        await SetForAllAsync("price");

        using (_app.Tenants.Use("acme"))
            await Cache.RemoveAsync("price", token);

        Assert.Equal([null, "zenith's", "host's"], await GetForAllAsync("price"));
        Assert.False(_app.Level2Has("acme", "price"));
        Assert.True(_app.Level2Has("zenith", "price"));
        Assert.True(_app.Level2Has(null, "price"));
    }

    [Fact]
    public async Task RemoveOfSeveralKeysRemovesTheTenantsOwnEntries()
    {
        await SetForAllAsync("price");
        await SetForAllAsync("stock");

        using (_app.Tenants.Use("acme"))
            await Cache.RemoveAsync(["price", "stock"], token);

        Assert.Equal([null, "zenith's", "host's"], await GetForAllAsync("price"));
        Assert.Equal([null, "zenith's", "host's"], await GetForAllAsync("stock"));
    }

    [Fact]
    public async Task RemoveByTagRemovesTheTenantsOwnEntries()
    {
        await SetForAllAsync("price", "prices");
        await SetForAllAsync("stock", "stocks");

        using (_app.Tenants.Use("acme"))
            await Cache.RemoveByTagAsync("prices", token);

        Assert.Equal([null, "zenith's", "host's"], await GetForAllAsync("price"));
        Assert.Equal(["acme's", "zenith's", "host's"], await GetForAllAsync("stock"));
        Assert.Equal([null, "zenith's", "host's"], await GetForAllAsync("price", s_pastLevel1));
    }

    [Fact]
    public async Task RemoveByTagOfTheHostRemovesTheHostsOwnEntries()
    {
        await SetForAllAsync("price", "prices");

        using (_app.Tenants.UseHost())
            await Cache.RemoveByTagAsync("prices", token);

        Assert.Equal(["acme's", "zenith's", null], await GetForAllAsync("price"));
    }

    [Fact]
    public async Task RemoveBySeveralTagsRemovesTheTenantsOwnEntries()
    {
        await SetForAllAsync("price", "prices");
        await SetForAllAsync("stock", "stocks");

        using (_app.Tenants.Use("acme"))
            await Cache.RemoveByTagAsync(["prices", " ", "stocks"], token);

        Assert.Equal([null, "zenith's", "host's"], await GetForAllAsync("price"));
        Assert.Equal([null, "zenith's", "host's"], await GetForAllAsync("stock"));
    }

    [Fact]
    public void TheTenantIsTakenAtTheCallWheneverTheOthersAreEnumerated()
    {
        var given = new List<IEnumerable<string>>();
        var inner = new Mock<HybridCache>();
        inner.Setup(cache => cache.RemoveAsync(Capture.In(given), token));
        inner.Setup(cache => cache.RemoveByTagAsync(Capture.In(given), token));
        inner.Setup(cache => cache.SetAsync(It.IsAny<string>(), "", null, Capture.In(given), token));
        using var app = new App(services => services.AddSingleton(inner.Object).AddBoundedCacheHybridTenants());

        using (app.Tenants.Use("acme"))
        {
            _ = app.Hybrid.RemoveAsync(new[] { "a" }.Where(_ => true), token);
            _ = app.Hybrid.RemoveByTagAsync(new[] { "a" }.Where(_ => true), token);
            _ = app.Hybrid.SetAsync("", "", tags: new[] { "a" }.Where(_ => true), cancellationToken: token);
        }

        var encoded = HybridKey.Encode("acme", "a");
        Assert.Equal<IEnumerable<string>>([[encoded], [encoded], [HybridKey.Everything("acme"), encoded]], given);
    }

    [Theory]
    [InlineData("acme", new[] { null, "zenith's", "host's" })]
    [InlineData(null, new[] { "acme's", "zenith's", null })]
    public async Task TheStarRemovesEverythingOfItsPartitionAndNothingElse(string? tenantId, string?[] left)
    {
        await SetForAllAsync("untagged");
        await SetForAllAsync("tagged", "prices", "stocks");

        using (_app.Enter(tenantId))
            await Cache.RemoveByTagAsync("*", token);

        Assert.Equal(left, await GetForAllAsync("untagged"));
        Assert.Equal(left, await GetForAllAsync("tagged"));
        Assert.Equal(left, await GetForAllAsync("tagged", s_pastLevel1));
    }

    [Fact]
    public async Task WhatIsSetAfterTheStarStays()
    {
        await SetAsync("acme", "price", "old");
        using (_app.Tenants.Use("acme"))
            await Cache.RemoveByTagAsync(["*"], token);

        await SetAsync("acme", "price", "new");

        Assert.Equal("new", await GetAsync("acme", "price"));
        Assert.Equal("new", await GetAsync("acme", "price", options: s_pastLevel1));
    }

    [Fact]
    public async Task NothingToRemoveIsNoError()
    {
        using (_app.Tenants.Use("acme"))
        {
            await Cache.RemoveAsync((IEnumerable<string>)null!, token);
            await Cache.RemoveByTagAsync((IEnumerable<string>)null!, token);
            await Cache.RemoveByTagAsync(" ", token);
            await Cache.RemoveAsync("never set", token);
            await Cache.RemoveByTagAsync("never used", token);
        }
    }

    [Fact]
    public async Task WhatHybridCacheKeepsForItsTagsIsTheHosts()
    {
        using (_app.Tenants.Use("acme"))
            await Cache.RemoveByTagAsync("prices", token);

        var key = "__MSFT_HCT__" + HybridKey.Encode("acme", "prices");
        Assert.True(_app.Level2Has(null, key));
        Assert.False(_app.Level2Has("acme", key));
    }

    [Fact]
    public async Task EveryKindOfKeyNamesTheSameEntry()
    {
        using (_app.Tenants.Use("acme"))
        {
            var number = 42;
            var text = await Cache.GetOrCreateAsync("product:42", _ => ValueTask.FromResult("string"), cancellationToken: token);
            var span = await Cache.GetOrCreateAsync("product:42".AsSpan(), _ => ValueTask.FromResult("span"), cancellationToken: token);
            var spanWithState = await Cache.GetOrCreateAsync("product:42".AsSpan(), 0, (_, _) => ValueTask.FromResult("span"), cancellationToken: token);
            var interpolated = await Cache.GetOrCreateAsync($"product:{number}", _ => ValueTask.FromResult("interpolated"), cancellationToken: token);

            Assert.Equal(["string", "string", "string", "string"], [text, span, spanWithState, interpolated]);
        }

        using (_app.Tenants.Use("zenith"))
            Assert.Equal("span", await Cache.GetOrCreateAsync("product:42".AsSpan(), _ => ValueTask.FromResult("span"), cancellationToken: token));
    }

    [Fact]
    public async Task TheFactoryRunsInTheTenantOfTheCaller()
    {
        var seen = new List<string?>();
        using (_app.Tenants.Use("acme"))
        {
            await Cache.GetOrCreateAsync(
                "price",
                async cancellation =>
                {
                    seen.Add(_app.Tenants.TenantId);
                    await Task.Yield();
                    seen.Add(_app.Tenants.TenantId);
                    seen.Add(await Task.Run(() => _app.Tenants.TenantId, cancellation));
                    await _app.Level2().SetAsync("from the factory", [], new(), cancellation);
                    return "";
                },
                cancellationToken: token);

            Assert.Equal("acme", _app.Tenants.TenantId);
        }

        Assert.Equal(["acme", "acme", "acme"], seen);
        Assert.True(_app.Level2Has("acme", "from the factory"));
        Assert.Null(_app.Tenants.TenantId);
    }

    [Fact]
    public async Task TheFactoryOfTheHostRunsInTheHostPartition()
    {
        using (_app.Tenants.UseHost())
            Assert.True(await Cache.GetOrCreateAsync("tenants", _ => ValueTask.FromResult(_app.Tenants.IsHost), cancellationToken: token));
    }

    [Fact]
    public async Task AFactoryMayAskHybridCacheItself()
    {
        await SetAsync("acme", "inner", "acme's");

        using (_app.Tenants.Use("acme"))
        {
            Assert.Equal("acme's", await Cache.GetOrCreateAsync(
                "outer",
                cancellation => Cache.GetOrCreateAsync("inner", _ => ValueTask.FromResult("created"), cancellationToken: cancellation),
                cancellationToken: token));
        }
    }

    [Fact]
    public async Task WhatTheFactoryThrowsReachesTheCaller()
    {
        using (_app.Tenants.Use("acme"))
        {
            await Assert.ThrowsAsync<TimeoutException>(async () =>
                await Cache.GetOrCreateAsync<string>("price", _ => throw new TimeoutException(), cancellationToken: token));
        }

        Assert.Equal("acme's", await GetAsync("acme", "price", created: "acme's"));
    }

    [Fact]
    public async Task CallersOfOneTenantShareAFactoryAndOthersHaveTheirOwn()
    {
        var mayGoOn = new TaskCompletionSource();
        var runs = new List<string?>();
        var gets = new List<Task<string?>>();
        foreach (var tenantId in new[] { "acme", "zenith", "acme", "zenith" })
        {
            using (_app.Tenants.Use(tenantId))
            {
                gets.Add(Cache.GetOrCreateAsync(
                    "price",
                    async _ =>
                    {
                        lock (runs)
                            runs.Add(_app.Tenants.TenantId);
                        await mayGoOn.Task;
                        return _app.Tenants.TenantId;
                    },
                    cancellationToken: token).AsTask());
            }
        }

        await Eventually.IsTrueAsync(() => Count() == 2);
        mayGoOn.SetResult();

        Assert.Equal(["acme", "zenith", "acme", "zenith"], await Task.WhenAll(gets));
        Assert.Equal(["acme", "zenith"], runs.Order());

        int Count()
        {
            lock (runs)
                return runs.Count;
        }
    }

    [Fact]
    public async Task ManyTenantsAtOnceNeverGetAnothersValue()
    {
        var options = new HybridCacheEntryOptions { LocalCacheExpiration = TimeSpan.FromTicks(1) };
        await Parallel.ForAsync(0, 2_000, TestContext.Current.CancellationToken, async (number, _) =>
        {
            var tenantId = $"tenant {number % 20}";
            using (_app.Tenants.Use(tenantId))
            {
                var got = await Cache.GetOrCreateAsync(
                    $"key {number % 7}",
                    async cancellation =>
                    {
                        await Task.Yield();
                        return await Task.Run(() => _app.Tenants.TenantId, cancellation);
                    },
                    number % 2 == 0 ? options : null,
                    tags: [$"tag {number % 3}"],
                    cancellationToken: token);

                Assert.Equal(tenantId, got);
                if (number % 10 == 0)
                    await Cache.RemoveByTagAsync($"tag {number % 3}", token);
            }
        });
    }

    [Fact]
    public async Task WithoutATenantEveryMemberThrowsAndTouchesNothing()
    {
        var members = new Dictionary<string, Func<Task>>
        {
            ["get"] = () => Cache.GetOrCreateAsync("price", _ => Unexpected(), cancellationToken: token).AsTask(),
            ["get by span"] = () => Cache.GetOrCreateAsync("price".AsSpan(), _ => Unexpected(), cancellationToken: token).AsTask(),
            ["set"] = () => Cache.SetAsync("price", "nobody's", cancellationToken: token).AsTask(),
            ["remove"] = () => Cache.RemoveAsync("price", token).AsTask(),
            ["remove several"] = () => Cache.RemoveAsync(["price"], token).AsTask(),
            ["remove by tag"] = () => Cache.RemoveByTagAsync("prices", token).AsTask(),
            ["remove by several tags"] = () => Cache.RemoveByTagAsync(["prices"], token).AsTask(),
            ["remove everything"] = () => Cache.RemoveByTagAsync("*", token).AsTask(),
        };
        await SetForAllAsync("price", "prices");

        foreach (var (name, member) in members)
        {
            var error = await Assert.ThrowsAsync<InvalidOperationException>(member);
            Assert.True(error.Message.Contains(nameof(ITenantContext), StringComparison.Ordinal), name);
        }

        Assert.Equal(["acme's", "zenith's", "host's"], await GetForAllAsync("price"));

        static ValueTask<string> Unexpected() => throw new NotSupportedException();
    }

    [Fact]
    public async Task WithoutATenantTheHostPartitionIsUsedWhereTheOptionsSaySo()
    {
        using var app = new App(services => services.AddBoundedDistributedCache()
            .AddBoundedCacheHybridTenants(options => options.WhenMissing = MissingTenantBehavior.UseHostPartition));

        await app.Hybrid.SetAsync("price", "host's", cancellationToken: token);

        Assert.True(app.Level2Has(null, "price"));
        Assert.Equal("host's", await app.Hybrid.GetOrCreateAsync("price", _ => ValueTask.FromResult("created"), cancellationToken: token));
        using (app.Tenants.Use("acme"))
            Assert.Equal("created", await app.Hybrid.GetOrCreateAsync("price", _ => ValueTask.FromResult("created"), cancellationToken: token));
    }

    [Theory]
    [InlineData("*")]
    [InlineData("")]
    [InlineData(" ")]
    public async Task ATagThatHybridCacheRefusesIsRefused(string tag)
    {
        using (_app.Tenants.Use("acme"))
        {
            await Assert.ThrowsAsync<ArgumentException>("tags", () =>
                Cache.GetOrCreateAsync("price", _ => ValueTask.FromResult(""), tags: [tag], cancellationToken: token).AsTask());
            await Assert.ThrowsAsync<ArgumentException>("tags", () =>
                Cache.SetAsync("price", "", tags: [tag], cancellationToken: token).AsTask());
        }
    }

    [Fact]
    public async Task NullsAreRefused()
    {
        using (_app.Tenants.Use("acme"))
        {
            await Assert.ThrowsAsync<ArgumentNullException>("key", () => Cache.GetOrCreateAsync((string)null!, _ => ValueTask.FromResult(""), cancellationToken: token).AsTask());
            await Assert.ThrowsAsync<ArgumentNullException>("factory", () => Cache.GetOrCreateAsync<int, string>("price", 0, null!, cancellationToken: token).AsTask());
            await Assert.ThrowsAsync<ArgumentNullException>("factory", () => Cache.GetOrCreateAsync<int, string>("price".AsSpan(), 0, null!, cancellationToken: token).AsTask());
            await Assert.ThrowsAsync<ArgumentNullException>("key", () => Cache.SetAsync(null!, "", cancellationToken: token).AsTask());
            await Assert.ThrowsAsync<ArgumentNullException>("key", () => Cache.RemoveAsync((string)null!, token).AsTask());
            await Assert.ThrowsAsync<ArgumentNullException>("key", () => Cache.RemoveAsync([null!], token).AsTask());
        }
    }

    [Fact]
    public async Task TheLongestKeyFitsWithTheLongestTenant()
    {
        var tenantId = new string('t', 256);
        var key = new string('k', new HybridCacheOptions().MaximumKeyLength);

        await GetAsync(tenantId, key, created: "created");

        Assert.Equal("created", await GetAsync(tenantId, key));
        Assert.Empty(_app.Errors());
    }

    [Fact]
    public async Task AKeyThatHybridCacheRefusesIsStillRefused()
    {
        await GetAsync("acme", "line\nbreak", created: "created");

        Assert.Null(await GetAsync("acme", "line\nbreak"));
        Assert.NotEmpty(_app.Errors());
        _app.ForgetErrors();
    }

    [Fact]
    public async Task AKeyWithHalfASurrogatePairIsKeptInMemoryAndKeptApart()
    {
        Assert.Equal("acme's", await GetAsync("acme", "\uD83D", created: "acme's"));
        Assert.Equal("zenith's", await GetAsync("zenith", "\uD83D", created: "zenith's"));
        Assert.Equal("zenith's other", await GetAsync("zenith", "\uD83E", created: "zenith's other"));

        Assert.Equal("acme's", await GetAsync("acme", "\uD83D"));
        Assert.Equal("zenith's", await GetAsync("zenith", "\uD83D"));
        Assert.NotEmpty(_app.Errors());
        _app.ForgetErrors();
    }

    [Fact]
    public async Task AnEmptyKeyIsAKeyLikeAnyOther()
    {
        Assert.Equal("acme's", await GetAsync("acme", "", created: "acme's"));
        Assert.Equal("zenith's", await GetAsync("zenith", "", created: "zenith's"));

        Assert.Equal("acme's", await GetAsync("acme", ""));
    }

    // Few characters, so that whatever could be mistaken for something else turns up often.
    private static readonly Gen<string> s_text = Gen.OneOf(Gen.Const("a"), Gen.Const("\u007F"), Gen.Const("*"), Gen.Const("__MSFT_HCT__"), Gen.Const("\U0001F600"))
        .Array[0, 3].Select(string.Concat);

    private static readonly Gen<string?> s_partition = Gen.Frequency(
        (1, Gen.Const((string?)null)),
        (4, Gen.Char["ab*é"].Array[1, 3].Select(units => (string?)new string(units))));

    private static readonly Gen<(string? TenantId, string Key, string Tag, int Kind)[]> s_operations = Gen.Select(
        s_partition,
        s_text.Where(text => text.Length > 0),
        s_text.Where(text => text.Length > 0 && text != "*"),
        Gen.Int[0, 9]).Array[1, 40];

    [Fact]
    public Task WhateverTheKeysAndTenantsNoneEverSeesOrChangesAnothers() => s_operations.SampleAsync(
        async operations =>
        {
            using var app = App.WithTenants();
            var expected = new Dictionary<(string? TenantId, string Key), (string Value, string Tag)>();
            for (var number = 0; number < operations.Length; number++)
            {
                var (tenantId, key, tag, kind) = operations[number];
                var value = $"{number}";
                using (app.Enter(tenantId))
                {
                    switch (kind)
                    {
                        case 0:
                            await app.Hybrid.RemoveAsync(key, token);
                            expected.Remove((tenantId, key));
                            break;
                        case 1:
                            await app.Hybrid.RemoveByTagAsync(tag, token);
                            Forget(entry => entry.Key.TenantId == tenantId && entry.Value.Tag == tag);
                            break;
                        case 2:
                            await app.Hybrid.RemoveByTagAsync("*", token);
                            Forget(entry => entry.Key.TenantId == tenantId);
                            break;
                        case 3:
                            await app.Hybrid.SetAsync(key, value, tags: [tag], cancellationToken: token);
                            expected[(tenantId, key)] = (value, tag);
                            break;
                        default:
                            var got = await app.Hybrid.GetOrCreateAsync(
                                key, _ => ValueTask.FromResult(value), kind < 7 ? s_pastLevel1 : null, tags: [tag], cancellationToken: token);
                            if (!expected.TryGetValue((tenantId, key), out var known))
                                expected[(tenantId, key)] = known = (value, tag);
                            Assert.Equal(known.Value, got);
                            await Eventually.IsTrueAsync(() => app.Level2Has(tenantId, key));
                            break;
                    }
                }
            }

            void Forget(Func<KeyValuePair<(string? TenantId, string Key), (string Value, string Tag)>, bool> condition)
            {
                foreach (var entry in expected.Where(condition).ToList())
                    expected.Remove(entry.Key);
            }
        },
        iter: 300);

    private async Task SetForAllAsync(string key, params string[] tags)
    {
        foreach (var (tenantId, value) in new[] { ("acme", "acme's"), ("zenith", "zenith's"), (null, "host's") })
            await SetAsync(tenantId, key, value, tags: tags);
    }

    private async Task<string?[]> GetForAllAsync(string key, HybridCacheEntryOptions? options = null) =>
        [await GetAsync("acme", key, options: options), await GetAsync("zenith", key, options: options), await GetAsync(null, key, options: options)];

    private async Task SetAsync(string? tenantId, string key, string value, HybridCacheEntryOptions? options = null, string[]? tags = null)
    {
        using (_app.Enter(tenantId))
            await Cache.SetAsync(key, value, options, tags, token);
    }

    /// <returns>What was cached or <paramref name="created"/>; where that is left out, only what was cached.</returns>
    private async Task<string?> GetAsync(string? tenantId, string key, string? created = null, HybridCacheEntryOptions? options = null)
    {
        using (_app.Enter(tenantId))
        {
            return created is not null
                ? await Cache.GetOrCreateAsync(key, _ => ValueTask.FromResult<string?>(created), options, cancellationToken: token)
                : await Cache.GetOrCreateAsync<string?>(
                    key,
                    _ => throw new NotSupportedException(),
                    new() { Flags = (options?.Flags ?? HybridCacheEntryFlags.None) | HybridCacheEntryFlags.DisableUnderlyingData },
                    cancellationToken: token);
        }
    }

    public sealed class WithACancellableToken() : TenantHybridCacheTests(TestContext.Current.CancellationToken);

    public sealed class WithoutAToken() : TenantHybridCacheTests(CancellationToken.None);
}
