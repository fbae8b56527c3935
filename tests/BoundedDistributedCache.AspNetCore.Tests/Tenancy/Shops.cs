using System.Globalization;
using System.Net;
using BoundedCache.AspNetCore.Tests.Support;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.TestHost;
using Microsoft.Extensions.Caching.Distributed;
using Microsoft.Extensions.DependencyInjection;

namespace BoundedCache.AspNetCore.Tests.Tenancy;

/// <summary>An application of many tenants, whose pages say in which partition they ran.</summary>
internal static class Shops
{
    public const string None = "(none)";
    public const string Host = "(host)";

    public static Task<WebApplication> OpenAsync(Action<BoundedCacheTenantRequestOptions> configure) =>
        OpenAsync(app => app.UseBoundedCacheTenants(configure));

    public static Task<WebApplication> OpenAsync(Action<WebApplication> use, Action<IServiceCollection>? register = null) => App.StartAsync(
        services =>
        {
            services.AddBoundedDistributedCache().AddBoundedCacheTenants();
            register?.Invoke(services);
        },
        app =>
        {
            use(app);
            app.MapGet("/who", Who);
            app.MapGet("/{tenant}/who", Who);
            app.MapGet("/{tenant}/cached", async (HttpContext context) =>
                await context.RequestServices.GetRequiredService<IDistributedCache>().GetStringAsync("cached", context.RequestAborted) ?? "nothing");
        });

    public static string Who(ITenantContext tenants) => tenants.TenantId ?? (tenants.IsHost ? Host : None);

    public static Task<HttpResponseMessage> SendAsync(this WebApplication app, string url, params (string Name, string Value)[] headers)
    {
        var request = new HttpRequestMessage(HttpMethod.Get, new Uri(app.GetTestServer().BaseAddress, url));
        foreach (var (name, value) in headers)
            Assert.True(request.Headers.TryAddWithoutValidation(name, value));
        return app.GetTestClient().SendAsync(request, TestContext.Current.CancellationToken);
    }

    /// <summary>What is answered; the status where that is not 200.</summary>
    public static async Task<string> AskAsync(this WebApplication app, string url, params (string Name, string Value)[] headers)
    {
        using var response = await app.SendAsync(url, headers);
        return response.StatusCode == HttpStatusCode.OK
            ? await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken)
            : ((int)response.StatusCode).ToString(CultureInfo.InvariantCulture);
    }
}
