using System.Net;
using System.Security.Claims;
using BoundedCache.AspNetCore.Tests.Support;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Authentication.Cookies;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Caching.Distributed;
using Microsoft.Extensions.DependencyInjection;

namespace BoundedCache.AspNetCore.Tests.Neighbours;

/// <summary>An <see cref="ITicketStore"/> keeps who is signed in on the server; applications write one over IDistributedCache.</summary>
public sealed class TicketStoreTests
{
    [Fact]
    public async Task SignedInUserIsKnownAsLongAsTheTicketIsThere()
    {
        await using var app = await StartAsync();
        using var browser = app.NewBrowser();
        Assert.Equal(HttpStatusCode.Unauthorized, await WhoAmIAsync(browser));

        await browser.ReadAsync("/sign-in");
        Assert.Equal(HttpStatusCode.OK, await WhoAmIAsync(browser));
        Assert.Equal((1, 0), (app.Cache("tickets").Count, app.Cache().Count));

        app.Cache("tickets").Clear();
        Assert.Equal(HttpStatusCode.Unauthorized, await WhoAmIAsync(browser));
    }

    [Fact]
    public async Task SigningOutRemovesTheTicket()
    {
        await using var app = await StartAsync();
        using var browser = app.NewBrowser();
        await browser.ReadAsync("/sign-in");

        await browser.ReadAsync("/sign-out");

        Assert.Equal(HttpStatusCode.Unauthorized, await WhoAmIAsync(browser));
        Assert.Equal(0, app.Cache("tickets").Count);
    }

    private static Task<WebApplication> StartAsync() => App.StartAsync(
        services =>
        {
            services.AddBoundedDistributedCache().AddKeyedBoundedDistributedCache("tickets");
            services.AddAuthentication(CookieAuthenticationDefaults.AuthenticationScheme).AddCookie(cookie =>
                cookie.Events.OnRedirectToLogin = context =>
                {
                    context.Response.StatusCode = StatusCodes.Status401Unauthorized;
                    return Task.CompletedTask;
                });
            services.AddOptions<CookieAuthenticationOptions>(CookieAuthenticationDefaults.AuthenticationScheme)
                .Configure<IServiceProvider>((cookie, provider) =>
                    cookie.SessionStore = new CachedTickets(provider.GetRequiredKeyedService<IDistributedCache>("tickets")));
            services.AddAuthorization();
        },
        app =>
        {
            app.UseAuthentication();
            app.UseAuthorization();
            app.MapGet("/sign-in", (HttpContext context) => context.SignInAsync(new ClaimsPrincipal(
                new ClaimsIdentity([new Claim(ClaimTypes.Name, "ann")], CookieAuthenticationDefaults.AuthenticationScheme))));
            app.MapGet("/sign-out", (HttpContext context) => context.SignOutAsync());
            app.MapGet("/me", (ClaimsPrincipal user) => user.Identity!.Name).RequireAuthorization();
        });

    private static async Task<HttpStatusCode> WhoAmIAsync(HttpClient browser)
    {
        using var response = await browser.GetAsync(new Uri("/me", UriKind.Relative), TestContext.Current.CancellationToken);
        return response.StatusCode;
    }

    private sealed class CachedTickets(IDistributedCache cache) : ITicketStore
    {
        public async Task<string> StoreAsync(AuthenticationTicket ticket)
        {
            var key = Guid.NewGuid().ToString();
            await RenewAsync(key, ticket);
            return key;
        }

        public Task RenewAsync(string key, AuthenticationTicket ticket) => cache.SetAsync(
            key, TicketSerializer.Default.Serialize(ticket), new() { AbsoluteExpiration = ticket.Properties.ExpiresUtc });

        public async Task<AuthenticationTicket?> RetrieveAsync(string key) =>
            await cache.GetAsync(key) is { } ticket ? TicketSerializer.Default.Deserialize(ticket) : null;

        public Task RemoveAsync(string key) => cache.RemoveAsync(key);
    }
}
