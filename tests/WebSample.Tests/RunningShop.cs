using System.Net;
using System.Xml.Linq;
using Microsoft.AspNetCore.DataProtection;
using Microsoft.AspNetCore.DataProtection.KeyManagement;
using Microsoft.AspNetCore.DataProtection.Repositories;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Mvc.Testing;
using Microsoft.AspNetCore.TestHost;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Testing;
using Microsoft.Extensions.Time.Testing;
using WebSample.Catalogue;
using WebSample.Status;
using WebSample.Upstream;

namespace WebSample.Tests;

/// <summary>The sample as its own Program builds it, on Kestrel and a free port, with some settings changed.</summary>
internal sealed class RunningShop : WebApplicationFactory<Program>
{
    private readonly TimeProvider _clock;
    private readonly (string Key, string Value)[] _settings;
    private readonly Action<IServiceCollection>? _services;

    private RunningShop(TimeProvider clock, (string Key, string Value)[] settings, Action<IServiceCollection>? services = null)
    {
        _clock = clock;
        _settings = settings;
        _services = services;
        UseKestrel(0);
        StartServer();
    }

    public UpstreamTraffic Upstream => Services.GetRequiredService<UpstreamTraffic>();

    public Uri UpstreamAddress => Services.GetRequiredService<UpstreamServer>().Address;

    public FakeLogCollector Log => Services.GetRequiredService<FakeLogCollector>();

    public ShopShare ShareOf(string shop) =>
        Services.GetRequiredService<ShopStatus>().Read().Shops.Single(share => share.Shop.Id == shop);

    public ConnectionLimit Connections => Services.GetRequiredService<ConnectionLimit>();

    public static RunningShop Open(params (string Key, string Value)[] settings) => new(TimeProvider.System, settings);

    public static RunningShop Open(TimeProvider clock, params (string Key, string Value)[] settings) => new(clock, settings);

    public static RunningShop OpenWith(Action<IServiceCollection> services, params (string Key, string Value)[] settings) =>
        new(TimeProvider.System, settings, services);

    /// <summary>A visitor with cookies of their own, over a real socket.</summary>
    public Visitor Enter() => new(new HttpClient { BaseAddress = ClientOptions.BaseAddress });

    /// <summary>A visitor whose browser already has cookies: it keeps them by host name, whatever the port.</summary>
    public Visitor Enter(CookieContainer cookies) =>
        new(new HttpClient(new HttpClientHandler { CookieContainer = cookies, CheckCertificateRevocationList = true }) { BaseAddress = ClientOptions.BaseAddress });

    public override async ValueTask DisposeAsync()
    {
        // Whatever a failed test left waiting on a clock that stands still would hold up the shutdown.
        (_clock as FakeTimeProvider)?.Advance(TimeSpan.FromHours(1));
        await base.DisposeAsync();
    }

    protected override void ConfigureWebHost(IWebHostBuilder builder)
    {
        foreach (var (key, value) in _settings)
            builder.UseSetting(key, value);

        builder.ConfigureTestServices(services =>
        {
            services.AddLogging(logging => logging.ClearProviders().AddFakeLogging());
            services.AddSingleton(_clock);
            // Nodes on one Redis have the keys of their cookies there; and on this machine nowhere, where they would share
            // them without its doing.
            if (!_settings.Any(setting => setting.Key == "Redis"))
                services.AddSingleton<IDataProtectionProvider>(new EphemeralDataProtectionProvider());
            services.PostConfigure<KeyManagementOptions>(keys => keys.XmlRepository ??= new KeysOfThisNode());
            _services?.Invoke(services);
        });
    }

    private sealed class KeysOfThisNode : IXmlRepository
    {
        private readonly List<XElement> _keys = [];

        public IReadOnlyCollection<XElement> GetAllElements() => [.. _keys];

        public void StoreElement(XElement element, string friendlyName) => _keys.Add(element);
    }
}
