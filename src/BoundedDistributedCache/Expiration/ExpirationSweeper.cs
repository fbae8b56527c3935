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
/// <remarks>
/// Starting and stopping run user code: callbacks of options, log sinks, timers. Any of it may stop or dispose this, so
/// the lock guards references only, and a start finds out at its end whether it is still the one in force.
/// </remarks>
internal sealed class ExpirationSweeper : IHostedService, IDisposable
{
    private readonly Lock _lock = new();
    private readonly IServiceProvider _provider;
    private readonly CacheRegistration[] _registrations;
    private readonly IOptionsChangeTokenSource<BoundedDistributedCacheOptions>[] _changes;
    private readonly IOptionsFactory<BoundedDistributedCacheOptions> _factory;
    private readonly LeftOverConfiguration _leftOver;
    private readonly WinningRegistration _winning;
    private readonly TimeProvider _timeProvider;
    private readonly TolerantLogger _logger;

    // Under the lock. The start in force, which a stop takes away, and what it has led to once it is through.
    private object? _start;
    private SweepRun? _run;
    private bool _isDisposed;

    public ExpirationSweeper(
        IServiceProvider provider,
        IEnumerable<CacheRegistration> registrations,
        IEnumerable<IOptionsChangeTokenSource<BoundedDistributedCacheOptions>> changes,
        IOptionsFactory<BoundedDistributedCacheOptions> factory,
        LeftOverConfiguration leftOver,
        WinningRegistration winning,
        TimeProvider? timeProvider = null,
        ILogger<BoundedDistributedCache>? logger = null)
    {
        _provider = provider;
        _registrations = [.. registrations];
        _changes = [.. changes];
        _factory = factory;
        _leftOver = leftOver;
        _winning = winning;
        _timeProvider = timeProvider ?? TimeProvider.System;
        _logger = new TolerantLogger(logger);
    }

    public Task StartAsync(CancellationToken cancellationToken)
    {
        var start = new object();
        lock (_lock)
        {
            ObjectDisposedException.ThrowIf(_isDisposed, this);
            if (_start is not null)
                return Task.CompletedTask;
            _start = start;
        }

        SweepRun? run = null;
        try
        {
            run = Begin();
        }
        finally
        {
            Publish(start, ref run);
            run?.Dispose();
        }

        return Task.CompletedTask;
    }

    public async Task StopAsync(CancellationToken cancellationToken)
    {
        if (TakeRun() is not { } run)
            return;

        run.Dispose();
        // A host that waits no longer is not told so by an exception: it goes on stopping others.
        await run.Completion.WaitAsync(cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    public void Dispose() => TakeRun(dispose: true)?.Dispose();

    private SweepRun Begin()
    {
        var caches = Array.ConvertAll(_registrations, registration => new HostedCache(registration, registration.GetOptions(_provider), registration.GetCache(_provider)));
        StartupChecks.RequireUniqueNames(caches);
        StartupChecks.WarnOfLeftOvers(_registrations, _leftOver, _logger);
        foreach (var cache in caches)
        {
            StartupChecks.TellOfStart(cache, _winning, _logger);
            StartupChecks.WarnWhereMemoryIsShort(cache.Options, _logger);
        }

        return new SweepRun(caches, _changes, _factory, _timeProvider, _logger);
    }

    /// <param name="start">The start that has come to its end.</param>
    /// <param name="run">
    /// What it has led to, <see langword="null"/> where it failed. Taken over, unless the start was stopped meanwhile.
    /// </param>
    private void Publish(object start, ref SweepRun? run)
    {
        lock (_lock)
        {
            if (_start != start)
                return;
            if (run is null)
                _start = null;
            _run = run;
            run = null;
        }
    }

    private SweepRun? TakeRun(bool dispose = false)
    {
        lock (_lock)
        {
            var run = _run;
            _run = null;
            _start = null;
            _isDisposed |= dispose;
            return run;
        }
    }
}
