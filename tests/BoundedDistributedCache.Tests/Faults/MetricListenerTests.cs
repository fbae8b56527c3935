using System.Diagnostics.Metrics;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace BoundedCache.Tests.Faults;

/// <summary>A listener may throw, stand still, or use the cache, when it is told of a sweep and when it collects.</summary>
public sealed class MetricListenerTests : IDisposable
{
    private readonly ServiceProvider _services = new ServiceCollection().AddMetrics().BuildServiceProvider();
    private readonly BoundedDistributedCache _cache;

    public MetricListenerTests()
    {
        BoundedDistributedCacheOptions options = new() { MaxEntries = Uses.MaxEntries, MaxBytes = 100_000, MaxTenantsInMetrics = 2, MaxEntriesPerTenant = 20 };
        _cache = new BoundedDistributedCache(Options.Create(options), null, null, Factory);
        Uses.MakeAll(_cache);
    }

    private IMeterFactory Factory => _services.GetRequiredService<IMeterFactory>();

    public void Dispose()
    {
        _cache.Dispose();
        _services.Dispose();
    }

    [Fact]
    public void OneThatThrowsHarmsNeitherTheCacheNorOtherListeners()
    {
        using MeterListener throwing = Listen(_ => throw new InvalidOperationException());
        List<string> told = [];
        using MeterListener other = Listen(told.Add);

        Uses.Make("set more than a tenant may hold", _cache);
        _cache.RemoveExpired();
        Assert.Throws<AggregateException>(throwing.RecordObservableInstruments);
        other.RecordObservableInstruments();

        Assert.Contains("bounded_cache.entries", told);
        Assert.Contains("bounded_cache.tenant.entries", told);
        Uses.AssertSound(_cache);
    }

    [Theory]
    [InlineData("sweeping")]
    [InlineData("collecting")]
    public void WhileOneStandsStillOthersGoOn(string what)
    {
        using Stall stall = new();
        using MeterListener listener = Listen(_ => stall.Here());
        using MeterListener other = Listen(_ => { });

        stall.During(
            what == "sweeping" ? () => _cache.RemoveExpired() : listener.RecordObservableInstruments,
            () =>
            {
                Uses.MakeAll(_cache);
                other.RecordObservableInstruments();
            });

        Uses.AssertSound(_cache);
    }

    [Theory]
    [MemberData(nameof(Uses.All), MemberType = typeof(Uses))]
    public void OneMayUseTheCache(string use)
    {
        bool isUsing = false;
        int uses = 0;
        using MeterListener listener = Listen(_ =>
        {
            if (!isUsing)
            {
                isUsing = true;
                uses++;
                Uses.Make(use, _cache);
                isUsing = false;
            }
        });

        _cache.RemoveExpired();
        Assert.Equal(1, uses);
        isUsing = false;
        if (use == "dispose it")
        {
            Uses.AssertSound(_cache);
            return;
        }

        listener.RecordObservableInstruments();

        Assert.InRange(uses, 10, int.MaxValue);
        Uses.AssertSound(_cache);
    }

    private MeterListener Listen(Action<string> onMeasurement)
    {
        MeterListener listener = new()
        {
            InstrumentPublished = (instrument, listener) =>
            {
                if (ReferenceEquals(instrument.Meter.Scope, Factory))
                {
                    listener.EnableMeasurementEvents(instrument);
                }
            },
        };
        listener.SetMeasurementEventCallback<double>((instrument, _, _, _) => onMeasurement(instrument.Name));
        listener.SetMeasurementEventCallback<long>((instrument, _, _, _) => onMeasurement(instrument.Name));
        listener.Start();
        return listener;
    }
}
