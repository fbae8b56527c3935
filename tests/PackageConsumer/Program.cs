// Uses the packages as an application does, asks itself over a socket, and ends well only where every answer was right.
using System.Diagnostics.Metrics;
using System.Net;
using System.Runtime.CompilerServices;
using System.Text.Json;
using BoundedCache;
using Microsoft.AspNetCore.DataProtection;
using Microsoft.Extensions.Caching.Distributed;
using Microsoft.Extensions.Caching.Hybrid;

var builder = WebApplication.CreateSlimBuilder(args);
builder.WebHost.UseUrls("http://127.0.0.1:0");
builder.Logging.SetMinimumLevel(LogLevel.Warning);
builder.Configuration.AddInMemoryCollection(new Dictionary<string, string?>
{
    ["Cache:MaxEntries"] = "1000",
    ["Cache:SweepInterval"] = "00:00:00.050",
    ["Cache:Tenants:small:MaxEntries"] = "2",
});

builder.Services.AddBoundedDistributedCache(builder.Configuration.GetSection("Cache"));
builder.Services.AddBoundedCacheSession("sessions", options => options.MaxEntries = 100);
// In the place of AddSession(), which ASP.NET Core marks as unfit for trimming: it adds this, and a store, which is here.
builder.Services.AddDataProtection().UseEphemeralDataProtectionProvider();
builder.Services.AddBoundedCacheTenants();
builder.Services.AddBoundedCacheHybridTenants();
builder.Services.AddHealthChecks().AddBoundedDistributedCache();

await using var app = builder.Build();
app.UseRouting();
app.UseBoundedCacheTenants(tenants => tenants.FromRoute("tenant"));
app.UseWhen(context => context.Request.RouteValues.ContainsKey("tenant"), shop => shop.UseSession());
app.MapHealthChecks("/health").WithoutTenant();
app.MapBoundedCacheDashboard("/cache", options => options.AllowAnonymousAccess = true);
app.MapGet("/{tenant}/visits", async context =>
{
    var visits = (context.Session.GetInt32("visits") ?? 0) + 1;
    context.Session.SetInt32("visits", visits);
    await context.Response.WriteAsync($"{visits}");
});
app.MapGet("/{tenant}/notes/{key}", async context =>
{
    var cache = context.RequestServices.GetRequiredService<IDistributedCache>();
    await context.Response.WriteAsync(await cache.GetStringAsync($"{context.Request.RouteValues["key"]}", context.RequestAborted) ?? "nothing");
});
app.MapPut("/{tenant}/notes/{key}", async context =>
{
    using var body = new StreamReader(context.Request.Body);
    var cache = context.RequestServices.GetRequiredService<IDistributedCache>();
    await cache.SetStringAsync($"{context.Request.RouteValues["key"]}", await body.ReadToEndAsync(context.RequestAborted), context.RequestAborted);
});
await app.StartAsync();

var answers = 0;
var cache = app.Services.GetRequiredService<BoundedDistributedCache>();
using var http = new HttpClient { BaseAddress = new Uri(app.Urls.Single()) };

// The provider.
cache.Set(CacheKey.Of("product", 42).With("currency", "EUR"), [1, 2, 3], new() { SlidingExpiration = TimeSpan.FromMinutes(1) });
Expect("1,2,3", string.Join(',', cache.Get("product:42?currency=EUR")!));
Expect(1, cache.RemoveByPattern("product:*"));
Expect(true, cache.Get("product:42?currency=EUR") is null);
Expect(1000, cache.GetStatistics().MaxEntries);
cache.Set("brief", [1], new() { AbsoluteExpirationRelativeToNow = TimeSpan.FromMilliseconds(1) });
await UntilAsync(() => cache.Count == 0);
for (var entry = 0; entry < 1500; entry++)
    cache.Set($"entry{entry}", [1], new());
Expect(1000, cache.Count);
cache.Clear();

// Tenants, each over the socket too.
await PutAsync("/acme/notes/motd", "Hello Acme");
await PutAsync("/globex/notes/motd", "Hello Globex");
Expect("Hello Acme", await http.GetStringAsync("/acme/notes/motd"));
Expect("Hello Globex", await http.GetStringAsync("/globex/notes/motd"));
Expect("nothing", await http.GetStringAsync("/initech/notes/motd"));
foreach (var key in (string[])["a", "b", "c"])
    await PutAsync($"/small/notes/{key}", key);
Expect(2, cache.ForTenant("small").Count);
Expect(true, cache.Get("motd") is null);

// Sessions: of one visitor, in two tenants.
Expect("1", await http.GetStringAsync("/acme/visits"));
Expect("2", await http.GetStringAsync("/acme/visits"));
Expect("1", await http.GetStringAsync("/globex/visits"));
Expect(2, app.Services.GetRequiredKeyedService<BoundedDistributedCache>("sessions").Count);

// HybridCache.
var tenants = app.Services.GetRequiredService<ITenantContext>();
var hybrid = app.Services.GetRequiredService<HybridCache>();
foreach (var tenant in (string[])["acme", "globex"])
{
    using (tenants.Use(tenant))
        Expect($"made for {tenant}", await hybrid.GetOrCreateAsync("page", _ => ValueTask.FromResult($"made for {tenant}"), tags: ["pages"]));
}

