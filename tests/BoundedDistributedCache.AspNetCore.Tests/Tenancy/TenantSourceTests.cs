using System.Security.Claims;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Caching.Distributed;
using Microsoft.Extensions.DependencyInjection;

namespace BoundedCache.AspNetCore.Tests.Tenancy;

public sealed class TenantSourceTests
{
    [Theory]
    [InlineData("/acme/who", "acme")]
    [InlineData("/Acme/who", "Acme")]
    [InlineData("/caf%C3%A9%20%3A/who", "café :")]
    [InlineData("/who", "400")]
    public async Task TheRouteValueIsTheTenantAsItStands(string path, string expected)
    {
        await using var shops = await Shops.OpenAsync(tenants => tenants.FromRoute("tenant"));

        Assert.Equal(expected, await shops.AskAsync(path));
    }

    [Theory]
    [InlineData("acme.example", "acme.example")]
    [InlineData("ACME.example:8080", "acme.example")]
    public async Task TheHostNameIsTheTenantInLowerCase(string host, string expected)
    {
        await using var shops = await Shops.OpenAsync(tenants => tenants.FromHost());

        Assert.Equal(expected, await shops.AskAsync("/who", ("Host", host)));
    }

    [Theory]
    [InlineData("acme.shop.example", "acme")]
    [InlineData("ACME.Shop.Example:8080", "acme")]
    [InlineData("eu.acme.shop.example", "eu.acme")]
    [InlineData("shop.example", "400")]
    [InlineData(".shop.example", "400")]
    [InlineData("acmeshop.example", "400")]
    [InlineData("acme.shop.example.evil", "400")]
    public async Task WhatStandsBeforeTheDomainIsTheTenant(string host, string expected)
    {
        await using var shops = await Shops.OpenAsync(tenants => tenants.FromSubdomainOf("shop.example"));

        Assert.Equal(expected, await shops.AskAsync("/who", ("Host", host)));
    }

    [Theory]
    [InlineData("acme", "acme")]
    [InlineData("acme acme", "acme")]
    [InlineData("acme zenith", "400")]
    [InlineData("", "400")]
    public async Task TheClaimOfTheUserIsTheTenant(string claims, string expected)
    {
        await using var shops = await Shops.OpenAsync(app =>
        {
            app.Use((context, next) =>
            {
                context.User = new(new ClaimsIdentity(claims.Split(' ').Select(value => new Claim("shop", value)).Append(new("other", "other"))));
                return next(context);
            });
            app.UseBoundedCacheTenants(tenants => tenants.FromClaim("shop"));
        });

        Assert.Equal(expected, await shops.AskAsync("/who"));
    }

    [Fact]
    public async Task AUserWithoutTheClaimHasNoTenant()
    {
        await using var shops = await Shops.OpenAsync(tenants => tenants.FromClaim("shop"));

        Assert.Equal("400", await shops.AskAsync("/who"));
    }

    [Fact]
    public async Task TheTrustedHeaderIsTheTenant()
    {
        await using var shops = await Shops.OpenAsync(tenants => tenants.FromTrustedHeader("X-Tenant"));

        Assert.Equal("acme", await shops.AskAsync("/who", ("X-Tenant", "acme")));
        Assert.Equal("acme", await shops.AskAsync("/who", ("x-tenant", "acme"), ("X-Tenant", "acme")));
        Assert.Equal("400", await shops.AskAsync("/who"));
        Assert.Equal("400", await shops.AskAsync("/who", ("X-Tenant", "")));
        Assert.Equal("400", await shops.AskAsync("/who", ("X-Tenant", "acme"), ("X-Tenant", "zenith")));
        Assert.Equal("400", await shops.AskAsync("/who", ("X-Tenant", "acme"), ("X-Tenant", "")));
    }

    [Fact]
    public async Task AHeaderThatTheOptionsDoNotNameChangesNothing()
    {
        await using var shops = await Shops.OpenAsync(tenants => tenants.FromRoute("tenant"));

        Assert.Equal("acme", await shops.AskAsync("/acme/who", ("X-Tenant", "zenith"), ("tenant", "zenith")));
        Assert.Equal("400", await shops.AskAsync("/who", ("X-Tenant", "zenith"), ("tenant", "zenith")));
    }

    [Theory]
    [InlineData("?shop=acme", "acme")]
    [InlineData("?shop=", "400")]
    [InlineData("", "400")]
    public async Task TheApplicationsFunctionTellsTheTenant(string query, string expected)
    {
        await using var shops = await Shops.OpenAsync(tenants => tenants.From(context => context.Request.Query["shop"]));

        Assert.Equal(expected, await shops.AskAsync("/who" + query));
    }

    [Fact]
    public async Task TheApplicationsFunctionMayFindTheTenantInTheHostPartition()
    {
        await using var shops = await Shops.OpenAsync(tenants => tenants.From(async context =>
        {
            var services = context.RequestServices;
            using (services.GetRequiredService<ITenantContext>().UseHost())
                return await services.GetRequiredService<IDistributedCache>().GetStringAsync(context.Request.Host.Host, context.RequestAborted);
        }));
        using (shops.Services.GetRequiredService<ITenantContext>().UseHost())
            await shops.Services.GetRequiredService<IDistributedCache>().SetStringAsync("mugs.example", "acme", TestContext.Current.CancellationToken);

        Assert.Equal("acme", await shops.AskAsync("/who", ("Host", "mugs.example")));
        Assert.Equal("400", await shops.AskAsync("/who", ("Host", "cups.example")));
    }

    [Fact]
    public void OneSourceIsAllThereIs()
    {
        var options = new BoundedCacheTenantRequestOptions().FromRoute("tenant");

        Assert.Throws<InvalidOperationException>(() => options.FromTrustedHeader("X-Tenant"));
        Assert.Throws<InvalidOperationException>(() => options.FromHost());
    }

    [Fact]
    public void WhatIsNoSourceIsRefused()
    {
        var options = new BoundedCacheTenantRequestOptions();

        Assert.Throws<ArgumentException>("name", () => options.FromRoute(""));
        Assert.Throws<ArgumentException>("name", () => options.FromTrustedHeader(" "));
        Assert.Throws<ArgumentException>("type", () => options.FromClaim(""));
        Assert.Throws<ArgumentException>("domain", () => options.FromSubdomainOf(""));
        Assert.Throws<ArgumentException>("domain", () => options.FromSubdomainOf(".shop.example"));
        Assert.Throws<ArgumentNullException>("source", () => options.From((Func<HttpContext, string?>)null!));
        Assert.Throws<ArgumentNullException>("source", () => options.From((Func<HttpContext, ValueTask<string?>>)null!));
    }
}
