using BoundedCache.AspNetCore.Tests.Support;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Mvc.ViewFeatures;
using Microsoft.Extensions.DependencyInjection;

namespace BoundedCache.AspNetCore.Tests.Neighbours;

public sealed class TempDataTests
{
    [Fact]
    public async Task SessionBasedMessageIsInTheSessionsCacheAndSeenOnce()
    {
        await using var app = await StartAsync(services => services
            .AddBoundedDistributedCache()
            .AddSession().AddBoundedCacheSession("sessions")
            .AddRazorPages().AddSessionStateTempDataProvider(), app => app.UseSession());
        using var browser = app.NewBrowser();

        await browser.ReadAsync("/leave/saved");
        Assert.Equal((1, 0), (app.Cache("sessions").Count, app.Cache().Count));

        Assert.Equal("saved", (await browser.ReadAsync("/message")).Trim());
        Assert.Equal("none", (await browser.ReadAsync("/message")).Trim());
    }

    [Fact]
    public async Task CookieBasedMessageNeedsNoCache()
    {
        await using var app = await StartAsync(services => services.AddBoundedDistributedCache().AddRazorPages(), _ => { });
        using var browser = app.NewBrowser();

        await browser.ReadAsync("/leave/saved");

        Assert.Equal("saved", (await browser.ReadAsync("/message")).Trim());
        Assert.Equal(0, app.Cache().GetStatistics().Sets);
    }

    private static Task<WebApplication> StartAsync(Action<IServiceCollection> register, Action<WebApplication> use) =>
        App.StartAsync(register, app =>
        {
            use(app);
            app.MapRazorPages();
            app.MapGet("/leave/{message}", (string message, HttpContext context, ITempDataDictionaryFactory factory) =>
            {
                var tempData = factory.GetTempData(context);
                tempData["message"] = message;
                tempData.Save();
            });
        });
}
