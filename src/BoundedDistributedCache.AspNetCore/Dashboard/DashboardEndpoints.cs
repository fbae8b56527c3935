using System.Text;
using System.Text.Encodings.Web;
using BoundedCache.Diagnostics;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Http.Timeouts;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace BoundedCache.AspNetCore.Dashboard;

/// <summary>The endpoints of one dashboard.</summary>
internal sealed class DashboardEndpoints
{
    // What the page needs, for applications that send no policy of their own; one that does is left alone.
    private const string ContentSecurityPolicy =
        "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'self'";

    // Who may look is judged when a stream begins, so none lasts for long.
    internal static readonly TimeSpan LongestStream = TimeSpan.FromMinutes(5);

    private static readonly string[] Methods = [HttpMethods.Get, HttpMethods.Head];
    private static readonly string Page = Encoding.UTF8.GetString(DashboardAsset.Read("dashboard.html"));
    private static readonly DashboardAsset Script = new("dashboard.js", "text/javascript; charset=utf-8");
    private static readonly DashboardAsset Style = new("dashboard.css", "text/css; charset=utf-8");
    private static readonly DashboardAsset Icon = new("dashboard.svg", "image/svg+xml");

    private readonly DashboardAccess _access;
    private readonly DashboardSampler _sampler;
    private readonly TimeProvider _timeProvider;
    private readonly CancellationToken _stopping;

    private DashboardEndpoints(DashboardAccess access, DashboardSampler sampler, TimeProvider timeProvider, CancellationToken stopping)
    {
        _access = access;
        _sampler = sampler;
        _timeProvider = timeProvider;
        _stopping = stopping;
    }

    /// <exception cref="InvalidOperationException">No bounded cache is registered.</exception>
    public static DashboardEndpoints Create(IServiceProvider provider, BoundedCacheDashboardOptions options)
    {
        CacheRegistration[] registrations = [.. provider.GetServices<CacheRegistration>()];
        if (registrations.Length == 0)
            throw new InvalidOperationException($"There is no bounded cache for the dashboard to show. Register one with services.{nameof(BoundedDistributedCacheServiceCollectionExtensions.AddBoundedDistributedCache)}().");

        var timeProvider = provider.GetService<TimeProvider>() ?? TimeProvider.System;
        var logger = new TolerantLogger(provider.GetService<ILogger<BoundedDistributedCache>>());
        var source = new DashboardSource(provider, registrations, timeProvider);
        var isDevelopment = provider.GetService<IHostEnvironment>()?.IsDevelopment() ?? false;
        return new DashboardEndpoints(
            new DashboardAccess(isDevelopment || options.AllowAnonymousAccess, logger),
            new DashboardSampler(source.Take, timeProvider, logger),
            timeProvider,
            provider.GetService<IHostApplicationLifetime>()?.ApplicationStopping ?? CancellationToken.None);
    }

    public void MapIn(RouteGroupBuilder group)
    {
        Map(group, "", ServePageAsync);
        Map(group, "/dashboard.js", Script.ServeAsync);
        Map(group, "/dashboard.css", Style.ServeAsync);
        Map(group, "/dashboard.svg", Icon.ServeAsync);
        Map(group, "/statistics", ServeStatisticsAsync);
        Map(group, "/events", StreamAsync)
            .DisableHttpMetrics() // A stream that is watched for hours is no slow request.
            .WithMetadata(new DisableRequestTimeoutAttribute());
    }

    private IEndpointConventionBuilder Map(RouteGroupBuilder group, string pattern, RequestDelegate serve) =>
        group.MapMethods(pattern, Methods, context =>
        {
            context.Response.Headers.XContentTypeOptions = "nosniff";
            return _access.Allows(context)
                ? serve(context)
                : RefuseAsync(context, StatusCodes.Status403Forbidden, "The cache dashboard is closed. The application's log says how it is opened.");
        });

