using Microsoft.AspNetCore.DataProtection;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Mvc.Testing;
using Microsoft.AspNetCore.TestHost;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace BoundedCache.Browser.Tests.Support;

/// <summary>The sample as its own Program builds it, in Development, on Kestrel.</summary>
internal sealed class RunningSample : WebApplicationFactory<Program>
{
    private RunningSample(int port)
    {
        UseKestrel(port);
        StartServer();
    }

    public Uri Address => ClientOptions.BaseAddress;

    /// <param name="port">0 for a free one.</param>
    public static RunningSample Open(int port = 0) => new(port);

    protected override void ConfigureWebHost(IWebHostBuilder builder)
    {
        builder.UseSetting("Upstream:Delay", "00:00:00.020");
        builder.UseSetting("Cache:SweepInterval", "00:00:02");
        builder.ConfigureTestServices(services =>
        {
            services.AddLogging(logging => logging.ClearProviders());
            services.AddSingleton<IDataProtectionProvider>(new EphemeralDataProtectionProvider());
        });
    }
}
