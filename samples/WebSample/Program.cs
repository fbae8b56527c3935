using Microsoft.Extensions.Caching.Hybrid;
using WebSample.Catalogue;
using WebSample.Status;
using WebSample.Upstream;

var builder = WebApplication.CreateBuilder(args);

// The one line to switch by: IDistributedCache is now held in this process and bounded.
builder.Services.AddBoundedDistributedCache(builder.Configuration.GetSection("Cache"));

// Carts live in the session, and sessions in a bounded cache of their own: however many product pages are cached,
// none of them can push a visitor's cart out.
builder.Services.AddSession(session =>
{
    session.Cookie.Name = "shop";
    session.Cookie.IsEssential = true;
});
builder.Services.AddBoundedCacheSession("sessions", cache => cache.MaxEntries = 50_000);

// HybridCache adds typed values and one upstream call for many visitors who ask at once. Its own level in memory has
// no bound and would hold every product a second time, so it is switched off.
builder.Services.AddHybridCache(hybrid => hybrid.DefaultEntryOptions = new HybridCacheEntryOptions
{
    Flags = HybridCacheEntryFlags.DisableLocalCache,
    Expiration = TimeSpan.FromMinutes(1),
});

builder.Services.AddSingleton(TimeProvider.System);
builder.Services.AddUpstream(builder.Configuration.GetSection("Upstream"));
builder.Services.AddCatalogue(builder.Configuration.GetSection("Catalogue"));
builder.Services.AddSingleton<ShopStatus>();
builder.Services.AddRazorPages();

var app = builder.Build();

app.UseExceptionHandler(new ExceptionHandlerOptions
{
    ExceptionHandlingPath = "/error",
    StatusCodeSelector = exception => exception is CatalogueUnavailableException
        ? StatusCodes.Status503ServiceUnavailable
        : StatusCodes.Status500InternalServerError,
    SuppressDiagnosticsCallback = context => context.Exception is CatalogueUnavailableException, // The retries logged it.
});
app.UseStatusCodePagesWithReExecute("/error");
app.UseStaticFiles();
app.UseSession();
app.MapRazorPages();
app.MapGet("/status", (ShopStatus status) => status.Read());

app.Lifetime.ApplicationStarted.Register(() =>
    Console.WriteLine($"The shop is open at {string.Join(" and ", app.Urls)} (Ctrl-C closes it)."));

await app.RunAsync();
