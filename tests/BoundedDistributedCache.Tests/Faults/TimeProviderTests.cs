using System.Buffers;
using BoundedCache.Tests.Support;
using Microsoft.Extensions.Caching.Distributed;

namespace BoundedCache.Tests.Faults;

/// <summary>A clock may throw, stand still, or use the cache that asks it for the time.</summary>
public sealed class TimeProviderTests
{
    private static readonly DistributedCacheEntryOptions s_hour = TestCache.Sliding(TimeSpan.FromHours(1));

    private static readonly Dictionary<string, Action<BoundedDistributedCache>> s_calls = new()
    {
        ["Get"] = cache => cache.Get("key"),
        ["GetAsync"] = cache => cache.GetAsync("key").GetAwaiter().GetResult(),
        ["TryGet"] = cache => cache.TryGet("key", new ArrayBufferWriter<byte>()),
        ["Refresh"] = cache => cache.Refresh("key"),
        ["Set"] = cache => cache.Set("key", [2], s_hour),
        ["Set that evicts"] = cache => cache.Set("new", [2], TestCache.NoExpiry),
        ["Set of what takes all"] = cache => cache.Set("large", new byte[90_000], TestCache.NoExpiry),
        ["Set of what is too large"] = cache => cache.Set("key", new byte[200_000], TestCache.NoExpiry),
        ["SetAsync"] = cache => cache.SetAsync("key", [2], s_hour).GetAwaiter().GetResult(),
        ["Set of a sequence"] = cache => cache.Set("key", new ReadOnlySequence<byte>([2]), s_hour),
        ["Set of a tenant"] = cache => cache.ForTenant("new").Set("key", [2], s_hour),
        ["Get of a tenant"] = cache => cache.ForTenant("acme").Get("key"),
        ["RemoveExpired"] = cache => cache.RemoveExpired(),
    };

    private readonly Clock _clock = new();

    public static TheoryData<string> Calls => [.. s_calls.Keys];

    [Theory]
    [MemberData(nameof(Calls))]
    public void WhatOneThrowsReachesTheCallerAndNothingHappened(string call)
    {
        using BoundedDistributedCache cache = MakeFull();
        var before = Held(cache);
        _clock.OnAsked = () => throw new InvalidOperationException();

        Assert.Throws<InvalidOperationException>(() => s_calls[call](cache));
        _clock.OnAsked = null;

        Assert.Equal(before, Held(cache));
        Assert.Equal([1], cache.Get("key"));
        Assert.Equal([1], cache.ForTenant("acme").Get("key"));
        Uses.AssertSound(cache);
    }

    [Theory]
    [MemberData(nameof(Calls))]
    public void NoneIsAskedUnderALock(string call)
    {
        using BoundedDistributedCache alive = MakeFull();
        AssertAsksWithoutLock(alive, call);

        using BoundedDistributedCache expired = MakeFull();
        _clock.Advance(TimeSpan.FromHours(1));
        AssertAsksWithoutLock(expired, call);
    }

    [Fact]
    public void WhereOneThrowsAtTheEndOfASweepWhatWasRemovedStaysSo()
    {
        using BoundedDistributedCache cache = MakeFull();
        _clock.Advance(TimeSpan.FromHours(1));
        int timestamps = 0;
        _clock.OnTimestamp = () =>
        {
            if (++timestamps == 2)
            {
                throw new InvalidOperationException();
            }
        };

        Assert.Throws<InvalidOperationException>(() => cache.RemoveExpired());

        Assert.Equal(Uses.MaxEntries - 2, cache.Count);
        Assert.Null(cache.GetStatistics().LastSweep);
        Assert.Equal(2, cache.GetStatistics().EvictionsExpired);
        Uses.AssertSound(cache);
    }

    [Theory]
    [MemberData(nameof(Calls))]
    public void WhileOneStandsStillOthersGoOn(string call)
    {
        using Stall stall = new();
        using BoundedDistributedCache cache = MakeFull();
        _clock.OnAsked = stall.Here;

        stall.During(() => s_calls[call](cache), () => Uses.MakeAll(cache));

        Uses.AssertSound(cache);
    }

    [Fact]
    public void WhileOneStandsStillInASweepOthersGoOn()
    {
        using Stall stall = new();
        using BoundedDistributedCache cache = MakeFull();
        _clock.OnTimestamp = stall.Here;

        stall.During(() => cache.RemoveExpired(), () => Uses.MakeAll(cache));

        Uses.AssertSound(cache);
    }

    [Theory]
    [MemberData(nameof(Uses.All), MemberType = typeof(Uses))]
    public void OneMayUseTheCache(string use)
    {
        foreach (string call in s_calls.Keys)
        {
            BoundedDistributedCache cache = MakeFull();
            bool wasUsed = false;
            _clock.OnAsked = () =>
            {
                if (!wasUsed)
                {
                    wasUsed = true;
                    Uses.Make(use, cache);
                }
            };

            s_calls[call](cache);
            _clock.OnAsked = null;

            Assert.True(wasUsed);
            if (call == "Set" && use != "dispose it")
            {
                Assert.Equal([2], cache.Get("key"));
            }

            Uses.AssertSound(cache);
        }
    }

    private void AssertAsksWithoutLock(BoundedDistributedCache cache, string call)
    {
        int asked = 0;
        _clock.OnAsked = _clock.OnTimestamp = () =>
        {
            asked++;
            Assert.DoesNotContain(Integrity.Locks(cache), held => held.IsHeldByCurrentThread);
        };

        s_calls[call](cache);

        _clock.OnAsked = _clock.OnTimestamp = null;
        Assert.NotEqual(0, asked);
    }

    /// <summary>At its limit, with the key and a tenant's of the same name, which expire.</summary>
    private BoundedDistributedCache MakeFull()
    {
        _clock.OnAsked = null;
        BoundedDistributedCache cache = Uses.MakeCache(_clock);
        Uses.Fill(cache, Uses.MaxEntries);
        cache.Set("key", [1], s_hour);
        cache.ForTenant("acme").Set("key", [1], s_hour);
        return cache;
    }

    private static (string Keys, long Bytes, int Count, long Sets, long Reads, long Evictions, long Rejections, long Removals) Held(BoundedDistributedCache cache)
    {
        string keys = string.Join('|', Integrity.Check(cache).Order(StringComparer.Ordinal));
        CacheStatistics statistics = cache.GetStatistics();
        return (keys, cache.SizeBytes, cache.Count, statistics.Sets, statistics.TotalRequests, statistics.Evictions, statistics.Rejections, statistics.Removals);
    }

    private sealed class Clock : TimeProvider
    {
        private DateTimeOffset _now = new(2030, 1, 1, 0, 0, 0, TimeSpan.Zero);

        public Action? OnAsked { get; set; }

        public Action? OnTimestamp { get; set; }

        public void Advance(TimeSpan by) => _now += by;

        public override DateTimeOffset GetUtcNow()
        {
            OnAsked?.Invoke();
            return _now;
        }

        public override long GetTimestamp()
        {
            OnTimestamp?.Invoke();
            return base.GetTimestamp();
        }
    }
}
