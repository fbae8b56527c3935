using Microsoft.Extensions.Configuration;

namespace BoundedCache.Redis;

/// <summary>What a configuration can say of <see cref="RedisTierOptions"/>; what it does not say stays as it is.</summary>
internal sealed class ConfiguredOptions
{
    public string? Configuration { get; set; }

    public string? InstanceName { get; set; }

    public TimeSpan? MaxStaleness { get; set; }

    public TimeSpan? MaxStalenessWhenDisconnected { get; set; }

    public int? MaxOperationsInFlight { get; set; }

    public TimeSpan? QueueTimeout { get; set; }

    public TimeSpan? OperationTimeout { get; set; }

    internal static void Apply(IConfiguration section, RedisTierOptions options)
    {
        var configured = new ConfiguredOptions();
        section.Bind(configured);
        options.Configuration = configured.Configuration ?? options.Configuration;
        options.InstanceName = configured.InstanceName ?? options.InstanceName;
        options.MaxStaleness = configured.MaxStaleness ?? options.MaxStaleness;
        options.MaxStalenessWhenDisconnected = configured.MaxStalenessWhenDisconnected ?? options.MaxStalenessWhenDisconnected;
        options.MaxOperationsInFlight = configured.MaxOperationsInFlight ?? options.MaxOperationsInFlight;
        options.QueueTimeout = configured.QueueTimeout ?? options.QueueTimeout;
        options.OperationTimeout = configured.OperationTimeout ?? options.OperationTimeout;
    }
}
