using System.Globalization;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Microsoft.Extensions.Primitives;

namespace BoundedCache.Diagnostics;

/// <summary>
/// Has the limits of tenants follow the configuration of a cache, and warns when that no longer says what the cache was
/// made with: that a restart is needed, or that what it says now is wrong. Told once for each state that the
/// configuration comes to, however often it is reloaded.
/// </summary>
/// <remarks>
/// Makes the options anew itself, for an <see cref="IOptionsMonitor{TOptions}"/> does so before it tells anybody, and
/// throws at whoever reloads where they are wrong. Nothing is thrown from here.
/// </remarks>
internal sealed class OptionsWatch : IDisposable
{
    private readonly HostedCache _cache;
    private readonly IOptionsFactory<BoundedDistributedCacheOptions> _factory;
    private readonly ILogger _logger;
    private readonly List<IDisposable> _subscriptions = [];

    // Changes that were not looked at yet. Who raises it from zero looks, and owns what was told until it is zero again.
    private int _changes;
    private string _told = "";

    /// <param name="cache">The cache to watch the options of.</param>
    /// <param name="sources">Tell of changes, of other options too.</param>
    /// <param name="factory">Makes the options anew.</param>
    /// <param name="logger">Does not throw.</param>
    internal OptionsWatch(
        HostedCache cache,
        IEnumerable<IOptionsChangeTokenSource<BoundedDistributedCacheOptions>> sources,
        IOptionsFactory<BoundedDistributedCacheOptions> factory,
        ILogger logger)
    {
        _cache = cache;
        _factory = factory;
        _logger = logger;
        try
        {
            foreach (var source in sources.Where(source => (source.Name ?? Options.DefaultName) == cache.Registration.OptionsName))
                _subscriptions.Add(ChangeToken.OnChange(source.GetChangeToken, OnChange));
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    public void Dispose() => _subscriptions.ForEach(subscription => subscription.Dispose());

    // Several sources may tell at once. One thread looks at a time, and again for what came meanwhile, so that the latest
    // state is the last to be looked at.
    private void OnChange()
    {
        if (Interlocked.Increment(ref _changes) > 1)
            return;

        int seen;
        do
        {
            seen = Volatile.Read(ref _changes);
            Look();
        }
        while (Interlocked.Add(ref _changes, -seen) > 0);
    }

    private void Look()
    {
        BoundedDistributedCacheOptions configured;
        try
        {
            configured = _factory.Create(_cache.Registration.OptionsName);
        }
        catch (Exception exception)
        {
            if (IsNews(exception.Message))
                _logger.ConfigurationInvalid(exception, _cache.Options.Name, exception.Message);
            return;
        }

        OnValidChange(configured);
    }

    private void OnValidChange(BoundedDistributedCacheOptions configured)
    {
        _cache.Cache.FollowTenantLimits(configured);
        var changes = Describe(_cache.Options, configured);
        if (IsNews(changes) && changes.Length > 0)
            _logger.RestartNeeded(_cache.Options.Name, changes);
    }

    private bool IsNews(string state)
    {
        var isNews = state != _told;
        _told = state;
        return isNews;
    }

    private static string Describe(BoundedDistributedCacheOptions inForce, BoundedDistributedCacheOptions configured)
    {
        var changes = new List<string>();
        Compare(nameof(inForce.MaxEntries), inForce.MaxEntries, configured.MaxEntries);
        Compare(nameof(inForce.MaxBytes), inForce.MaxBytes, configured.MaxBytes);
        Compare(nameof(inForce.SweepInterval), inForce.SweepInterval, configured.SweepInterval);
        Compare(nameof(inForce.EvictionPolicy), inForce.EvictionPolicy, configured.EvictionPolicy);
        Compare(nameof(inForce.IsolateValues), inForce.IsolateValues, configured.IsolateValues);
        Compare(nameof(inForce.DefaultSlidingExpiration), inForce.DefaultSlidingExpiration, configured.DefaultSlidingExpiration);
        Compare(nameof(inForce.DefaultAbsoluteExpirationRelativeToNow), inForce.DefaultAbsoluteExpirationRelativeToNow, configured.DefaultAbsoluteExpirationRelativeToNow);
        Compare(nameof(inForce.Name), inForce.Name, configured.Name);
        Compare(nameof(inForce.MaxTenantsInMetrics), inForce.MaxTenantsInMetrics, configured.MaxTenantsInMetrics);
        return string.Join(", ", changes);

        void Compare<T>(string option, T before, T after)
        {
            if (!EqualityComparer<T>.Default.Equals(before, after))
                changes.Add(string.Create(CultureInfo.InvariantCulture, $"{option} from {Text(before)} to {Text(after)}"));
        }

        static object Text<T>(T value) => value is null ? "none" : value;
    }
}
