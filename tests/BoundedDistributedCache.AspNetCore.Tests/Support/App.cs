using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.DataProtection;
using Microsoft.AspNetCore.Mvc.Testing.Handlers;
using Microsoft.AspNetCore.TestHost;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace BoundedCache.AspNetCore.Tests.Support;

/// <summary>A whole application on <c>TestServer</c>, and browsers that keep cookies.</summary>
internal static class App
{
    public static async Task<WebApplication> StartAsync(Action<IServiceCollection> register, Action<WebApplication> map)
    {
        var builder = WebApplication.CreateBuilder();
        builder.WebHost.UseTestServer();
        builder.Logging.ClearProviders();
        builder.Services.AddSingleton<IDataProtectionProvider>(new EphemeralDataProtectionProvider());
        register(builder.Services);

        var app = builder.Build();
        map(app);
        await app.StartAsync(TestContext.Current.CancellationToken);
        return app;
    }

    public static HttpClient NewBrowser(this WebApplication app) =>
        new(new CookieContainerHandler { InnerHandler = app.GetTestServer().CreateHandler() })
        {
            BaseAddress = app.GetTestServer().BaseAddress,
        };

    public static Task<string> ReadAsync(this HttpClient browser, string path) =>
        browser.GetStringAsync(new Uri(path, UriKind.Relative), TestContext.Current.CancellationToken);

    public static BoundedDistributedCache Cache(this WebApplication app, object? serviceKey = null) =>
        app.Services.GetRequiredKeyedService<BoundedDistributedCache>(serviceKey);
}
