using Microsoft.AspNetCore.DataProtection;
using Microsoft.AspNetCore.DataProtection.KeyManagement;
using Microsoft.AspNetCore.DataProtection.StackExchangeRedis;
using StackExchange.Redis;

namespace WebSample.Nodes;

/// <summary>What makes several processes one shop: Redis behind both caches, and the keys that cookies are read with.</summary>
internal static class SharedRedis
{
    public static IServiceCollection AddSharedRedis(this IServiceCollection services, string address)
    {
        services.AddBoundedCacheRedisTier(tier =>
        {
            tier.Configuration = address;
            tier.InstanceName = "shop:pages:";
        });
        services.AddKeyedBoundedCacheRedisTier("sessions", tier =>
        {
            tier.Configuration = address;
            tier.InstanceName = "shop:sessions:";
        });

        // Keys outlive what caches hold, so they are stored beside the caches, and never expire or are evicted by them.
        services.AddSingleton<IConnectionMultiplexer>(_ =>
        {
            var configuration = ConfigurationOptions.Parse(address);
            configuration.AbortOnConnectFail = false;
            return ConnectionMultiplexer.Connect(configuration);
        });
        services.AddDataProtection().SetApplicationName("shop");
        services.AddOptions<KeyManagementOptions>().Configure<IServiceProvider>((keys, provider) =>
            keys.XmlRepository = new RedisXmlRepository(
                () => provider.GetRequiredService<IConnectionMultiplexer>().GetDatabase(), "shop:keys"));
        return services;
    }
}
