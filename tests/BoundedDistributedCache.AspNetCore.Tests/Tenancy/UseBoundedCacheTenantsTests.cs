using System.Net;
using System.Text.Json;
using BoundedCache.AspNetCore.Tests.Support;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;

namespace BoundedCache.AspNetCore.Tests.Tenancy;

public sealed class UseBoundedCacheTenantsTests
{
    public static TheoryData<string> InvalidIds => ["", new string('t', 257), "bell\u0007", "del\u007F"];

    [Theory]
    [MemberData(nameof(InvalidIds))]
    public async Task ARequestWhoseTenantIsMissingOrInvalidIsRefusedBeforeTheCacheIsTouched(string tenantId)
    {
        var reached = 0;
        await using var shops = await Shops.OpenAsync(app =>
        {
            app.UseBoundedCacheTenants(tenants => tenants.From(_ => tenantId));
            app.Use((context, next) =>
            {
                reached++;
                return next(context);
            });
        });

        using var response = await shops.SendAsync("/acme/cached");

        Assert.Equal(HttpStatusCode.BadRequest, response.StatusCode);
        Assert.Equal("application/problem+json", response.Content.Headers.ContentType?.MediaType);
        var body = await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);
        using var problem = JsonDocument.Parse(body);
        Assert.Equal(400, problem.RootElement.GetProperty("status").GetInt32());
        Assert.Contains("tenant", problem.RootElement.GetProperty("detail").GetString(), StringComparison.Ordinal);
        Assert.DoesNotContain("ttt", body, StringComparison.Ordinal);
        Assert.Equal((0, 0), (reached, shops.Cache().GetStatistics().TotalRequests));
    }

    [Fact]
    public async Task TheApplicationMayHaveItsSayInTheProblemDetails()
    {
        await using var shops = await Shops.OpenAsync(
            app => app.UseBoundedCacheTenants(tenants => tenants.FromRoute("tenant")),
            services => services.AddProblemDetails(options => options.CustomizeProblemDetails = context => context.ProblemDetails.Title = "Which shop?"));

        using var response = await shops.SendAsync("/who");

        Assert.Contains("Which shop?", await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken), StringComparison.Ordinal);
    }

    [Fact]
    public async Task AnUnknownPathHasNoRouteValueAndIsRefused()
    {
        await using var shops = await Shops.OpenAsync(tenants => tenants.FromRoute("tenant"));

        Assert.Equal("400", await shops.AskAsync("/no/such/path"));
    }

    [Fact]
    public async Task TheTenantIsCurrentUntilTheRestOfThePipelineReturned()
    {
        var seen = new List<string>();
        await using var shops = await Shops.OpenAsync(app =>
        {
            app.Use(SeeAfterwards);
            app.UseBoundedCacheTenants(tenants => tenants.FromRoute("tenant"));
            app.Use(SeeAfterwards);
        });

        await shops.AskAsync("/acme/who");

        Assert.Equal(["acme", Shops.None], seen);

        async Task SeeAfterwards(HttpContext context, RequestDelegate next)
        {
            await next(context);
            seen.Add(Shops.Who(context.RequestServices.GetRequiredService<ITenantContext>()));
        }
    }

    [Fact]
    public async Task AnEndpointThatNeedsNoTenantRunsInNoPartitionOrInTheHosts()
    {
        await using var shops = await Shops.OpenAsync(app =>
        {
            app.UseBoundedCacheTenants(tenants => tenants.FromTrustedHeader("X-Tenant").WithoutTenant("/marked"));
            app.MapGet("/health", Shops.Who).WithoutTenant();
            app.MapGet("/tenants", Shops.Who).WithoutTenant(useHostPartition: true);
            app.MapGroup("/admin").WithoutTenant(useHostPartition: true).MapGet("/who", Shops.Who);
            app.MapGet("/marked/host", Shops.Who).WithoutTenant(useHostPartition: true);
        });

        Assert.Equal(Shops.None, await shops.AskAsync("/health"));
        Assert.Equal(Shops.None, await shops.AskAsync("/health", ("X-Tenant", "acme")));
        Assert.Equal(Shops.Host, await shops.AskAsync("/tenants"));
        Assert.Equal(Shops.Host, await shops.AskAsync("/admin/who"));
        Assert.Equal(Shops.Host, await shops.AskAsync("/marked/host"));
        Assert.Equal("400", await shops.AskAsync("/who"));
    }

    [Theory]
    [InlineData("/none/who", Shops.None)]
    [InlineData("/NONE/who", Shops.None)]
    [InlineData("/host/who", Shops.Host)]
    [InlineData("/none/host/who", Shops.Host)]
    [InlineData("/nonesuch/who", "400")]
    [InlineData("/other/none/who", "400")]
    [InlineData("/", Shops.None)]
    public async Task APathThatNeedsNoTenantRunsInNoPartitionOrInTheHosts(string path, string expected)
    {
        await using var shops = await Shops.OpenAsync(app =>
        {
            app.UseBoundedCacheTenants(tenants => tenants.From(_ => (string?)null)
                .WithoutTenant("/none/")
                .WithoutTenant("/none/host", useHostPartition: true)
                .WithoutTenant("/host", useHostPartition: true)
                .WithoutTenant("/"));
            app.MapGet("/{**path}", Shops.Who);
        });

        Assert.Equal(expected, await shops.AskAsync(path));
    }

    [Fact]
    public async Task InNoPartitionTheCacheIsRefused()
    {
        await using var shops = await Shops.OpenAsync(tenants => tenants.FromRoute("tenant").WithoutTenant("/acme/cached"));

        await Assert.ThrowsAsync<InvalidOperationException>(() => shops.AskAsync("/acme/cached"));
        Assert.Equal("nothing", await shops.AskAsync("/zenith/cached"));
    }

    [Theory]
    [InlineData(true, "500 " + Shops.None)]
    [InlineData(false, "400")]
    public async Task AnErrorPageIsARunOfItsOwnThatNeedsAMark(bool isMarked, string expected)
    {
        await using var shops = await Shops.OpenAsync(app =>
        {
            app.UseExceptionHandler("/error");
            app.UseBoundedCacheTenants(tenants =>
            {
                tenants.FromRoute("tenant");
                if (isMarked)
                    tenants.WithoutTenant("/error");
            });
            app.MapGet("/error", (ITenantContext tenants) => Results.Text($"500 {Shops.Who(tenants)}", statusCode: 200));
            app.MapGet("/{tenant}/fail", string () => throw new TimeoutException());
        });

        Assert.Equal(expected, await shops.AskAsync("/acme/fail"));
    }

    [Theory]
    [InlineData("")]
    [InlineData("health")]
    public void APathMustBeginWithASlash(string path) =>
        Assert.Throws<ArgumentException>(nameof(path), () => new BoundedCacheTenantRequestOptions().WithoutTenant(path));

    [Fact]
    public async Task AfterUseSessionItThrowsNamingTheLinesToSwap()
    {
        await using var shops = await Shops.OpenAsync(
            app =>
            {
                app.UseSession();
                app.UseBoundedCacheTenants(tenants => tenants.FromRoute("tenant"));
            },
            services => services.AddSession());

        var error = await Assert.ThrowsAsync<InvalidOperationException>(() => shops.AskAsync("/acme/who"));

        Assert.Contains("app.UseSession() stands before app.UseBoundedCacheTenants()", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task BeforeUseRoutingARouteSourceThrowsNamingTheLinesToSwap()
    {
        await using var shops = await Shops.OpenAsync(app =>
        {
            app.UseBoundedCacheTenants(tenants => tenants.FromRoute("tenant"));
            app.UseRouting();
        });

        var error = await Assert.ThrowsAsync<InvalidOperationException>(() => shops.AskAsync("/acme/who"));

        Assert.Contains("stands before app.UseRouting()", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task AfterUseRoutingARouteSourceWorks()
    {
        await using var shops = await Shops.OpenAsync(app =>
        {
            app.UseRouting();
            app.UseBoundedCacheTenants(tenants => tenants.FromRoute("tenant"));
        });

        Assert.Equal("acme", await shops.AskAsync("/acme/who"));
        Assert.Equal("400", await shops.AskAsync("/no/such/path"));
    }

    [Fact]
    public async Task BeforeUseRoutingOtherSourcesWork()
    {
        await using var shops = await Shops.OpenAsync(app =>
        {
            app.UseBoundedCacheTenants(tenants => tenants.FromTrustedHeader("X-Tenant"));
            app.UseRouting();
        });

        Assert.Equal("acme", await shops.AskAsync("/who", ("X-Tenant", "acme")));
    }

    [Fact]
    public async Task InABranchARouteSourceWorksOnWhatWasRoutedBefore()
    {
        await using var shops = await Shops.OpenAsync(app => app.UseWhen(
            context => !context.Request.Path.StartsWithSegments("/who", StringComparison.Ordinal),
            branch => branch.UseBoundedCacheTenants(tenants => tenants.FromRoute("tenant"))));

        Assert.Equal("acme", await shops.AskAsync("/acme/who"));
        Assert.Equal(Shops.None, await shops.AskAsync("/who"));
    }

    [Fact]
    public void WithoutTenantsInTheContainerOrWithoutASourceItIsRefused()
    {
        var without = new ApplicationBuilder(new ServiceCollection().BuildServiceProvider());
        var with = new ApplicationBuilder(new ServiceCollection().AddBoundedCacheTenants().BuildServiceProvider());

        Assert.Contains("AddBoundedCacheTenants()", Assert.Throws<InvalidOperationException>(() => without.UseBoundedCacheTenants(tenants => tenants.FromHost())).Message, StringComparison.Ordinal);
        Assert.Contains("source", Assert.Throws<InvalidOperationException>(() => with.UseBoundedCacheTenants(_ => { })).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void NullArgumentsAreRefused()
    {
        var app = new ApplicationBuilder(new ServiceCollection().BuildServiceProvider());

        Assert.Throws<ArgumentNullException>("app", () => ((IApplicationBuilder)null!).UseBoundedCacheTenants(_ => { }));
        Assert.Throws<ArgumentNullException>("configure", () => app.UseBoundedCacheTenants(null!));
        Assert.Throws<ArgumentNullException>("builder", () => ((IEndpointConventionBuilder)null!).WithoutTenant());
        Assert.Throws<ArgumentNullException>("path", () => new BoundedCacheTenantRequestOptions().WithoutTenant(null!));
    }
}
