using System.Globalization;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace BoundedCache.Diagnostics;

/// <summary>
/// Warns that a restart is needed when the configuration of a cache no longer says what the cache was made with. Told
/// once for each state that the configuration comes to, however often it is reloaded.
/// </summary>
internal sealed class OptionsWatch : IDisposable
{
    private readonly Lock _lock = new();
    private readonly Dictionary<string, BoundedDistributedCacheOptions> _inForce;
    private readonly Dictionary<string, string> _told = new(StringComparer.Ordinal);
    private readonly ILogger _logger;
    private readonly IDisposable? _subscription;

    /// <param name="monitor">Tells of changes.</param>
    /// <param name="inForce">The options that each cache was made with, by the name of its options.</param>
    /// <param name="logger">Does not throw.</param>
    internal OptionsWatch(
        IOptionsMonitor<BoundedDistributedCacheOptions> monitor,
        IEnumerable<KeyValuePair<string, BoundedDistributedCacheOptions>> inForce,
        ILogger logger)
    {
        _inForce = new(inForce, StringComparer.Ordinal);
        _logger = logger;
        _subscription = monitor.OnChange(OnChange);
    }

    public void Dispose() => _subscription?.Dispose();

    private void OnChange(BoundedDistributedCacheOptions configured, string? optionsName)
    {
        optionsName ??= Options.DefaultName;
        if (!_inForce.TryGetValue(optionsName, out var inForce))
            return;

        var changes = Describe(inForce, configured);
        lock (_lock)
        {
            if (_told.GetValueOrDefault(optionsName, "") == changes)
                return;
            _told[optionsName] = changes;
        }

        if (changes.Length > 0)
            _logger.RestartNeeded(inForce.Name, changes);
    }

    private static string Describe(BoundedDistributedCacheOptions inForce, BoundedDistributedCacheOptions configured)
    {
        var changes = new List<string>();
        Compare(nameof(inForce.MaxEntries), inForce.MaxEntries, configured.MaxEntries);
        Compare(nameof(inForce.MaxBytes), inForce.MaxBytes, configured.MaxBytes);
        Compare(nameof(inForce.SweepInterval), inForce.SweepInterval, configured.SweepInterval);
        Compare(nameof(inForce.IsolateValues), inForce.IsolateValues, configured.IsolateValues);
        Compare(nameof(inForce.DefaultSlidingExpiration), inForce.DefaultSlidingExpiration, configured.DefaultSlidingExpiration);
        Compare(nameof(inForce.DefaultAbsoluteExpirationRelativeToNow), inForce.DefaultAbsoluteExpirationRelativeToNow, configured.DefaultAbsoluteExpirationRelativeToNow);
        Compare(nameof(inForce.Name), inForce.Name, configured.Name);
        return string.Join(", ", changes);

        void Compare<T>(string option, T before, T after)
        {
            if (!EqualityComparer<T>.Default.Equals(before, after))
                changes.Add(string.Create(CultureInfo.InvariantCulture, $"{option} from {Text(before)} to {Text(after)}"));
        }

        static object Text<T>(T value) => value is null ? "none" : value;
    }
}
