using BoundedCache.AspNetCore.Tests.Support;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Caching.Distributed;
using Microsoft.Extensions.DependencyInjection;

namespace BoundedCache.AspNetCore.Tests.Session;

/// <summary>An application whose carts are in the session and whose pages are in <see cref="IDistributedCache"/>.</summary>
internal static class Shop
{
    public static Task<WebApplication> OpenAsync(Action<IServiceCollection> register) => App.StartAsync(register, app =>
    {
        app.UseSession();
        app.MapGet("/add/{item}", (string item, HttpContext context) =>
            context.Session.SetString("cart", $"{context.Session.GetString("cart")}{item},"));
        app.MapGet("/cart", (HttpContext context) => context.Session.GetString("cart") ?? "empty");
        app.MapGet("/pages/{number:int}", (int number, HttpContext context) =>
            context.RequestServices.GetRequiredService<IDistributedCache>().SetAsync($"page:{number}", new byte[1_000], context.RequestAborted));
    });
}
