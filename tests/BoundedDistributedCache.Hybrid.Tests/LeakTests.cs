using BoundedCache.Hybrid.Tests.Support;
using Microsoft.Extensions.DependencyInjection;

namespace BoundedCache.Hybrid.Tests;

/// <summary>The control: the same application with and without the line that this package is for.</summary>
public sealed class LeakTests
{
    public static TheoryData<bool, bool> Cases => new() { { false, false }, { false, true }, { true, false }, { true, true } };

    [Theory]
    [MemberData(nameof(Cases))]
    public async Task OnlyWithItIsATenantKeptFromAnothersValueInTheMemoryOfHybridCache(bool keepsApart, bool isCancellable)
    {
        var token = isCancellable ? TestContext.Current.CancellationToken : CancellationToken.None;
        using var app = new App(services =>
        {
            services.AddBoundedDistributedCache().AddBoundedCacheTenants();
            services.AddHybridCache();
            if (keepsApart)
                services.AddBoundedCacheHybridTenants();
        });

        using (app.Tenants.Use("acme"))
            await app.Hybrid.GetOrCreateAsync("price", _ => ValueTask.FromResult("acme's"), cancellationToken: token);
        string zenith;
        using (app.Tenants.Use("zenith"))
            zenith = await app.Hybrid.GetOrCreateAsync("price", _ => ValueTask.FromResult("zenith's"), cancellationToken: token);

        Assert.Equal(keepsApart ? "zenith's" : "acme's", zenith);
        if (!keepsApart)
            app.ForgetErrors();
    }

    [Fact]
    public async Task WithoutItTheTenantIsGoneWhereHybridCacheRunsTheFactory()
    {
        using var app = new App(services => services.AddBoundedDistributedCache().AddBoundedCacheTenants().AddHybridCache());

        using (app.Tenants.Use("acme"))
        {
            Assert.Null(await app.Hybrid.GetOrCreateAsync(
                "price", _ => ValueTask.FromResult(app.Tenants.TenantId), cancellationToken: TestContext.Current.CancellationToken));
        }

        Assert.NotEmpty(app.Errors()); // the distributed cache was asked without a tenant too
        app.ForgetErrors();
    }
}