    private static Task ServePageAsync(HttpContext context)
    {
        var headers = context.Response.Headers;
        headers.CacheControl = "no-store";
        headers["Referrer-Policy"] = "no-referrer";
        if (headers.ContentSecurityPolicy.Count == 0)
            headers.ContentSecurityPolicy = ContentSecurityPolicy;

        var page = Page.Replace("{base}", HtmlEncoder.Default.Encode(PathBelow(context.Request.PathBase + context.Request.Path)), StringComparison.Ordinal);
        return TypedResults.Bytes(Encoding.UTF8.GetBytes(page), "text/html; charset=utf-8").ExecuteAsync(context);
    }

    private Task ServeStatisticsAsync(HttpContext context)
    {
        context.Response.Headers.CacheControl = "no-store";
        return TypedResults.Bytes(_sampler.TakeOrReuse(), "application/json; charset=utf-8").ExecuteAsync(context);
    }

    private async Task StreamAsync(HttpContext context)
    {
        var response = context.Response;
        response.Headers.CacheControl = "no-store";
        if (_stopping.IsCancellationRequested)
        {
            await RefuseAsync(context, StatusCodes.Status503ServiceUnavailable, "The application is stopping.").ConfigureAwait(false);
            return;
        }

        using var listening = HttpMethods.IsHead(context.Request.Method) ? null : _sampler.TryListen();
        if (listening is null && !HttpMethods.IsHead(context.Request.Method))
        {
            response.Headers.RetryAfter = "30";
            await RefuseAsync(context, StatusCodes.Status503ServiceUnavailable, $"{DashboardSampler.MaxListeners} clients are listening, which is as many as may. Ask for the statistics now and then instead.").ConfigureAwait(false);
            return;
        }

        response.ContentType = "text/event-stream";
        response.Headers["X-Accel-Buffering"] = "no"; // nginx would hold events back.
        if (listening is null)
            return;

        context.Features.Get<IHttpResponseBodyFeature>()?.DisableBuffering();
        using var isOver = new CancellationTokenSource(LongestStream, _timeProvider);
        using var gone = CancellationTokenSource.CreateLinkedTokenSource(context.RequestAborted, _stopping);
        using var ended = CancellationTokenSource.CreateLinkedTokenSource(gone.Token, isOver.Token);
        try
        {
            // Kestrel cuts a connection whose write is cancelled, so the time that is up cancels none. Who reads nothing is ended
            // by the server's minimum data rate.
            await response.Body.WriteAsync("retry: 3000\n\n"u8.ToArray(), gone.Token).ConfigureAwait(false);
            while (await listening.Samples.WaitToReadAsync(ended.Token).ConfigureAwait(false))
            {
                if (!listening.Samples.TryRead(out var sample))
                    continue;
                await response.Body.WriteAsync((byte[])[.. "data: "u8, .. sample, .. "\n\n"u8], gone.Token).ConfigureAwait(false);
                await response.Body.FlushAsync(gone.Token).ConfigureAwait(false);
            }
        }
        catch (OperationCanceledException) when (ended.IsCancellationRequested)
        {
            // The client went, the host stops, or the time is up, which the page is told so that it connects anew at once.
            listening.Dispose();
            if (!context.RequestAborted.IsCancellationRequested && !_stopping.IsCancellationRequested)
                await response.Body.WriteAsync("event: over\ndata: over\n\n"u8.ToArray(), CancellationToken.None).ConfigureAwait(false);
        }
    }

    private static Task RefuseAsync(HttpContext context, int status, string detail)
    {
        context.Response.Headers.CacheControl = "no-store";
        return TypedResults.Problem(detail, statusCode: status).ExecuteAsync(context);
    }

    /// <summary>
    /// What leads from the page to what is below it, relative to the page's own address: it holds behind a proxy that
    /// serves the application under another path, too.
    /// </summary>
    private static string PathBelow(PathString path)
    {
        var address = path.ToUriComponent();
        return $"./{address[(address.LastIndexOf('/') + 1)..]}".TrimEnd('/') + "/";
    }
}
