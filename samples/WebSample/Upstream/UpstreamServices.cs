namespace WebSample.Upstream;

public static class UpstreamServices
{
    public static IServiceCollection AddUpstream(this IServiceCollection services, IConfiguration configuration)
    {
        services.AddOptions<UpstreamOptions>().Bind(configuration).ValidateDataAnnotations().ValidateOnStart();
        services.AddSingleton<UpstreamTraffic>();
        services.AddSingleton<UpstreamServer>();
        services.AddHostedService(provider => provider.GetRequiredService<UpstreamServer>());
        return services;
    }
}
