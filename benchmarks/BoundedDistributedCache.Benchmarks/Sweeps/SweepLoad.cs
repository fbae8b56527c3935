using BoundedCache.Benchmarks.Measuring;
using BoundedCache.Benchmarks.Peers;
using BoundedCache.Benchmarks.Workloads;
using Microsoft.Extensions.Caching.Distributed;

namespace BoundedCache.Benchmarks.Sweeps;

/// <summary>A full cache, half of it sliding and half absolute, whose slots were reordered by churn, with a clock to move.</summary>
internal sealed class SweepLoad : IDisposable
{
    private static readonly TimeSpan Window = TimeSpan.FromHours(1);
    private static readonly DistributedCacheEntryOptions Sliding = new() { SlidingExpiration = Window };

    // Later than every round of every case.
    private static readonly DistributedCacheEntryOptions Absolute = new() { AbsoluteExpirationRelativeToNow = TimeSpan.FromDays(3_650) };
    private static readonly DistributedCacheEntryOptions Soon = new() { AbsoluteExpirationRelativeToNow = TimeSpan.FromMinutes(1) };

    private readonly ManualClock _clock = new();
    private readonly Random _random = new(5);
    private readonly string[] _keys;
    private readonly bool[] _slides;

    public SweepLoad(int entries)
    {
        _keys = Workload.Keys(entries);
        _slides = [.. _keys.Select(_ => _random.Next(2) == 0)];
        Cache = PeerSet.MakeBounded(entries, clock: _clock);

        // Others come first and are crowded out; then a quarter leaves and comes back in another order.
        string[] others = Workload.FreshKeys(entries);
        Array.ForEach(others, key => Cache.Set(key, Workload.Value, Absolute));

        int[] order = [.. Enumerable.Range(0, entries)];
        _random.Shuffle(order);
        Array.ForEach(order, SetLasting);
        int[] quarter = order[..(entries / 4)];
        Array.ForEach(quarter, index => Cache.Remove(_keys[index]));
        _random.Shuffle(quarter);
        Array.ForEach(quarter, SetLasting);

        // Order is not exact: a few of the others may still be there instead of some that are to stay.
        Array.ForEach(others, Cache.Remove);
        Restore();
    }

    public BoundedDistributedCache Cache { get; }

    public string[] Keys => _keys;

    /// <summary>Nothing has come due since the last sweep, however often this is called within a case.</summary>
    public void MakeNoneDue() => _clock.Advance(TimeSpan.FromMilliseconds(1));

    /// <summary>A share of the entries, chosen at random, has expired.</summary>
    public int Expire(double share)
    {
        int[] chosen = [.. Enumerable.Range(0, _keys.Length).Where(_ => _random.NextDouble() < share)];
        foreach (int index in chosen)
        {
            Cache.Set(_keys[index], Workload.Value, Soon);
        }

        _clock.Advance(TimeSpan.FromMinutes(2));
        return chosen.Length;
    }

    /// <summary>Puts back, to last, what has expired; and uses every sliding entry, so that none comes due unawares.</summary>
    public void Restore()
    {
        for (int index = 0; index < _keys.Length; index++)
        {
            if (Cache.Get(_keys[index]) is null)
            {
                SetLasting(index);
            }
        }

        if (Cache.Count != _keys.Length)
        {
            throw new RefusedException($"holds {Cache.Count} of {_keys.Length} entries");
        }
    }

    /// <summary>Every sliding entry has come due, but was used since that time was set, so it has to be looked at again.</summary>
    public void MakeDueButUsed()
    {
        _clock.Advance(Window * 0.4);
        for (int index = 0; index < _keys.Length; index++)
        {
            if (_slides[index] && Cache.Get(_keys[index]) is null)
            {
                throw new RefusedException("a sliding entry is gone that was used in time");
            }
        }

        _clock.Advance(Window * 0.4);
    }

    public void Dispose() => Cache.Dispose();

    private void SetLasting(int index) => Cache.Set(_keys[index], Workload.Value, _slides[index] ? Sliding : Absolute);
}
