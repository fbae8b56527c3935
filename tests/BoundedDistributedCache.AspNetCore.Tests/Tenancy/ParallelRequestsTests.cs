using System.Collections.Concurrent;
using BoundedCache.AspNetCore.Tests.Support;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Caching.Distributed;
using Microsoft.Extensions.DependencyInjection;

namespace BoundedCache.AspNetCore.Tests.Tenancy;

[Collection(nameof(RunsAlone))]
public sealed class ParallelRequestsTests
{
    private const int Requests = 10_000;
    private const int Tenants = 50;
    private const int Keys = 7;

    [Fact]
    public async Task NoRequestEverSeesAnotherTenantsValue()
    {
        var strangers = new ConcurrentBag<string>();
        await using var shops = await Shops.OpenAsync(app =>
        {
            app.UseBoundedCacheTenants(tenants => tenants.FromRoute("tenant"));
            app.MapGet("/{tenant}/visit/{number:int}", (string tenant, int number, HttpContext context) => VisitAsync(tenant, $"key {number % Keys}", context, strangers));
        });
        using var browser = shops.NewBrowser();

        await Task.WhenAll(Enumerable.Range(0, Requests).Select(number => browser.ReadAsync($"/tenant-{number % Tenants}/visit/{number}")));

        Assert.Empty(strangers);
        var cache = shops.Cache();
        Assert.All(Enumerable.Range(0, Tenants), number => Assert.Equal(Keys, cache.ForTenant($"tenant-{number}").Count));
        Assert.Equal(Tenants * Keys, cache.Count);
    }

    // Every tenant uses the same keys, and writes nothing but its own name.
    private static async Task VisitAsync(string tenantId, string key, HttpContext context, ConcurrentBag<string> strangers)
    {
        var tenants = context.RequestServices.GetRequiredService<ITenantContext>();
        var cache = context.RequestServices.GetRequiredService<IDistributedCache>();
        var token = context.RequestAborted;

        Look("at once");
        await cache.SetStringAsync(key, tenantId, token);
        await Task.Yield();
        Look("after an await");
        await Task.Run(() => Look("on another thread"), token);
        await Task.Delay(1, token);
        Look("after a delay");
        await OnTimerAsync(() => Look("on a timer"));
        Look("in the end");

        void Look(string when)
        {
            if (tenants.TenantId != tenantId)
                strangers.Add($"{tenantId} was {tenants.TenantId} {when}");
            if ((cache.GetString(key) ?? tenantId) is var value && value != tenantId)
                strangers.Add($"{tenantId} read {value} {when}");
        }
    }

    private static async Task OnTimerAsync(Action action)
    {
        var elapsed = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var timer = new Timer(
            _ =>
            {
                action();
                elapsed.SetResult();
            },
            null,
            TimeSpan.FromMilliseconds(1),
            Timeout.InfiniteTimeSpan);
        await elapsed.Task;
    }
}
