using System.Net;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace BoundedCache.AspNetCore.Tests.Dashboard;

/// <summary>Who may see the dashboard, asked of each of its endpoints over a real socket.</summary>
public sealed class DashboardAccessTests
{
    private static readonly AuthorizationPolicy OperatorsOnly = new AuthorizationPolicyBuilder().RequireUserName("operator").Build();

    [Fact]
    public async Task InDevelopmentAnybodyMay()
    {
        await using var site = await Site.OpenAsync(app => app.MapBoundedCacheDashboard("/cache"), environment: "Development");

        Assert.All(await site.AskEachAsync(), IsOk);
    }

    [Theory]
    [InlineData("Production")]
    [InlineData("Staging")]
    public async Task WithoutAPolicyNobodyMayElsewhere(string environment)
    {
        await using var site = await Site.OpenAsync(app => app.MapBoundedCacheDashboard("/cache"), environment: environment);

        Assert.All(await site.AskEachAsync(), IsForbidden);
        Assert.All(await site.AskEachAsync("operator"), IsForbidden);
    }

    [Fact]
    public async Task ARefusalIsToldOnceWithWhatToDo()
    {
        await using var site = await Site.OpenAsync(app => app.MapBoundedCacheDashboard("/cache"));

        await site.AskEachAsync();

        var told = Assert.Single(site.Log, record => record.Id.Id == 200);
        Assert.Equal(LogLevel.Warning, told.Level);
        Assert.Contains("RequireAuthorization", told.Message);
        Assert.Contains("AllowAnonymousAccess", told.Message);
    }

    [Fact]
    public async Task APolicyOfItsOwnDecides()
    {
        await using var site = await Site.OpenAsync(app => app.MapBoundedCacheDashboard("/cache").RequireAuthorization(OperatorsOnly));

        await OnlyTheOperatorMayAsync(site);
    }

    [Fact]
    public async Task ANamedPolicyOfItsOwnDecides()
    {
        await using var site = await Site.OpenAsync(
            app => app.MapBoundedCacheDashboard("/cache").RequireAuthorization("operators"),
            services => services.AddAuthorizationBuilder().AddPolicy("operators", OperatorsOnly));

        await OnlyTheOperatorMayAsync(site);
    }

    [Fact]
    public async Task RequirementsOfItsOwnDecide()
    {
        await using var site = await Site.OpenAsync(app => app.MapBoundedCacheDashboard("/cache").WithMetadata(new ForOperators()));

        await OnlyTheOperatorMayAsync(site);
    }

    [Fact]
    public async Task APolicyOfItsGroupDecides()
    {
        await using var site = await Site.OpenAsync(app => app.MapGroup("").RequireAuthorization(OperatorsOnly).MapBoundedCacheDashboard("/cache"));

        await OnlyTheOperatorMayAsync(site);
    }

    [Fact]
    public async Task AFallbackPolicyAloneOpensNothing()
    {
        await using var site = await Site.OpenAsync(
            app => app.MapBoundedCacheDashboard("/cache"),
            services => services.AddAuthorizationBuilder().SetFallbackPolicy(OperatorsOnly));

        Assert.All(await site.AskEachAsync(), status => Assert.Equal(HttpStatusCode.Unauthorized, status));
        Assert.All(await site.AskEachAsync("operator"), IsForbidden);
    }

    [Fact]
    public async Task AFallbackPolicyThatNothingEnforcesOpensNothing()
    {
        await using var site = await Site.OpenAsync(
            app => app.MapBoundedCacheDashboard("/cache"),
            services => services.AddAuthorizationBuilder().SetFallbackPolicy(OperatorsOnly),
            authorizes: false);

        Assert.All(await site.AskEachAsync("operator"), IsForbidden);
    }

    [Fact]
    public async Task AllowAnonymousBesideAPolicyClosesIt()
    {
        await using var own = await Site.OpenAsync(app => app.MapBoundedCacheDashboard("/cache").RequireAuthorization(OperatorsOnly).AllowAnonymous());
        await using var group = await Site.OpenAsync(app => app.MapGroup("").AllowAnonymous().MapBoundedCacheDashboard("/cache").RequireAuthorization(OperatorsOnly));

        foreach (var site in new[] { own, group })
        {
            Assert.All(await site.AskEachAsync(), IsForbidden);
            Assert.All(await site.AskEachAsync("operator"), IsForbidden);
        }
    }

    [Fact]
    public async Task APolicyThatNothingEnforcesOpensNothing()
    {
        await using var asMetadata = await Site.OpenAsync(
            app => app.MapBoundedCacheDashboard("/cache").WithMetadata(OperatorsOnly), authorizes: false);
        await using var withoutCheck = await Site.OpenAsync(
            app => app.MapBoundedCacheDashboard("/cache").RequireAuthorization(OperatorsOnly),
            services => services.Configure<RouteOptions>(routing => routing.SuppressCheckForUnhandledSecurityMetadata = true),
            authorizes: false);

        Assert.All(await asMetadata.AskEachAsync("operator"), IsForbidden);
        Assert.All(await withoutCheck.AskEachAsync("operator"), IsForbidden);
    }

    [Fact]
    public async Task AnonymousAccessThatIsAskedForInSoManyWordsIsGiven()
    {
        await using var site = await Site.OpenAsync(app => app.MapBoundedCacheDashboard("/cache", options => options.AllowAnonymousAccess = true));

        Assert.All(await site.AskEachAsync(), IsOk);
        Assert.DoesNotContain(site.Log, record => record.Id.Id == 200);
    }

    [Fact]
    public async Task APolicyIsEnforcedWhereAnonymousAccessIsAskedForToo()
    {
        await using var site = await Site.OpenAsync(app => app
            .MapBoundedCacheDashboard("/cache", options => options.AllowAnonymousAccess = true).RequireAuthorization(OperatorsOnly));

        await OnlyTheOperatorMayAsync(site);
    }

    [Fact]
    public async Task NothingARequestSaysOfWhereItComesFromOpensIt()
    {
        await using var site = await Site.OpenAsync(app => app.MapBoundedCacheDashboard("/cache"));

        using var response = await site.AskAsync("/cache", headers: [("X-Forwarded-For", "127.0.0.1"), ("Host", "localhost")]);

        IsForbidden(response.StatusCode); // Though it comes over the loopback address indeed, as from a proxy on the host.
    }

    private static async Task OnlyTheOperatorMayAsync(Site site)
    {
        Assert.All(await site.AskEachAsync(), status => Assert.Equal(HttpStatusCode.Unauthorized, status));
        Assert.All(await site.AskEachAsync("visitor"), IsForbidden);
        Assert.All(await site.AskEachAsync("operator"), IsOk);
    }

    private static void IsOk(HttpStatusCode status) => Assert.Equal(HttpStatusCode.OK, status);

    private static void IsForbidden(HttpStatusCode status) => Assert.Equal(HttpStatusCode.Forbidden, status);

    private sealed class ForOperators : IAuthorizationRequirementData
    {
        public IEnumerable<IAuthorizationRequirement> GetRequirements() => OperatorsOnly.Requirements;
    }
}
