using BoundedCache.AspNetCore.Tests.Support;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;

namespace BoundedCache.AspNetCore.Tests.Tenancy;

public sealed class TenantSessionTests
{
    [Theory]
    [InlineData(null)]
    [InlineData("sessions")]
    public async Task OneBrowserHasACartInEachShop(string? serviceKey)
    {
        await using var shops = await Shops.OpenAsync(
            app =>
            {
                app.UseBoundedCacheTenants(tenants => tenants.FromRoute("tenant"));
                app.UseSession();
                app.MapGet("/{tenant}/add/{item}", (string item, HttpContext context) =>
                    context.Session.SetString("cart", $"{context.Session.GetString("cart")}{item},"));
                app.MapGet("/{tenant}/cart", (HttpContext context) => context.Session.GetString("cart") ?? "empty");
            },
            services =>
            {
                services.AddSession();
                if (serviceKey is not null)
                    services.AddBoundedCacheSession(serviceKey);
            });
        using var browser = shops.NewBrowser();

        await browser.ReadAsync("/acme/add/mug");
        await browser.ReadAsync("/zenith/add/cup");
        await browser.ReadAsync("/acme/add/pen");

        Assert.Equal("mug,pen,", await browser.ReadAsync("/acme/cart"));
        Assert.Equal("cup,", await browser.ReadAsync("/zenith/cart"));
        Assert.Equal("empty", await browser.ReadAsync("/other/cart"));
        var cache = shops.Cache(serviceKey);
        Assert.Equal((1, 1, 0), (cache.ForTenant("acme").Count, cache.ForTenant("zenith").Count, cache.ForTenant("other").Count));
        Assert.Equal(2, cache.Count);
    }
}
