using System.Net;
using System.Text.Json;
using System.Text.RegularExpressions;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.Caching.Distributed;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace BoundedCache.AspNetCore.Tests.Dashboard;

public sealed partial class MapBoundedCacheDashboardTests
{
    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    [Fact]
    public async Task PageHoldsNoStyleAndNoScriptOfItsOwn()
    {
        await using var site = await OpenAsync();

        var html = await ReadAsync(site, "/cache");

        Assert.DoesNotMatch(Inline(), html);
        Assert.Equal(2, Regex.Count(html, "<script src=|<link rel=\"stylesheet\" href="));
    }

    [Theory]
    [InlineData("/cache", "/cache", "./cache/")]
    [InlineData("/cache", "/cache/", "./")]
    [InlineData("/", "/", "./")]
    [InlineData("/ops/{area}/cache", "/ops/a%20b/cache", "./cache/")]
    [InlineData("/ops/{name}", "/ops/%22%3E%3Cb%3E", "./%22%3E%3Cb%3E/")]
    public async Task PageNamesItsPartsRelativeToItself(string pattern, string path, string expected)
    {
        await using var site = await OpenAsync(app => app.MapBoundedCacheDashboard(pattern));

        var html = await ReadAsync(site, path);

        Assert.Contains($"<script src=\"{expected}dashboard.js\"", html);
        using var script = await site.AskAsync(new Uri(new Uri(site.Http.BaseAddress!, path), $"{expected}dashboard.js").PathAndQuery);
        Assert.Equal("text/javascript", script.Content.Headers.ContentType!.MediaType);
    }

    [Fact]
    public async Task PageWorksBelowAPathBase()
    {
        await using var site = await Site.OpenAsync(
            app => app.MapBoundedCacheDashboard("/"), services => services.AddTransient<IStartupFilter, BelowShop>(), "Development");

        Assert.Contains("src=\"./shop/dashboard.js\"", await ReadAsync(site, "/shop"));
        Assert.Contains("src=\"./dashboard.js\"", await ReadAsync(site, "/shop/"));
    }

    [Fact]
    public async Task PageBringsAPolicyUnlessTheApplicationDoes()
    {
        await using var without = await OpenAsync();
        await using var with = await Site.OpenAsync(
            app => app.MapBoundedCacheDashboard("/cache"),
            services => services.AddTransient<IStartupFilter, OwnPolicy>(), "Development");

        using var brought = await without.AskAsync("/cache");
        using var own = await with.AskAsync("/cache");

        Assert.StartsWith("default-src 'none'; script-src 'self';", brought.Headers.GetValues("Content-Security-Policy").Single());
        Assert.Equal("default-src 'self'", own.Headers.GetValues("Content-Security-Policy").Single());
    }

    [Fact]
    public async Task EveryAnswerForbidsGuessingItsTypeAndTellsHowLongItHolds()
    {
        await using var site = await OpenAsync();

        foreach (var path in Site.Paths)
        {
            using var response = await site.AskAsync(path);
            Assert.Equal("nosniff", response.Headers.GetValues("X-Content-Type-Options").Single());
            Assert.Equal(path.Contains("dashboard", StringComparison.Ordinal), response.Headers.CacheControl!.NoCache);
            Assert.NotEqual(response.Headers.CacheControl.NoCache, response.Headers.CacheControl.NoStore);
        }
    }

    [Fact]
    public async Task FilesAreSentAgainOnlyWhereTheyChanged()
    {
        await using var site = await OpenAsync();
        using var first = await site.AskAsync("/cache/dashboard.js");

        using var again = await site.AskAsync("/cache/dashboard.js", headers: [("If-None-Match", first.Headers.ETag!.Tag)]);

        Assert.Equal(HttpStatusCode.NotModified, again.StatusCode);
    }

    [Fact]
    public async Task HeadAnswersAsGetWithoutABody()
    {
        await using var site = await OpenAsync();

        foreach (var path in Site.Paths)
        {
            using var get = await site.AskAsync(path);
            using var head = await site.AskAsync(path, method: HttpMethod.Head);
            Assert.Equal(get.Content.Headers.ContentType, head.Content.Headers.ContentType);
            Assert.Empty(await head.Content.ReadAsByteArrayAsync(Cancelled));
        }
    }

    [Fact]
    public async Task NothingCanBeSent()
    {
        await using var site = await OpenAsync();

        foreach (var path in Site.Paths)
        {
            foreach (var method in new[] { HttpMethod.Post, HttpMethod.Put, HttpMethod.Delete, HttpMethod.Patch })
            {
                using var response = await site.AskAsync(path, method: method);
                Assert.Equal(HttpStatusCode.MethodNotAllowed, response.StatusCode);
            }
        }
    }

    [Fact]
    public async Task StatisticsAreThoseOfEveryCacheOfTheContainer()
    {
        await using var site = await OpenAsync(register: services => services
            .AddBoundedDistributedCache(options => options.MaxEntries = 10)
            .AddKeyedBoundedDistributedCache("pages", options => options.MaxEntriesPerTenant = 2));
        var cache = site.Services.GetRequiredService<BoundedDistributedCache>();
        var pages = site.Services.GetRequiredKeyedService<BoundedDistributedCache>("pages");
        cache.Set("key", "value"u8.ToArray());
        cache.Get("key");
        cache.Get("other");
        cache.RemoveExpired();
        foreach (var key in new[] { "one", "two", "three" })
            pages.ForTenant("acme").Set(key, new byte[100]);

        using var told = JsonDocument.Parse(await ReadAsync(site, "/cache/statistics"));

        var caches = told.RootElement.GetProperty("caches");
        Assert.Equal(["default", "pages"], caches.EnumerateArray().Select(one => one.GetProperty("name").GetString()));
        var statistics = caches[0].GetProperty("statistics");
        Assert.Equal(
            (1, 1, 0.5, 1, 10, cache.SizeBytes),
            (statistics.GetProperty("hits").GetInt64(), statistics.GetProperty("misses").GetInt64(), statistics.GetProperty("hitRatio").GetDouble(),
            statistics.GetProperty("entries").GetInt32(), statistics.GetProperty("maxEntries").GetInt32(), statistics.GetProperty("bytes").GetInt64()));
        Assert.Equal(0, caches[0].GetProperty("sweeps")[0].GetProperty("removed").GetInt32());
        var tenant = Assert.Single(caches[1].GetProperty("tenants").EnumerateArray());
        Assert.Equal("acme", tenant.GetProperty("id").GetString());
        Assert.Equal(1, tenant.GetProperty("statistics").GetProperty("evictions").GetProperty("tenantLimit").GetInt64());
    }

