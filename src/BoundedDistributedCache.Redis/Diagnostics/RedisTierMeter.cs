using System.Diagnostics.Metrics;
using System.Runtime.CompilerServices;
using BoundedCache.Diagnostics;
using Tag = System.Collections.Generic.KeyValuePair<string, object?>;

namespace BoundedCache.Redis;

/// <summary>
/// The instruments of all Redis tiers that were made with one factory, on the meter of the caches. They ask the tiers that
/// are alive when somebody collects, and know them weakly.
/// </summary>
internal sealed class RedisTierMeter
{
    private static readonly ConditionalWeakTable<IMeterFactory, RedisTierMeter> Meters = [];
    private static readonly string[] KindNames = ["read", "write", "remove", "renew", "publish", "scan"];
    private static readonly (RedisTierFailure? Failure, string Name)[] Outcomes =
    [
        (null, "ok"),
        (RedisTierFailure.Unavailable, "unavailable"),
        (RedisTierFailure.Busy, "busy"),
        (RedisTierFailure.OutcomeUnknown, "unknown"),
        (RedisTierFailure.Refused, "refused"),
    ];

    private readonly Lock _lock = new();
    private readonly List<WeakReference<RedisTieredCache>> _tiers = [];
    private int _isMade;

    internal static RedisTierMeter Of(IMeterFactory factory)
    {
        var meter = Meters.GetValue(factory, _ => new RedisTierMeter());
        if (Interlocked.Exchange(ref meter._isMade, 1) == 0)
            meter.Make(factory.Create(new MeterOptions(CacheMeter.MeterName)));
        return meter;
    }

    internal void Add(RedisTieredCache tier)
    {
        lock (_lock)
        {
            _tiers.RemoveAll(known => !known.TryGetTarget(out _));
            _tiers.Add(new WeakReference<RedisTieredCache>(tier));
        }
    }

    internal void Remove(RedisTieredCache tier)
    {
        lock (_lock)
            _tiers.RemoveAll(known => !known.TryGetTarget(out var target) || ReferenceEquals(target, tier));
    }

    private void Make(Meter meter)
    {
        Tolerate(() => meter.CreateObservableCounter("bounded_cache.redis.operations", () => Observe(Operations), "{operation}", "Operations on Redis, by kind and by what became of them."));
        Tolerate(() => meter.CreateObservableUpDownCounter("bounded_cache.redis.in_flight", () => Observe(static (tier, tags) => [new(tier.Operations.Gate.InFlight, tags)]), "{operation}", "Operations that wait for an answer of Redis."));
        Tolerate(() => meter.CreateObservableUpDownCounter("bounded_cache.redis.waiting", () => Observe(static (tier, tags) => [new(tier.Operations.Gate.Waiting, tags)]), "{operation}", "Operations that wait for their turn."));
        Tolerate(() => meter.CreateObservableGauge("bounded_cache.redis.state", () => Observe(static (tier, tags) => [new((int)tier.State, tags)]), unit: null, "0: connected. 1: messages are not confirmed, copies are not served. 2: Redis does not answer."));
        Tolerate(() => meter.CreateObservableCounter("bounded_cache.redis.messages", () => Observe(static (tier, tags) => [new(tier.Messages.Received, tags)]), "{message}", "Messages of other nodes that tell to drop something."));
        Tolerate(() => meter.CreateObservableUpDownCounter("bounded_cache.redis.messages.unsent", () => Observe(static (tier, tags) => [new(tier.Messages.Unsent, tags)]), "{message}", "Messages to other nodes that are sent again once Redis is back."));
        Tolerate(() => meter.CreateObservableCounter("bounded_cache.redis.fetches.joined", () => Observe(static (tier, tags) => [new(tier.JoinedFetches, tags)]), "{request}", "Reads that were answered by another caller's read of the same key."));
        Tolerate(() => meter.CreateObservableUpDownCounter("bounded_cache.redis.renewals.booked", () => Observe(static (tier, tags) => [new(tier.BookedRenewals, tags)]), "{renewal}", "Sliding entries that were used, and are to be renewed in Redis."));
    }

    private static IEnumerable<Measurement<long>> Operations(RedisTieredCache tier, Tag[] tags)
    {
        for (var kind = 0; kind < KindNames.Length; kind++)
        {
            foreach (var (failure, name) in Outcomes)
            {
                yield return new(
                    tier.Operations.Counters.Read((OperationKind)kind, failure),
                    [.. tags, new("bounded_cache.redis.operation", KindNames[kind]), new("bounded_cache.redis.outcome", name)]);
            }
        }
    }

    private List<Measurement<long>> Observe(Func<RedisTieredCache, Tag[], IEnumerable<Measurement<long>>> measure)
    {
        List<RedisTieredCache> alive = [];
        lock (_lock)
        {
            foreach (var known in _tiers)
            {
                if (known.TryGetTarget(out var tier))
                    alive.Add(tier);
            }
        }

        return [.. alive.SelectMany(tier => measure(tier, [Measure.CacheName(tier.Name)]))];
    }

    // Listeners are told of a new instrument right here; it is there for the others whatever one throws.
    private static void Tolerate(Action create)
    {
        try
        {
            create();
        }
        catch (Exception)
        {
        }
    }
}
