using System.Collections;
using System.Diagnostics.Metrics;
using System.Reflection;
using System.Runtime.CompilerServices;
using BoundedCache.Diagnostics;
using BoundedCache.Tests.Support;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.Metrics.Testing;
using Microsoft.Extensions.Options;
using Moq;

namespace BoundedCache.Tests.Diagnostics;

[Collection(nameof(RunsAlone))]
public sealed class CacheMeterTests : IDisposable
{
    private const string MeterName = "BoundedDistributedCache";

    private readonly TestContainer _container = new(services => services
        .AddMetrics()
        .AddBoundedDistributedCache(options =>
        {
            options.MaxEntries = 1_000;
            options.MaxBytes = 1_000_000;
        })
        .AddKeyedBoundedDistributedCache("pages")
        .AddKeyedBoundedDistributedCache("sessions", options => options.MaxTenantsInMetrics = 2));

    private IMeterFactory Factory => _container.Services.GetRequiredService<IMeterFactory>();

    public void Dispose() => _container.Dispose();

    [Fact]
    public void RequestsAreTaggedWithTheirResult()
    {
        _container.Cache.Set("key");
        _container.Cache.Get("key");
        _container.Cache.Get("key");
        _container.Cache.Get("other");

        Assert.Equal(
            ["2 name=default request.result=hit", "1 name=default request.result=miss"],
            Collect<long>("bounded_cache.requests"));
    }

    [Fact]
    public void EvictionsAreTaggedWithTheirReason()
    {
        var cache = _container.Cache;
        for (var i = 0; i < 1_003; i++)
            cache.Set("key" + i);
        cache.Set("brief", [1], TestCache.Relative(TimeSpan.FromSeconds(1)));
        _container.Clock.Advance(TimeSpan.FromSeconds(1));
        cache.RemoveExpired();

        Assert.Equal(
            [
                "4 name=default eviction.reason=entries",
                "0 name=default eviction.reason=bytes",
                "0 name=default eviction.reason=tenant_limit",
                "1 name=default eviction.reason=expired",
            ],
            Collect<long>("bounded_cache.evictions"));
    }

    [Fact]
    public void CountsSizesAndLimitsAreTold()
    {
        var cache = _container.Cache;
        cache.Set("key1");
        cache.Set("key2");
        cache.Remove("key2");
        cache.Set("large", new byte[1_000_000], TestCache.NoExpiry);

        Assert.Equal(["2 name=default"], Collect<long>("bounded_cache.sets"));
        Assert.Equal(["1 name=default"], Collect<long>("bounded_cache.removals"));
        Assert.Equal(["1 name=default"], Collect<long>("bounded_cache.rejections"));
        Assert.Equal(["1 name=default"], Collect<long>("bounded_cache.entries"));
        Assert.Equal(["1000 name=default"], Collect<long>("bounded_cache.entries.limit"));
        Assert.Equal([$"{cache.SizeBytes} name=default"], Collect<long>("bounded_cache.size"));
        Assert.Equal(["1000000 name=default"], Collect<long>("bounded_cache.size.limit"));
    }

    [Fact]
    public void TheAgeOfTheLastEvictedIsToldOnceThereIsOne()
    {
        Assert.Empty(Collect<double>("bounded_cache.last_evicted.age"));

        for (var i = 0; i < 1_000; i++)
            _container.Cache.Set("key" + i);
        _container.Clock.Advance(TimeSpan.FromSeconds(30));
        _container.Cache.Set("key");

        Assert.Equal(["30 name=default"], Collect<double>("bounded_cache.last_evicted.age"));
    }

    [Fact]
    public void SweepsAreToldInSeconds()
    {
        using var durations = new MetricCollector<double>(Factory, MeterName, "bounded_cache.sweep.duration");
        var cache = _container.Cache;
        _container.Clock.OnTimestamp = () => _container.Clock.Advance(TimeSpan.FromMilliseconds(250));

        cache.RemoveExpired();

        var sweep = Assert.Single(durations.GetMeasurementSnapshot());
        Assert.Equal(0.25, sweep.Value);
        Assert.Equal("default", sweep.Tags["bounded_cache.name"]);
    }

