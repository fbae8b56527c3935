using System.Text.RegularExpressions;
using BoundedCache.AspNetCore.Tests.Support;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Time.Testing;

namespace BoundedCache.AspNetCore.Tests.Neighbours;

/// <summary>MVC's cache tag helpers. MVC itself registers the cache in memory where no other is there yet.</summary>
public sealed partial class CacheTagHelperTests
{
    [Fact]
    public Task DistributedFragmentIsInTheBoundedCache() =>
        ShowsOneFragmentFromTheBoundedCacheAsync(services => services.AddBoundedDistributedCache().AddMvc());

    [Fact]
    public Task DistributedFragmentIsInTheBoundedCacheAlsoWhereMvcCameFirst() =>
        ShowsOneFragmentFromTheBoundedCacheAsync(services => services.AddMvc().Services.AddBoundedDistributedCache());

    [Fact]
    public async Task DistributedFragmentIsMadeAnewWhenItsTimeIsOver()
    {
        var clock = new FakeTimeProvider();
        await using var app = await StartAsync(services =>
            services.AddSingleton<TimeProvider>(clock).AddBoundedDistributedCache().AddMvc());
        using var browser = app.NewBrowser();
        var first = Shared(await browser.ReadAsync("/fragments"));

        clock.Advance(TimeSpan.FromSeconds(59));
        Assert.Equal(first, Shared(await browser.ReadAsync("/fragments")));
        clock.Advance(TimeSpan.FromSeconds(1));
        Assert.NotEqual(first, Shared(await browser.ReadAsync("/fragments")));
    }

    [Fact]
    public async Task LocalFragmentIsInAMemoryCacheOfItsOwn()
    {
        await using var app = await StartAsync(services => services.AddBoundedDistributedCache().AddMvc());
        using var browser = app.NewBrowser();
        var first = Local(await browser.ReadAsync("/fragments"));

        app.Cache().Clear();

        Assert.Equal(first, Local(await browser.ReadAsync("/fragments")));
    }

    private static async Task ShowsOneFragmentFromTheBoundedCacheAsync(Action<IServiceCollection> register)
    {
        await using var app = await StartAsync(register);
        using var browser = app.NewBrowser();

        var first = Shared(await browser.ReadAsync("/fragments"));
        var second = Shared(await browser.ReadAsync("/fragments"));
        app.Cache().Clear();
        var third = Shared(await browser.ReadAsync("/fragments"));

        Assert.Equal(first, second);
        Assert.NotEqual(first, third);
        Assert.Equal(1, app.Cache().Count);
    }

    private static Task<WebApplication> StartAsync(Action<IServiceCollection> register) =>
        App.StartAsync(register, app => app.MapRazorPages());

    private static string Shared(string page) => SharedMark().Match(page).Value;

    private static string Local(string page) => LocalMark().Match(page).Value;

    [GeneratedRegex("shared [0-9a-f-]{36}")]
    private static partial Regex SharedMark();

    [GeneratedRegex("local [0-9a-f-]{36}")]
    private static partial Regex LocalMark();
}
