using BoundedCache.Diagnostics;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace BoundedCache.Expiration;

/// <summary>What runs between a start and a stop: for each cache a loop that sweeps it and a watch on its options.</summary>
internal sealed class SweepRun : IDisposable
{
    private readonly List<SweepLoop> _loops = [];
    private readonly List<OptionsWatch> _watches = [];

    internal SweepRun(
        IEnumerable<HostedCache> caches,
        IEnumerable<IOptionsChangeTokenSource<BoundedDistributedCacheOptions>> changes,
        IOptionsFactory<BoundedDistributedCacheOptions> factory,
        TimeProvider timeProvider,
        ILogger logger)
    {
        try
        {
            foreach (var cache in caches)
            {
                _loops.Add(new SweepLoop(cache.Cache, cache.Options, timeProvider, logger));
                _watches.Add(new OptionsWatch(cache, changes, factory, logger));
            }
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    /// <summary>When no sweep runs any more. Never fails.</summary>
    internal Task Completion => Task.WhenAll(_loops.Select(loop => loop.Completion));

    public void Dispose()
    {
        _watches.ForEach(watch => watch.Dispose());
        _loops.ForEach(loop => loop.Dispose());
    }
}