    [Fact]
    public void UnitsAreOfTheUnifiedCodeAndEveryInstrumentSaysWhatItIs()
    {
        Dictionary<string, string?> units = [];
        List<string?> descriptions = [];
        using var listener = new MeterListener { InstrumentPublished = (instrument, _) => Note(instrument) };
        listener.Start();
        _ = _container.Cache;

        Assert.Equal(15, units.Count);
        Assert.Equal(["By", "By", "By"], new[] { "size", "size.limit", "tenant.size" }.Select(name => units["bounded_cache." + name]));
        Assert.Equal(["s", "s"], new[] { "sweep.duration", "last_evicted.age" }.Select(name => units["bounded_cache." + name]));
        Assert.All(descriptions, description => Assert.EndsWith(".", description, StringComparison.Ordinal));
        Assert.Equal(15, descriptions.Distinct().Count());

        void Note(Instrument instrument)
        {
            if (!ReferenceEquals(instrument.Meter.Scope, Factory))
                return;
            units.Add(instrument.Name, instrument.Unit);
            descriptions.Add(instrument.Description);
        }
    }

    [Fact]
    public void CachesOfOneContainerReportOnceEachUntilTheyAreDisposed()
    {
        _ = _container.Cache;
        var pages = _container.Services.GetRequiredKeyedService<BoundedDistributedCache>("pages");
        _ = _container.Services.GetRequiredKeyedService<BoundedDistributedCache>("sessions");
        Assert.Equal(["0 name=default", "0 name=pages", "0 name=sessions"], Collect<long>("bounded_cache.entries"));

        pages.Dispose();

        Assert.Equal(["0 name=default", "0 name=sessions"], Collect<long>("bounded_cache.entries"));
    }

    [Fact]
    public void ACacheThatIsDisposedWhileItIsAskedReportsNothingOrEverything()
    {
        var cache = _container.Cache;

        cache.Dispose();

        Assert.Null(cache.StatisticsForMetrics());
        Assert.Empty(cache.TenantsInMetrics());
    }

    [Fact]
    public void CachesOfDifferentFactoriesHaveMetersOfTheirOwn()
    {
        using var other = new TestContainer(services => services.AddMetrics().AddBoundedDistributedCache());
        _ = other.Cache;
        _ = _container.Cache;

        Assert.Single(Collect<long>("bounded_cache.entries"));
    }

    [Fact]
    public void NeitherFactoryNorListenerKeepsACacheAlive()
    {
        using var entries = new MetricCollector<long>(Factory, MeterName, "bounded_cache.entries");

        var cache = MakeAndForget(Factory);
        for (var i = 0; i < 10 && cache.IsAlive; i++)
        {
            GC.Collect();
            GC.WaitForPendingFinalizers();
        }

        Assert.False(cache.IsAlive);
        entries.RecordObservableInstruments();
        Assert.Empty(entries.GetMeasurementSnapshot());
    }

    [Fact]
    public void NothingStaysOfCachesThatAreDisposedOrForgotten()
    {
        Make(Factory).Dispose();
        Assert.Equal(0, Known());

        WeakReference[] forgotten = [MakeAndForget(Factory), MakeAndForget(Factory), MakeAndForget(Factory)];
        for (var i = 0; i < 10 && Array.Exists(forgotten, cache => cache.IsAlive); i++)
            GC.Collect();
        using var last = Make(Factory);

        Assert.Equal(1, Known());

        int Known() => ((ICollection)typeof(CacheMeter).GetField("_caches", BindingFlags.Instance | BindingFlags.NonPublic)!.GetValue(CacheMeter.Of(Factory))!).Count;
    }

    [Fact]
    public void OneFactoryIsAskedForOneMeter()
    {
        using var meter = new Meter("test");
        var factory = new Mock<IMeterFactory>();
        factory.Setup(f => f.Create(It.IsAny<MeterOptions>())).Returns(meter);

        var made = factory.Object;
        Concurrently.Run(4, _ => Make(made).Dispose());

        factory.Verify(f => f.Create(It.Is<MeterOptions>(options => options.Name == MeterName)), Times.Once);
    }

    [Fact]
    public void AFactoryThatFailedIsAskedAgain()
    {
        using var meter = new Meter("test");
        var factory = new Mock<IMeterFactory>();
        factory.SetupSequence(f => f.Create(It.IsAny<MeterOptions>())).Throws<InvalidOperationException>().Returns(meter);

        Assert.Throws<InvalidOperationException>(() => Make(factory.Object));
        Make(factory.Object).Dispose();

        factory.Verify(f => f.Create(It.IsAny<MeterOptions>()), Times.Exactly(2));
    }

