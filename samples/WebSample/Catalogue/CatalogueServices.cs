using Microsoft.Extensions.Http.Resilience;
using Microsoft.Extensions.Options;
using Polly;
using WebSample.Upstream;

namespace WebSample.Catalogue;

public static class CatalogueServices
{
    public static IServiceCollection AddCatalogue(this IServiceCollection services, IConfiguration configuration)
    {
        services.AddOptions<CatalogueOptions>().Bind(configuration).ValidateDataAnnotations().ValidateOnStart();
        services.AddSingleton<ConnectionLimit>();
        services.AddTransient<WholeBodyHandler>();
        services.AddTransient<CachedCatalogue>();

        var client = services.AddHttpClient<CatalogueClient>((provider, http) =>
        {
            http.BaseAddress = provider.GetRequiredService<UpstreamServer>().Address;
            http.Timeout = Timeout.InfiniteTimeSpan; // The pipeline below has the time-outs.
        });

        // From the outside in: all of it has its time; a failed attempt is made again; each attempt waits for a
        // connection; then its own time-out starts.
        client.AddResilienceHandler("catalogue", (pipeline, context) =>
        {
            var options = context.ServiceProvider.GetRequiredService<IOptions<CatalogueOptions>>().Value;
            pipeline.TimeProvider = context.ServiceProvider.GetRequiredService<TimeProvider>();
            pipeline
                .AddTimeout(options.TotalTimeout)
                .AddRetry(new HttpRetryStrategyOptions
                {
                    MaxRetryAttempts = options.Retries,
                    Delay = options.RetryDelay,
                    BackoffType = DelayBackoffType.Exponential,
                    UseJitter = true,
                })
                .AddRateLimiter(context.ServiceProvider.GetRequiredService<ConnectionLimit>().Limiter)
                .AddTimeout(options.AttemptTimeout);
        });
        client.AddHttpMessageHandler<WholeBodyHandler>();

        // One handler for good, since a second one would bring connections of its own; connections are renewed instead,
        // so that a changed address is noticed.
        client
            .UseSocketsHttpHandler((handler, provider) =>
            {
                handler.MaxConnectionsPerServer =
                    provider.GetRequiredService<IOptions<CatalogueOptions>>().Value.MaxConnectionsPerServer;
                handler.PooledConnectionLifetime = TimeSpan.FromMinutes(2);
            })
            .SetHandlerLifetime(Timeout.InfiniteTimeSpan);

        return services;
    }
}