using (tenants.Use("globex"))
    await hybrid.RemoveByTagAsync("pages");
using (tenants.Use("acme"))
    Expect("made for acme", await hybrid.GetOrCreateAsync("page", _ => ValueTask.FromResult("made anew")));
using (tenants.Use("globex"))
    Expect("made anew", await hybrid.GetOrCreateAsync("page", _ => ValueTask.FromResult("made anew")));

// With a token that can be cancelled HybridCache runs the factory where the caller's tenant is not.
using var cancellation = new CancellationTokenSource();
using (tenants.Use("acme"))
    Expect("acme 7", await hybrid.GetOrCreateAsync("stated", (Tenants: tenants, Number: 7), static (state, _) => ValueTask.FromResult($"{state.Tenants.TenantId} {state.Number}"), cancellationToken: cancellation.Token));

// Two nodes on one Redis.
if (app.Configuration["Redis"] is { } redis)
{
    using var first = await StartNodeAsync(redis);
    using var second = await StartNodeAsync(redis);
    var onFirst = first.Services.GetRequiredService<IDistributedCache>();
    var onSecond = second.Services.GetRequiredService<IDistributedCache>();
    Expect(true, onFirst is IBufferDistributedCache);
    await onFirst.SetStringAsync("motd", "Hello", new DistributedCacheEntryOptions { SlidingExpiration = TimeSpan.FromMinutes(1) });
    await UntilAsync(() => IsKept(first, "motd") && IsKept(second, "motd"));
    Expect("Hello", await onSecond.GetStringAsync("motd"));
    await onSecond.SetStringAsync("motd", "Good evening");
    await UntilAsync(() => onFirst.GetString("motd") == "Good evening");
    await first.Services.GetRequiredService<IBoundedCacheAdmin>().RemoveByPatternAsync("m*");
    await UntilAsync(() => onSecond.GetString("motd") is null);

    using var alone = await StartNodeAsync("127.0.0.1:1");
    try
    {
        await alone.Services.GetRequiredService<IDistributedCache>().GetAsync("motd");
        Expect("an exception", "none");
    }
    catch (RedisTierException exception)
    {
        Expect(RedisTierFailure.Unavailable, exception.Failure);
    }
}

// Health, the page, and metrics.
Expect("Healthy", await http.GetStringAsync("/health"));
Expect(HttpStatusCode.BadRequest, (await http.GetAsync("/%20/notes%00/a")).StatusCode);
Expect(true, (await http.GetStringAsync("/cache")).Contains("dashboard.js", StringComparison.Ordinal));
using (var statistics = JsonDocument.Parse(await http.GetStringAsync("/cache/statistics")))
    Expect("default,sessions", string.Join(',', statistics.RootElement.GetProperty("caches").EnumerateArray().Select(told => told.GetProperty("name").GetString()).Order()));
var measured = new HashSet<string>();
using (var listener = new MeterListener())
{
    listener.InstrumentPublished = (instrument, listening) =>
    {
        if (instrument.Meter.Name == "BoundedDistributedCache")
            listening.EnableMeasurementEvents(instrument);
    };
    listener.SetMeasurementEventCallback<long>((instrument, _, _, _) => measured.Add(instrument.Name));
    listener.Start();
    listener.RecordObservableInstruments();
}

Expect(true, measured.Contains("bounded_cache.requests"));

await app.StopAsync();
Console.WriteLine($"All {answers} answers were right, {(RuntimeFeature.IsDynamicCodeSupported ? "compiled as it ran" : "compiled to native code")}.");

void Expect<T>(T expected, T answer, [CallerLineNumber] int line = 0)
{
    answers++;
    if (!EqualityComparer<T>.Default.Equals(expected, answer))
        throw new InvalidOperationException($"Line {line}: '{expected}' was expected, the answer was '{answer}'.");
}

static async Task<IHost> StartNodeAsync(string redis)
{
    var builder = Host.CreateEmptyApplicationBuilder(new());
    builder.Configuration.AddInMemoryCollection(new Dictionary<string, string?>
    {
        ["Tier:Configuration"] = redis,
        ["Tier:InstanceName"] = "consumer:",
        ["Tier:MaxStaleness"] = "00:01:00",
    });
    builder.Services.AddBoundedCacheRedisTier(builder.Configuration.GetSection("Tier"));
    var node = builder.Build();
    await node.StartAsync();
    return node;
}

// Copies are kept once messages of other nodes arrive.
static bool IsKept(IHost node, string key) =>
    node.Services.GetRequiredService<IDistributedCache>().GetString(key) is not null && node.Services.GetRequiredService<BoundedDistributedCache>().Count > 0;

async Task PutAsync(string path, string content)
{
    using var answer = await http.PutAsync(path, new StringContent(content));
    Expect(HttpStatusCode.OK, answer.StatusCode);
}

async Task UntilAsync(Func<bool> holds)
{
    for (var tries = 0; !holds(); tries++)
    {
        if (tries == 1000)
            throw new InvalidOperationException("What was waited for did not come about.");
        await Task.Delay(10);
    }
}