    [Fact]
    public void AListenerThatThrowsWhenItIsToldOfInstrumentsHarmsNobody()
    {
        using var throwing = new MeterListener();
        throwing.InstrumentPublished = (instrument, _) =>
        {
            if (ReferenceEquals(instrument.Meter.Scope, Factory))
                throw new InvalidOperationException();
        };
        throwing.Start();

        _container.Cache.Set("key");

        Assert.Equal(["1 name=default"], Collect<long>("bounded_cache.entries"));
        using MetricCollector<double> sweeps = new(Factory, MeterName, "bounded_cache.sweep.duration");
        _container.Cache.RemoveExpired();
        Assert.Single(sweeps.GetMeasurementSnapshot());
    }

    [Fact]
    public void AListenerThatThrowsOnASweepHarmsNoCaller()
    {
        var cache = _container.Cache;
        var told = 0;
        using var throwing = new MeterListener();
        throwing.InstrumentPublished = (instrument, listener) =>
        {
            if (ReferenceEquals(instrument.Meter.Scope, Factory))
                listener.EnableMeasurementEvents(instrument);
        };
        throwing.SetMeasurementEventCallback<double>((_, _, _, _) =>
        {
            told++;
            throw new InvalidOperationException();
        });
        throwing.Start();

        Assert.Equal(0, cache.RemoveExpired());
        Assert.Equal(1, told);
        Integrity.Check(cache);
    }

    [Fact]
    public void TenantsAreToldOfWhereTheOptionAsksForThemTheLargestOnes()
    {
        var sessions = _container.Services.GetRequiredKeyedService<BoundedDistributedCache>("sessions");
        foreach (var (tenant, length) in new[] { ("small", 10), ("big", 3_000), ("bigger", 4_000) })
        {
            sessions.ForTenant(tenant).Set("key", new byte[length], TestCache.NoExpiry);
            _container.Cache.ForTenant(tenant).Set("key", new byte[length], TestCache.NoExpiry);
        }

        sessions.ForTenant("big").Get("key");

        Assert.Equal(["1 name=sessions tenant=bigger", "1 name=sessions tenant=big"], Collect<long>("bounded_cache.tenant.entries"));
        Assert.Equal([$"{sessions.ForTenant("bigger").SizeBytes} name=sessions tenant=bigger", $"{sessions.ForTenant("big").SizeBytes} name=sessions tenant=big"], Collect<long>("bounded_cache.tenant.size"));
        Assert.Contains("1 name=sessions tenant=big request.result=hit", Collect<long>("bounded_cache.tenant.requests"));
        Assert.Equal(8, Collect<long>("bounded_cache.tenant.evictions").Count);
    }

    [Fact]
    public void WithoutAFactoryThereAreNoMetrics()
    {
        using var container = new TestContainer(services => services.AddBoundedDistributedCache());

        container.Cache.RemoveExpired();

        Assert.Empty(container.Services.GetServices<IMeterFactory>());
    }

    // By value and tags, without their common prefix, in the order in which they were reported.
    private List<string> Collect<T>(string instrument)
        where T : struct, IFormattable
    {
        using var collector = new MetricCollector<T>(Factory, MeterName, instrument);
        collector.RecordObservableInstruments();
        return [.. collector.GetMeasurementSnapshot().Select(measurement =>
            string.Join(' ', measurement.Tags.OrderBy(tag => Array.IndexOf(TagOrder, tag.Key)).Select(tag => $"{tag.Key["bounded_cache.".Length..]}={tag.Value}").Prepend(FormattableString.Invariant($"{measurement.Value}"))))];
    }

    private static readonly string[] TagOrder = ["bounded_cache.name", "bounded_cache.tenant", "bounded_cache.request.result", "bounded_cache.eviction.reason"];

    private static BoundedDistributedCache Make(IMeterFactory factory) =>
        new(Options.Create(new BoundedDistributedCacheOptions()), meterFactory: factory);

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static WeakReference MakeAndForget(IMeterFactory factory)
    {
        var cache = Make(factory);
        cache.Set("key");
        return new WeakReference(cache);
    }
}
