using System.Net;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Mvc;
using Microsoft.Extensions.Options;

namespace WebSample.Upstream;

/// <summary>
/// Stands for another company that keeps the shops' catalogues: a second web server in this process, on a free local port, slow on
/// purpose, that counts its callers' connections. The shop reaches it over HTTP only.
/// </summary>
public sealed class UpstreamServer(IOptions<UpstreamOptions> options, UpstreamTraffic traffic, TimeProvider clock)
    : IHostedService, IAsyncDisposable
{
    private readonly Stock _stock = new();
    private WebApplication? _app;

    /// <summary>Where it listens, once it was started.</summary>
    public Uri Address { get; private set; } = null!;

    public async Task StartAsync(CancellationToken cancellationToken)
    {
        if (options.Value.Address is { } elsewhere)
        {
            Address = elsewhere;
            return;
        }

        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.Services.AddRoutingCore();
        builder.WebHost.UseKestrelCore().ConfigureKestrel(kestrel =>
            kestrel.Listen(IPAddress.Loopback, options.Value.Port, endpoint => endpoint.Use(next => async connection =>
            {
                traffic.ConnectionOpened();
                try
                {
                    await next(connection);
                }
                finally
                {
                    traffic.ConnectionClosed();
                }
            })));

        _app = builder.Build();
        _app.UseRouting();
        _app.Use(AnswerSlowly);
        _app.MapGet("/{shop}/products", (string shop, int page) => _stock.List(shop, page) is { } list ? Results.Ok(list) : Results.NotFound());
        _app.MapGet("/{shop}/products/{id:int}", (string shop, int id) =>
            _stock.Fails(shop, id) ? Results.StatusCode(StatusCodes.Status503ServiceUnavailable)
            : _stock.Find(shop, id) is { } product ? Results.Ok(product)
            : Results.NotFound());
        _app.MapPut("/{shop}/products/{id:int}/price", (string shop, int id, [FromBody] decimal price) =>
            _stock.ChangePrice(shop, id, price) is { } change ? Results.Ok(change) : Results.NotFound());

        await _app.StartAsync(cancellationToken);
        Address = new Uri(_app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.Single());
    }

    public Task StopAsync(CancellationToken cancellationToken) => _app?.StopAsync(cancellationToken) ?? Task.CompletedTask;

    public ValueTask DisposeAsync() => _app?.DisposeAsync() ?? ValueTask.CompletedTask;

    private async Task AnswerSlowly(HttpContext context, RequestDelegate next)
    {
        // Counted once it waits: whoever sees the count and moves the clock moves this too.
        var thinking = Task.Delay(options.Value.Delay, clock, context.RequestAborted);
        traffic.RequestCame();
        await thinking;
        await next(context);
    }
}
