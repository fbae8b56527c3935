using BoundedCache.AspNetCore.Tests.Support;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.Caching.Memory;
using Microsoft.Extensions.DependencyInjection;

namespace BoundedCache.AspNetCore.Tests.Neighbours;

/// <summary>Caches of the framework that are no distributed cache, and stay what they are.</summary>
public sealed class UntouchedTests
{
    [Fact]
    public void MemoryCacheStaysACacheOfItsOwn()
    {
        using var provider = new ServiceCollection().AddMemoryCache().AddBoundedDistributedCache().BuildServiceProvider();
        var memory = provider.GetRequiredService<IMemoryCache>();
        var bounded = provider.GetRequiredService<BoundedDistributedCache>();

        memory.Set("key", "value");
        bounded.Clear();

        Assert.Equal("value", memory.Get("key"));
        Assert.Null(bounded.Get("key"));
    }

    [Fact]
    public async Task OutputCacheKeepsAStoreOfItsOwn()
    {
        var calls = 0;
        await using var app = await App.StartAsync(services => services.AddBoundedDistributedCache().AddOutputCache(), app =>
        {
            app.UseOutputCache();
            app.MapGet("/page", () => $"{++calls}").CacheOutput();
        });
        using var browser = app.NewBrowser();

        Assert.Equal("1", await browser.ReadAsync("/page"));
        Assert.Equal("1", await browser.ReadAsync("/page"));

        Assert.Equal((0, 0), (app.Cache().GetStatistics().Sets, app.Cache().GetStatistics().TotalRequests));
    }
}
