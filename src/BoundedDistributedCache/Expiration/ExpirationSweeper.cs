using BoundedCache.Diagnostics;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace BoundedCache.Expiration;

/// <summary>
/// The hosted part of all caches of a container: at start it makes them, so that wrong options stop the host and a cache
/// that nobody resolves is swept too; then it sweeps each on a timer of its own. It may be started anew after a stop; a
/// second start without one does nothing. Where no host runs, nothing needs it.
/// </summary>
internal sealed class ExpirationSweeper : IHostedService, IDisposable
{
    private readonly Lock _lock = new();
    private readonly IServiceProvider _provider;
    private readonly CacheRegistration[] _registrations;
    private readonly IOptionsMonitor<BoundedDistributedCacheOptions> _monitor;
    private readonly LeftOverConfiguration _leftOver;
    private readonly TimeProvider _timeProvider;
    private readonly TolerantLogger _logger;

    // Under the lock: what runs between a start and a stop.
    private readonly List<SweepLoop> _loops = [];
    private OptionsWatch? _watch;
    private bool _isDisposed;

    public ExpirationSweeper(
        IServiceProvider provider,
        IEnumerable<CacheRegistration> registrations,
        IOptionsMonitor<BoundedDistributedCacheOptions> monitor,
        LeftOverConfiguration leftOver,
        TimeProvider? timeProvider = null,
        ILogger<BoundedDistributedCache>? logger = null)
    {
        _provider = provider;
        _registrations = [.. registrations];
        _monitor = monitor;
        _leftOver = leftOver;
        _timeProvider = timeProvider ?? TimeProvider.System;
        _logger = new TolerantLogger(logger);
    }

    public Task StartAsync(CancellationToken cancellationToken)
    {
        lock (_lock)
        {
            ObjectDisposedException.ThrowIf(_isDisposed, this);
            if (_watch is null)
                Start();
        }

        return Task.CompletedTask;
    }

    public async Task StopAsync(CancellationToken cancellationToken)
    {
        Task ended;
        lock (_lock)
        {
            ended = Task.WhenAll(_loops.Select(loop => loop.Completion));
            Stop();
        }

        // A host that waits no longer is not told so by an exception: it goes on stopping others.
        await ended.WaitAsync(cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    public void Dispose()
    {
        lock (_lock)
        {
            _isDisposed = true;
            Stop();
        }
    }

    private void Start()
    {
        var caches = Array.ConvertAll(_registrations, registration => (Registration: registration, Options: registration.GetOptions(_provider)));
        StartupChecks.RequireUniqueNames(caches);
        StartupChecks.WarnOfLeftOvers(_registrations, _leftOver, _logger);

        try
        {
            foreach (var (registration, options) in caches)
            {
                StartupChecks.WarnWhereMemoryIsShort(options, _logger);
                _loops.Add(new SweepLoop(registration.GetCache(_provider), options, _timeProvider, _logger));
            }

            _watch = new OptionsWatch(_monitor, caches.Select(cache => KeyValuePair.Create(cache.Registration.OptionsName, cache.Options)), _logger);
        }
        catch
        {
            Stop();
            throw;
        }
    }

    private void Stop()
    {
        _watch?.Dispose();
        _watch = null;
        _loops.ForEach(loop => loop.Dispose());
        _loops.Clear();
    }
}