    [Fact]
    public async Task NeitherKeysNorValuesAreShown()
    {
        await using var site = await OpenAsync();
        var cache = site.Services.GetRequiredService<BoundedDistributedCache>();
        cache.Set("key-to-hide", "value-to-hide"u8.ToArray());
        cache.ForTenant("acme").Set("key-to-hide", "value-to-hide"u8.ToArray());

        foreach (var path in Site.Paths.Where(path => !path.EndsWith("events", StringComparison.Ordinal)))
            Assert.DoesNotContain("to-hide", await ReadAsync(site, path));
        using var events = await site.AskAsync("/cache/events");
        using var reader = new StreamReader(await events.Content.ReadAsStreamAsync(Cancelled));
        string? line;
        do
        {
            line = await reader.ReadLineAsync(Cancelled);
            Assert.DoesNotContain("to-hide", line);
        }
        while (!line!.Contains("acme", StringComparison.Ordinal));
    }

    [Fact]
    public async Task ACacheThatWasDisposedIsLeftOut()
    {
        await using var site = await OpenAsync(register: services => services.AddKeyedBoundedDistributedCache("pages", _ => { }));
        site.Services.GetRequiredKeyedService<BoundedDistributedCache>("pages").Dispose();

        using var told = JsonDocument.Parse(await ReadAsync(site, "/cache/statistics"));

        Assert.Equal("default", Assert.Single(told.RootElement.GetProperty("caches").EnumerateArray()).GetProperty("name").GetString());
    }

    [Fact]
    public async Task TheSweeperIsThatOfTheHostAndSaysWhetherItIsAlive()
    {
        await using var site = await OpenAsync();
        site.Services.GetRequiredService<BoundedDistributedCache>().RemoveExpired();

        Assert.False(await HasEndedAsync());
        await site.Services.GetServices<IHostedService>()
            .Single(service => service.GetType().Assembly == typeof(BoundedDistributedCache).Assembly)
            .StopAsync(Cancelled);
        Assert.True(await HasEndedAsync());

        async Task<bool> HasEndedAsync()
        {
            using var told = JsonDocument.Parse(await ReadAsync(site, "/cache/statistics"));
            var sweeper = told.RootElement.GetProperty("caches")[0].GetProperty("sweeper");
            Assert.False(sweeper.GetProperty("isLate").GetBoolean());
            return sweeper.GetProperty("hasEnded").GetBoolean();
        }
    }

    [Fact]
    public async Task NoTenantIsNeeded()
    {
        await using var site = await Site.OpenAsync(
            app =>
            {
                app.UseBoundedCacheTenants(tenants => tenants.FromRoute("tenant"));
                app.MapBoundedCacheDashboard("/cache");
            },
            services => services.AddBoundedCacheTenants(),
            "Development");

        Assert.All(await site.AskEachAsync(), status => Assert.Equal(HttpStatusCode.OK, status));
    }

    [Fact]
    public void WithoutACacheItSaysWhatToRegister()
    {
        var app = WebApplication.CreateBuilder().Build();

        var exception = Assert.Throws<InvalidOperationException>(() => app.MapBoundedCacheDashboard("/cache"));

        Assert.Contains("AddBoundedDistributedCache()", exception.Message);
    }

    [Fact]
    public void RefusesNull()
    {
        var app = WebApplication.CreateBuilder().Build();

        Assert.Throws<ArgumentNullException>("endpoints", () => ((IEndpointRouteBuilder)null!).MapBoundedCacheDashboard("/cache"));
        Assert.Throws<ArgumentNullException>("pattern", () => app.MapBoundedCacheDashboard(null!));
        Assert.Throws<ArgumentNullException>("configure", () => app.MapBoundedCacheDashboard("/cache", null!));
    }

    private static Task<Site> OpenAsync(Action<WebApplication>? map = null, Action<IServiceCollection>? register = null) =>
        Site.OpenAsync(map ?? (app => app.MapBoundedCacheDashboard("/cache")), register, "Development");

    private static Task<string> ReadAsync(Site site, string path) => site.Http.GetStringAsync(new Uri(path, UriKind.Relative), Cancelled);

    [GeneratedRegex("""<style|\sstyle=|<script(?![^>]*\ssrc=)|\son\w+=|javascript:|data:""", RegexOptions.IgnoreCase)]
    private static partial Regex Inline();

    private sealed class BelowShop : IStartupFilter
    {
        public Action<IApplicationBuilder> Configure(Action<IApplicationBuilder> next) => app => next(app.UsePathBase("/shop"));
    }

    private sealed class OwnPolicy : IStartupFilter
    {
        public Action<IApplicationBuilder> Configure(Action<IApplicationBuilder> next) => app =>
        {
            app.Use((context, rest) =>
            {
                context.Response.Headers.ContentSecurityPolicy = "default-src 'self'";
                return rest(context);
            });
            next(app);
        };
    }
}
