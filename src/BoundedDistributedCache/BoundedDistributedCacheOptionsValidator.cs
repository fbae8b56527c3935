using System.Globalization;
using System.Text;
using Microsoft.Extensions.Options;

namespace BoundedCache;

/// <summary>Reports every value out of range at once, each with its option, its value and what is allowed.</summary>
internal sealed class BoundedDistributedCacheOptionsValidator : IValidateOptions<BoundedDistributedCacheOptions>
{
    internal const int MaxNameLength = 128;
    internal const int MostTenantsInMetrics = 1_000;

    // What PeriodicTimer takes: from 1 to 0xFFFFFFFE milliseconds, which is 49.7 days.
    private static readonly TimeSpan MinSweepInterval = TimeSpan.FromMilliseconds(1);
    private static readonly TimeSpan MaxSweepInterval = TimeSpan.FromDays(49);

    public ValidateOptionsResult Validate(string? name, BoundedDistributedCacheOptions options)
    {
        var failures = FindFailures(name, options);
        return failures.Count == 0 ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail(failures);
    }

    /// <summary>For caches that are made without a container, whose options nobody has validated.</summary>
    /// <exception cref="OptionsValidationException">A value is out of range.</exception>
    internal static void ThrowIfInvalid(BoundedDistributedCacheOptions options)
    {
        var failures = FindFailures(Options.DefaultName, options);
        if (failures.Count > 0)
        {
            throw new OptionsValidationException(Options.DefaultName, typeof(BoundedDistributedCacheOptions), failures);
        }
    }

    private static List<string> FindFailures(string? optionsName, BoundedDistributedCacheOptions options)
    {
        var failures = new List<string>();

        if (options.MaxEntries < 1)
            Refuse(nameof(options.MaxEntries), Text(options.MaxEntries), "it must be at least 1");

        if (options.MaxBytes < 1)
            Refuse(nameof(options.MaxBytes), Text(options.MaxBytes), "it must be at least 1");

        if (!Enum.IsDefined(options.EvictionPolicy))
            Refuse(nameof(options.EvictionPolicy), options.EvictionPolicy.ToString(), $"it must be {nameof(EvictionPolicy.Lru)} or {nameof(EvictionPolicy.ScanResistant)}");

        if (options.SweepInterval < MinSweepInterval || options.SweepInterval > MaxSweepInterval)
            Refuse(nameof(options.SweepInterval), Text(options.SweepInterval), "it must be from 1 millisecond (00:00:00.0010000) to 49 days (49.00:00:00)");

        if (options.DefaultSlidingExpiration is { } sliding && sliding <= TimeSpan.Zero)
            Refuse(nameof(options.DefaultSlidingExpiration), Text(sliding), "it must be more than zero, or not set");

        if (options.DefaultAbsoluteExpirationRelativeToNow is { } absolute && absolute <= TimeSpan.Zero)
            Refuse(nameof(options.DefaultAbsoluteExpirationRelativeToNow), Text(absolute), "it must be more than zero, or not set");

        if (string.IsNullOrWhiteSpace(options.Name) || options.Name.Length > MaxNameLength || options.Name.Any(char.IsControl))
            Refuse(nameof(options.Name), Printable(options.Name), $"it must have from 1 to {MaxNameLength} characters, not all of them white space and none of them a control character");

        if (options.MaxTenantsInMetrics is < 0 or > MostTenantsInMetrics)
            Refuse(nameof(options.MaxTenantsInMetrics), Text(options.MaxTenantsInMetrics), "it must be from 0 to 1000");

        RefuseLimits(options.MaxEntriesPerTenant, options.MaxBytesPerTenant, nameof(options.MaxEntriesPerTenant), nameof(options.MaxBytesPerTenant));

        // A tenant's id is not repeated: it may be a customer's name.
        foreach (var (tenantId, limits) in options.Tenants)
        {
            if (!TenantIds.IsValid(tenantId))
                Refuse(nameof(options.Tenants), "set for a tenant whose id is not valid", $"an id has from 1 to {TenantIds.MaxLength} UTF-16 units, well-formed and without control characters");
            else if (limits is null)
                Refuse($"{nameof(options.Tenants)}[...]", "null", "it must have limits");
            else
                RefuseLimits(limits.MaxEntries, limits.MaxBytes, $"{nameof(options.Tenants)}[...].{nameof(limits.MaxEntries)}", $"{nameof(options.Tenants)}[...].{nameof(limits.MaxBytes)}");
        }

        return failures;

        void RefuseLimits(int? maxEntries, long? maxBytes, string entriesOption, string bytesOption)
        {
            if (maxEntries < 1)
                Refuse(entriesOption, Text(maxEntries.Value), "it must be at least 1, or not set");
            if (maxBytes < 1)
                Refuse(bytesOption, Text(maxBytes.Value), "it must be at least 1, or not set");
        }

        void Refuse(string option, string value, string allowed)
        {
            var owner = string.IsNullOrEmpty(optionsName) ? "" : $" of the cache {Printable(optionsName)}";
            failures.Add($"{nameof(BoundedDistributedCacheOptions)}.{option}{owner} is {value}: {allowed}.");
        }
    }

    private static string Text(IFormattable value) => value.ToString(null, CultureInfo.InvariantCulture);

    // A name may come from anywhere: its control characters must not reach a log as they are, nor all of a long one.
    private static string Printable(string? name)
    {
        if (name is null)
            return "null";

        var text = new StringBuilder("'");
        foreach (var c in name.AsSpan(0, Math.Min(name.Length, MaxNameLength)))
        {
            if (char.IsControl(c))
                text.Append(CultureInfo.InvariantCulture, $"\\u{(int)c:X4}");
            else
                text.Append(c);
        }

        text.Append('\'');
        if (name.Length > MaxNameLength)
            text.Append(CultureInfo.InvariantCulture, $"... ({name.Length} characters)");
        return text.ToString();
    }
}
