using BoundedCache;
using Microsoft.Extensions.Caching.Hybrid;
using OpenTelemetry.Metrics;
using WebSample;
using WebSample.Catalogue;
using WebSample.Crowds;
using WebSample.Nodes;
using WebSample.Shops;
using WebSample.Status;
using WebSample.Upstream;

var builder = WebApplication.CreateBuilder(args);

// The one line to switch by: IDistributedCache is now held in this process and bounded.
builder.Services.AddBoundedDistributedCache(builder.Configuration.GetSection("Cache"));

// Carts live in the session, and sessions in a bounded cache of their own: however many product pages are cached, none
// of them can push a visitor's cart out; and however many visitors one shop has, none of another shop's.
builder.Services.AddSession(session =>
{
    session.Cookie.Name = "shop";
    session.Cookie.IsEssential = true;
});
builder.Services.AddBoundedCacheSession("sessions", cache =>
{
    cache.MaxEntries = 45_000;
    cache.MaxEntriesPerTenant = 15_000;
});

// With an address of Redis, several nodes are one shop: what is above then holds copies of what Redis has.
if (builder.Configuration["Redis"] is { Length: > 0 } redis)
    builder.Services.AddSharedRedis(redis);

// HybridCache adds typed values and one upstream call for many visitors who ask at once. Its own level in memory has
// no bound and would hold every product a second time, so it is switched off.
builder.Services.AddHybridCache(hybrid => hybrid.DefaultEntryOptions = new HybridCacheEntryOptions
{
    Flags = HybridCacheEntryFlags.DisableLocalCache,
    Expiration = TimeSpan.FromMinutes(1),
});

// Each shop is a tenant: whatever uses these caches sees the entries of the shop that it works for, and no others.
builder.Services.AddBoundedCacheHybridTenants();
builder.Services.AddRouting(routing => routing.SetParameterPolicy<ShopConstraint>("shop"));

builder.Services.AddSingleton(TimeProvider.System);
builder.Services.AddUpstream(builder.Configuration.GetSection("Upstream"));
builder.Services.AddCatalogue(builder.Configuration.GetSection("Catalogue"));
builder.Services.AddSingleton<ShopStatus>();
builder.Services.AddSingleton<StrollingVisitors>();
builder.Services.AddHostedService(provider => provider.GetRequiredService<StrollingVisitors>());
builder.Services.AddRazorPages();
builder.Services.AddHealthChecks().AddBoundedDistributedCache();

// The caches report to IMeterFactory; who collects that, and where it is scraped, is up to the application.
builder.Services.AddOpenTelemetry().WithMetrics(metrics => metrics
    .AddMeter("BoundedDistributedCache", "Microsoft.AspNetCore.Hosting", "System.Runtime")
    .AddPrometheusExporter());

var app = builder.Build();

app.UseExceptionHandler(new ExceptionHandlerOptions
{
    ExceptionHandlingPath = "/error",
    StatusCodeSelector = exception => exception is CatalogueUnavailableException or RedisTierException
        ? StatusCodes.Status503ServiceUnavailable
        : StatusCodes.Status500InternalServerError,
    SuppressDiagnosticsCallback = context => context.Exception is CatalogueUnavailableException or RedisTierException, // The retries, and the tier, logged it.
});
app.UseStatusCodePagesWithReExecute("/error");
app.UseStrictContentSecurityPolicy();
app.UseStaticFiles();

// The order matters: files come before routing, whose fallback takes what is left; the tenant is a value of the route;
// and a session is stored in the tenant after all that follows has run. Only shops have sessions.
app.UseRouting();
app.UseBoundedCacheTenants(tenants => tenants.FromRoute("tenant").WithoutTenant("/").WithoutTenant("/error"));
app.UseWhen(context => context.Request.RouteValues.ContainsKey("tenant"), shop => shop.UseSession());

app.MapRazorPages();
app.MapGet("/status", (ShopStatus status) => status.Read()).WithoutTenant();
app.MapHealthChecks("/health").WithoutTenant();
app.MapPrometheusScrapingEndpoint("/metrics").WithoutTenant();

// What the caches do, live. In Development anybody may look; elsewhere the page answers 403 until it is told who may:
// app.MapBoundedCacheDashboard("/cache").RequireAuthorization("operators").
app.MapBoundedCacheDashboard("/cache");
app.MapFallback("{*path}", () => Results.NotFound()).WithoutTenant(); // An unknown shop is not found, rather than a bad request.

app.Lifetime.ApplicationStarted.Register(() =>
    Console.WriteLine($"The shop is open at {string.Join(" and ", app.Urls)} (Ctrl-C closes it)."));

await app.RunAsync();
