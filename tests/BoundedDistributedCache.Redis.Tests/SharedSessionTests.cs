using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.TestHost;
using Microsoft.AspNetCore.DataProtection;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace BoundedCache.Redis.Tests;

/// <summary>Session state through ASP.NET Core's middleware: a visitor's requests go to either of two nodes.</summary>
public sealed class SharedSessionTests(SharedServer shared)
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task ASessionFollowsTheVisitorFromNodeToNode()
    {
        var instance = $"session-{Guid.NewGuid():N}:";
        var keys = new EphemeralDataProtectionProvider();
        using var a = await StartAsync(instance, keys);
        using var b = await StartAsync(instance, keys);
        HttpClient[] nodes = [a.GetTestClient(), b.GetTestClient()];

        string? cookie = null;
        for (var request = 1; request <= 20; request++)
        {
            using var message = new HttpRequestMessage(HttpMethod.Get, "/");
            if (cookie is not null)
                message.Headers.Add("Cookie", cookie);
            using var response = await nodes[request % 2].SendAsync(message, Token);
            if (response.Headers.TryGetValues("Set-Cookie", out var set))
                cookie = set.Single().Split(';')[0];

            // The message from the other node may be under way for a moment, so the count is read where it was written too.
            Assert.Equal($"{request}", await response.Content.ReadAsStringAsync(Token));
            await Eventually.IsTrueAsync(async () => await PeekAsync(nodes[(request + 1) % 2]) == $"{request}", Token);
        }

        async Task<string> PeekAsync(HttpClient node)
        {
            using var message = new HttpRequestMessage(HttpMethod.Get, "/peek");
            message.Headers.Add("Cookie", cookie);
            using var response = await node.SendAsync(message, Token);
            return await response.Content.ReadAsStringAsync(Token);
        }
    }

    private async Task<IHost> StartAsync(string instance, IDataProtectionProvider keys)
    {
        var host = new HostBuilder().ConfigureWebHost(web => web
            .UseTestServer()
            .ConfigureServices(services => services
                .AddSingleton(keys)
                .AddBoundedCacheSession("sessions")
                .AddKeyedBoundedCacheRedisTier("sessions", options =>
                {
                    options.Configuration = shared.Server.Address;
                    options.InstanceName = instance;
                    options.MaxStaleness = Node.MaxStaleness;
                })
                .AddSession())
            .Configure(app =>
            {
                app.UseSession();
                app.Run(async context =>
                {
                    var count = context.Session.GetInt32("count") ?? 0;
                    if (context.Request.Path != "/peek")
                        context.Session.SetInt32("count", ++count);
                    await context.Response.WriteAsync($"{count}");
                });
            })).Build();
        await host.StartAsync(Token);
        return host;
    }
}
