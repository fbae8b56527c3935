using System.Net;
using System.Security.Claims;
using System.Text.Encodings.Web;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Testing;
using Microsoft.Extensions.Options;

namespace BoundedCache.AspNetCore.Tests.Dashboard;

/// <summary>An application with a dashboard on Kestrel and a free port, where a header signs a user in.</summary>
internal sealed class Site : IAsyncDisposable
{
    public static readonly string[] Paths =
        ["/cache", "/cache/dashboard.js", "/cache/dashboard.css", "/cache/dashboard.svg", "/cache/statistics", "/cache/events"];

    private readonly WebApplication _app;

    private Site(WebApplication app)
    {
        _app = app;
        Http = new HttpClient { BaseAddress = new Uri(app.Urls.Single()) };
    }

    public HttpClient Http { get; }

    public IServiceProvider Services => _app.Services;

    public IReadOnlyList<FakeLogRecord> Log => _app.Services.GetRequiredService<FakeLogCollector>().GetSnapshot();

    public static async Task<Site> OpenAsync(
        Action<WebApplication> map, Action<IServiceCollection>? register = null, string environment = "Production", bool authorizes = true)
    {
        var builder = WebApplication.CreateBuilder(new WebApplicationOptions { EnvironmentName = environment });
        builder.WebHost.UseKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, 0));
        builder.Logging.ClearProviders().AddFakeLogging();
        builder.Services.AddBoundedDistributedCache();
        builder.Services.AddAuthentication("header").AddScheme<AuthenticationSchemeOptions, HeaderSignIn>("header", null);
        builder.Services.AddAuthorization();
        register?.Invoke(builder.Services);

        var app = builder.Build();
        app.UseRouting();
        if (authorizes)
        {
            app.UseAuthentication();
            app.UseAuthorization();
        }

        map(app);
        await app.StartAsync(TestContext.Current.CancellationToken);
        return new Site(app);
    }

    public async Task<HttpResponseMessage> AskAsync(string path, string? user = null, HttpMethod? method = null, params (string Name, string Value)[] headers)
    {
        using var request = new HttpRequestMessage(method ?? HttpMethod.Get, new Uri(path, UriKind.Relative));
        if (user is not null)
            request.Headers.Add("X-User", user);
        foreach (var (name, value) in headers)
            request.Headers.TryAddWithoutValidation(name, value);
        return await Http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, TestContext.Current.CancellationToken);
    }

    /// <summary>How every endpoint of the dashboard answers, to a GET and to a HEAD.</summary>
    public async Task<IReadOnlyList<HttpStatusCode>> AskEachAsync(string? user = null)
    {
        var answers = new List<HttpStatusCode>();
        foreach (var path in Paths)
        {
            foreach (var method in new[] { HttpMethod.Get, HttpMethod.Head })
            {
                using var response = await AskAsync(path, user, method);
                answers.Add(response.StatusCode);
            }
        }

        return answers;
    }

    public Task StopAsync() => _app.StopAsync(TestContext.Current.CancellationToken);

    public async ValueTask DisposeAsync()
    {
        Http.Dispose();
        await _app.DisposeAsync();
    }

    private sealed class HeaderSignIn(IOptionsMonitor<AuthenticationSchemeOptions> options, ILoggerFactory logger, UrlEncoder encoder)
        : AuthenticationHandler<AuthenticationSchemeOptions>(options, logger, encoder)
    {
        protected override Task<AuthenticateResult> HandleAuthenticateAsync() => Task.FromResult(
            Request.Headers["X-User"].ToString() is { Length: > 0 } user
                ? AuthenticateResult.Success(new(new ClaimsPrincipal(new ClaimsIdentity([new(ClaimTypes.Name, user)], "header")), "header"))
                : AuthenticateResult.NoResult());
    }
}
