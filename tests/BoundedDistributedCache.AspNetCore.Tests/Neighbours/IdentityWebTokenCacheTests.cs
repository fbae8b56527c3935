using System.Net;
using System.Text;
using Microsoft.Extensions.Caching.Distributed;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Identity.Client;
using Microsoft.Identity.Web.TokenCacheProviders;
using Microsoft.Identity.Web.TokenCacheProviders.Distributed;

namespace BoundedCache.AspNetCore.Tests.Neighbours;

/// <summary>Microsoft.Identity.Web keeps tokens in IDistributedCache, behind a level in memory of its own.</summary>
public sealed class IdentityWebTokenCacheTests
{
    [Fact]
    public async Task BeforeTheSwitchBothLevelsWereInMemoryToo()
    {
        var clock = new CountingClock();
        await using var provider = Build(services => services.AddDistributedMemoryCache(options => options.Clock = clock), _ => { });
        provider.GetRequiredService<IDistributedCache>();
        var before = clock.Reads;

        await SignInAsync(provider);

        Assert.NotEqual(0, clock.Reads - before);
    }

    [Fact]
    public async Task TokenIsInTheBoundedCacheAndInAFirstLevelBefore()
    {
        await using var provider = Build(services => services.AddBoundedDistributedCache(), _ => { });

        await SignInAsync(provider);
        await SignInAsync(provider);

        var statistics = provider.GetRequiredService<BoundedDistributedCache>().GetStatistics();
        Assert.Equal((1, 0), (statistics.Entries, statistics.Hits));
    }

    [Fact]
    public async Task WithItsFirstLevelOffEveryReadIsAnsweredByTheBoundedCache()
    {
        await using var provider = Build(services => services.AddBoundedDistributedCache(), options => options.DisableL1Cache = true);

        await SignInAsync(provider);
        await SignInAsync(provider);

        var statistics = provider.GetRequiredService<BoundedDistributedCache>().GetStatistics();
        Assert.Equal((1, 1), (statistics.Entries, statistics.Hits));
    }

    private static ServiceProvider Build(
        Func<IServiceCollection, IServiceCollection> register, Action<MsalDistributedTokenCacheAdapterOptions> configure) =>
        register(new ServiceCollection().AddLogging())
        .AddDistributedTokenCaches()
        .Configure(configure)
        .BuildServiceProvider();

    // An application object for each request, as Microsoft.Identity.Web makes them: what they share is the token cache.
    private static async Task SignInAsync(ServiceProvider provider)
    {
        var application = ConfidentialClientApplicationBuilder.Create("client")
            .WithClientSecret("secret")
            .WithAuthority(new Uri("https://login.microsoftonline.com/tenant"))
            .WithInstanceDiscovery(false)
            .WithHttpClientFactory(new Tokens())
            .Build();
        provider.GetRequiredService<IMsalTokenCacheProvider>().Initialize(application.AppTokenCache);
        await application.AcquireTokenForClient(["scope/.default"]).ExecuteAsync(TestContext.Current.CancellationToken);
    }

    private sealed class Tokens : HttpMessageHandler, IMsalHttpClientFactory
    {
        public HttpClient GetHttpClient() => new(this);

        protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken) =>
            Task.FromResult(new HttpResponseMessage(HttpStatusCode.OK)
            {
                Content = new StringContent(
                    """{"token_type":"Bearer","expires_in":3600,"access_token":"token"}""", Encoding.UTF8, "application/json"),
            });
    }
}
