using BoundedCache.AspNetCore.Tests.Support;
using Microsoft.AspNetCore.Antiforgery;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;

namespace BoundedCache.AspNetCore.Tests.Neighbours;

public sealed class AntiforgeryTests
{
    [Fact]
    public async Task TokensNeedNoCache()
    {
        await using var app = await App.StartAsync(services => services.AddBoundedDistributedCache().AddAntiforgery(), app =>
        {
            app.MapGet("/token", (HttpContext context, IAntiforgery antiforgery) => antiforgery.GetAndStoreTokens(context).RequestToken);
            app.MapPost("/send", async (HttpContext context, IAntiforgery antiforgery) =>
                await antiforgery.IsRequestValidAsync(context) ? "accepted" : "refused");
        });
        using var browser = app.NewBrowser();

        var token = await browser.ReadAsync("/token");

        Assert.Equal("accepted", await SendAsync(browser, token));
        Assert.Equal("refused", await SendAsync(browser, "forged"));
        Assert.Equal((0, 0), (app.Cache().GetStatistics().Sets, app.Cache().GetStatistics().TotalRequests));
    }

    private static async Task<string> SendAsync(HttpClient browser, string token)
    {
        using var form = new FormUrlEncodedContent([new("__RequestVerificationToken", token)]);
        using var response = await browser.PostAsync(new Uri("/send", UriKind.Relative), form, TestContext.Current.CancellationToken);
        return await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);
    }
}
