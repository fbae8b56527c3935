using System.Diagnostics.Metrics;
using System.Runtime.CompilerServices;
using Tag = System.Collections.Generic.KeyValuePair<string, object?>;

namespace BoundedCache.Diagnostics;

/// <summary>
/// The meter of all caches that were made with one factory: one set of instruments, which ask the caches that are alive
/// when somebody collects.
/// </summary>
/// <remarks>
/// It knows caches weakly, so neither a listener nor the factory keeps one alive. A factory gives one meter a name, and
/// instruments that were made twice would report twice; so there is one of these for each factory, which holds it weakly
/// too. Meters and listeners are user code: none of it runs under a lock, and what listeners throw is swallowed.
/// </remarks>
internal sealed class CacheMeter
{
    internal const string MeterName = "BoundedDistributedCache";

    private const string SweepDurationName = "bounded_cache.sweep.duration";

    private static readonly ConditionalWeakTable<IMeterFactory, CacheMeter> Meters = [];

    // Most sweeps take less than a millisecond; a second is one worth to know of.
    private static readonly InstrumentAdvice<double> SweepDurations = new() { HistogramBucketBoundaries = [0.0001, 0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5, 10] };

    private readonly Lock _lock = new();
    private readonly List<WeakReference<BoundedDistributedCache>> _caches = [];
    private Histogram<double>? _sweepDuration;
    private int _isMade;

    internal static CacheMeter Of(IMeterFactory factory)
    {
        var meter = Meters.GetValue(factory, _ => new CacheMeter());
        if (Interlocked.Exchange(ref meter._isMade, 1) == 0)
            meter.Make(factory);
        return meter;
    }

    internal void Add(BoundedDistributedCache cache)
    {
        lock (_lock)
        {
            _caches.RemoveAll(known => !known.TryGetTarget(out _));
            _caches.Add(new WeakReference<BoundedDistributedCache>(cache));
        }
    }

    internal void Remove(BoundedDistributedCache cache)
    {
        lock (_lock)
        {
            _caches.RemoveAll(known => !known.TryGetTarget(out var target) || ReferenceEquals(target, cache));
        }
    }

    internal void Swept(string cacheName, TimeSpan duration)
    {
        if (_sweepDuration is not { Enabled: true } histogram)
            return;

        try
        {
            histogram.Record(duration.TotalSeconds, Measure.CacheName(cacheName));
        }
        catch (Exception)
        {
            // A listener's own concern: the sweep went well.
        }
    }

    private void Make(IMeterFactory factory)
    {
        Meter meter;
        try
        {
            meter = factory.Create(new MeterOptions(MeterName));
        }
        catch
        {
            Volatile.Write(ref _isMade, 0);
            throw;
        }

        Tolerate(() => meter.CreateObservableCounter("bounded_cache.requests", () => Observe(Measure.Requests), "{request}", "Reads, by whether they found a value."));
        Tolerate(() => meter.CreateObservableCounter("bounded_cache.sets", () => Observe(Measure.Sets), "{set}", "Values that were stored."));
        Tolerate(() => meter.CreateObservableCounter("bounded_cache.removals", () => Observe(Measure.Removals), "{entry}", "Entries that callers took out."));
        Tolerate(() => meter.CreateObservableCounter("bounded_cache.rejections", () => Observe(Measure.Rejections), "{value}", "Values that were not stored, since each by itself is larger than may be held."));
        Tolerate(() => meter.CreateObservableCounter("bounded_cache.evictions", () => Observe(Measure.Evictions), "{entry}", "Entries that were dropped, by reason."));
        Tolerate(() => meter.CreateObservableUpDownCounter("bounded_cache.entries", () => Observe(Measure.Entries), "{entry}", "Entries that are held."));
        Tolerate(() => meter.CreateObservableUpDownCounter("bounded_cache.entries.limit", () => Observe(Measure.MaxEntries), "{entry}", "Entries that may be held."));
        Tolerate(() => meter.CreateObservableUpDownCounter("bounded_cache.size", () => Observe(Measure.Bytes), "By", "Memory that entries take, keys and bookkeeping included."));
        Tolerate(() => meter.CreateObservableUpDownCounter("bounded_cache.size.limit", () => Observe(Measure.MaxBytes), "By", "Memory that entries may take."));
        Tolerate(() => meter.CreateObservableGauge("bounded_cache.last_evicted.age", () => Observe(Measure.LastEvictedAge), "s", "How long the last live entry that was evicted had been untouched."));
        Tolerate(() => _sweepDuration = meter.CreateHistogram(SweepDurationName, "s", "How long sweeps for expired entries took.", tags: null, SweepDurations));
        _sweepDuration ??= FindSweepDuration(meter);
        Tolerate(() => meter.CreateObservableCounter("bounded_cache.tenant.requests", () => ObserveTenants(Measure.Requests), "{request}", "Reads of a tenant, by whether they found a value."));
        Tolerate(() => meter.CreateObservableCounter("bounded_cache.tenant.evictions", () => ObserveTenants(Measure.Evictions), "{entry}", "Entries of a tenant that were dropped, by reason."));
        Tolerate(() => meter.CreateObservableUpDownCounter("bounded_cache.tenant.entries", () => ObserveTenants(Measure.Entries), "{entry}", "Entries that a tenant holds."));
        Tolerate(() => meter.CreateObservableUpDownCounter("bounded_cache.tenant.size", () => ObserveTenants(Measure.Bytes), "By", "Memory that a tenant's entries take."));
    }

    // Where a listener threw when it was told of it: the instrument is there for the others, and they record nothing otherwise.
    private static Histogram<double>? FindSweepDuration(Meter meter)
    {
        Histogram<double>? found = null;
        using MeterListener finder = new();
        finder.InstrumentPublished = (instrument, _) =>
        {
            if (ReferenceEquals(instrument.Meter, meter) && instrument.Name == SweepDurationName)
                found = instrument as Histogram<double>;
        };
        finder.Start();
        return found;
    }

    private List<Measurement<T>> Observe<T>(Func<CacheStatistics, Tag[], IEnumerable<Measurement<T>>> measure)
        where T : struct
    {
        List<Measurement<T>> measurements = [];
        foreach (var cache in Alive())
        {
            if (cache.StatisticsForMetrics() is { } statistics)
                measurements.AddRange(measure(statistics, [Measure.CacheName(cache.Name)]));
        }

        return measurements;
    }

    // Instruments of their own: on those of the cache, sums over all tags would count what tenants do twice.
    private List<Measurement<long>> ObserveTenants(Func<CacheStatistics, Tag[], IEnumerable<Measurement<long>>> measure)
    {
        List<Measurement<long>> measurements = [];
        foreach (var cache in Alive())
        {
            foreach (var (tenantId, statistics) in cache.TenantsInMetrics())
                measurements.AddRange(measure(statistics, [Measure.CacheName(cache.Name), Measure.TenantId(tenantId)]));
        }

        return measurements;
    }

    private List<BoundedDistributedCache> Alive()
    {
        List<BoundedDistributedCache> alive = [];
        lock (_lock)
        {
            foreach (var known in _caches)
            {
                if (known.TryGetTarget(out var cache))
                    alive.Add(cache);
            }
        }

        return alive;
    }

    // Listeners are told of a new instrument right here.
    private static void Tolerate(Action create)
    {
        try
        {
            create();
        }
        catch (Exception)
        {
            // The instrument is there for the others.
        }
    }
}
