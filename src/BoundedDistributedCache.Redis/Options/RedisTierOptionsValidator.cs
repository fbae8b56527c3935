using System.Globalization;
using Microsoft.Extensions.Options;
using StackExchange.Redis;

namespace BoundedCache.Redis;

/// <summary>Reports every value out of range at once. Never repeats a configuration: it may hold a password.</summary>
internal sealed class RedisTierOptionsValidator : IValidateOptions<RedisTierOptions>
{
    internal const int MaxInstanceNameLength = 256;
    internal const int MostInFlight = 100_000;

    private static readonly TimeSpan Day = TimeSpan.FromDays(1);
    private static readonly TimeSpan MinOperationTimeout = TimeSpan.FromMilliseconds(100);

    public ValidateOptionsResult Validate(string? name, RedisTierOptions options)
    {
        var failures = new List<string>();
        var ways = (string.IsNullOrWhiteSpace(options.Configuration) ? 0 : 1)
            + (options.ConfigurationOptions is null ? 0 : 1)
            + (options.ConnectionMultiplexerFactory is null ? 0 : 1);
        if (ways != 1)
        {
            failures.Add(
                $"Of {nameof(RedisTierOptions)}.{nameof(options.Configuration)}, {nameof(options.ConfigurationOptions)} and {nameof(options.ConnectionMultiplexerFactory)} "
                + $"{(ways == 0 ? "none" : "more than one")} is set: set the one that says how to reach Redis.");
        }

        if (!string.IsNullOrWhiteSpace(options.Configuration) && !NamesEndpoint(options.Configuration))
            Refuse(nameof(options.Configuration), "not what StackExchange.Redis reads, or without an endpoint", "it must be as \"localhost:6379\"; it is not repeated here, for it may hold a password");
        if (options.ConfigurationOptions is { EndPoints.Count: 0 })
            Refuse(nameof(options.ConfigurationOptions), "without an endpoint", "it must name one at least");

        if (options.InstanceName is null || options.InstanceName.Length > MaxInstanceNameLength || !KeySpace.IsWellFormed(options.InstanceName))
            Refuse(nameof(options.InstanceName), options.InstanceName is null ? "null" : $"{options.InstanceName.Length} characters long or not well-formed", $"it must be well-formed UTF-16 of at most {MaxInstanceNameLength} characters");

        RequireUpToADay(nameof(options.MaxStaleness), options.MaxStaleness);
        RequireUpToADay(nameof(options.QueueTimeout), options.QueueTimeout);

        if (options.MaxStalenessWhenDisconnected is { } disconnected && (disconnected < options.MaxStaleness || disconnected > Day))
            Refuse(nameof(options.MaxStalenessWhenDisconnected), Text(disconnected), $"it must be from {nameof(options.MaxStaleness)} to 1 day, or not set");

        if (options.MaxOperationsInFlight is < 1 or > MostInFlight)
            Refuse(nameof(options.MaxOperationsInFlight), Text(options.MaxOperationsInFlight), $"it must be from 1 to {Text(MostInFlight)}");

        if (options.OperationTimeout is { } timeout && (timeout < MinOperationTimeout || timeout > Day))
            Refuse(nameof(options.OperationTimeout), Text(timeout), "it must be from 100 milliseconds to 1 day, or not set");
        if (options is { OperationTimeout: not null, ConnectionMultiplexerFactory: not null })
            Refuse(nameof(options.OperationTimeout), "set", $"with {nameof(options.ConnectionMultiplexerFactory)} the time-outs of that connection hold; set them there");

        return failures.Count == 0 ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail(failures);

        void RequireUpToADay(string option, TimeSpan value)
        {
            if (value <= TimeSpan.Zero || value > Day)
                Refuse(option, Text(value), "it must be more than zero and at most 1 day");
        }

        void Refuse(string option, string value, string allowed) =>
            failures.Add($"{nameof(RedisTierOptions)}.{option} is {value}: {allowed}.");
    }

    private static bool NamesEndpoint(string configuration)
    {
        try
        {
            return ConfigurationOptions.Parse(configuration).EndPoints.Count > 0;
        }
        catch (Exception)
        {
            return false;
        }
    }

    private static string Text(IFormattable value) => value.ToString(null, CultureInfo.InvariantCulture);
}
