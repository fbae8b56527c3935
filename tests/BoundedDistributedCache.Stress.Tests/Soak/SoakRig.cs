using System.Globalization;
using BoundedCache.Stress.Tests.Support;
using Microsoft.Extensions.Caching.Distributed;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace BoundedCache.Stress.Tests.Soak;

/// <summary>One cache of the soak, in a container as an application makes it, with tenants and limits from several sources.</summary>
internal sealed class SoakRig : IDisposable
{
    private readonly IConfigurationRoot _configuration = new ConfigurationBuilder().AddInMemoryCollection().Build();
    private readonly ServiceProvider _services;
    private readonly ShiftingTimeProvider? _shifting;
    private readonly string?[] _tenantIds;

    public SoakRig(SoakShape shape, int workers, Random random)
    {
        Shape = shape;
        _shifting = shape.ShiftsClock ? new ShiftingTimeProvider() : null;
        _tenantIds = [null, .. Enumerable.Range(0, shape.Tenants).Select(t => $"tenant{t}")];
        ServiceCollection services = new();
        services
            .AddSingleton(Clock)
            .AddBoundedDistributedCache(_configuration.GetSection("Cache"))
            .AddBoundedCacheTenants()
            .Configure<BoundedDistributedCacheOptions>(options =>
            {
                options.MaxEntries = shape.MaxEntries;
                options.MaxBytes = shape.MaxBytes;
                options.IsolateValues = shape.IsolatesValues;
                options.EvictionPolicy = shape.Policy;
                options.SweepInterval = TimeSpan.FromMilliseconds(20);
                if (!shape.IsRoomy)
                {
                    options.Tenants[_tenantIds[1]!] = new TenantLimits { MaxEntries = Math.Max(1, shape.KeysPerPartition / 3), MaxBytes = shape.MaxBytes / 8 };
                    options.Tenants[_tenantIds[2]!] = new TenantLimits { MaxEntries = shape.KeysPerPartition / 2 };
                }
            });
        ChangeLimits(random);
        _services = services.BuildServiceProvider(new ServiceProviderOptions { ValidateOnBuild = true, ValidateScopes = true });
        Cache = _services.GetRequiredService<BoundedDistributedCache>();
        Composed = _services.GetRequiredService<IBufferDistributedCache>();
        Admin = _services.GetRequiredService<IBoundedCacheAdmin>();
        TenantContext = _services.GetRequiredService<ITenantContext>();
        Partitions = [.. _tenantIds.Select(id => id is null ? (IBufferDistributedCache)Cache : Cache.ForTenant(id))];
        Ledger = new Ledger(shape.Keys);
        Names = [.. Enumerable.Range(0, shape.KeysPerPartition).Select(i => $"w{i % workers}:{i:D5}")];
        Workers = [.. Enumerable.Range(0, workers).Select(w => new SoakWorker(this, w, new Random(random.Next())))];
        Checker = new SoakWorker(this, workers, new Random(random.Next()));
    }

    public SoakShape Shape { get; }

    public TimeProvider Clock => _shifting ?? TimeProvider.System;

    public BoundedDistributedCache Cache { get; }

    /// <summary>What an application is given: in whichever partition is current.</summary>
    public IBufferDistributedCache Composed { get; }

    public IBoundedCacheAdmin Admin { get; }

    public ITenantContext TenantContext { get; }

    public Ledger Ledger { get; }

    /// <summary>The keys of each partition, by their indexes; the names are the same in all.</summary>
    public IReadOnlyList<string> Names { get; }

    public IReadOnlyList<IBufferDistributedCache> Partitions { get; }

    /// <summary>Each writes the keys whose index, divided by their number, leaves its own.</summary>
    public IReadOnlyList<SoakWorker> Workers { get; }

    /// <summary>Looks at everything when all is quiet, and writes nothing.</summary>
    public SoakWorker Checker { get; }

    /// <summary>The partitions that the options name.</summary>
    public IEnumerable<int> NamedPartitions => Shape.IsRoomy ? [] : [1, 2, 3];

    public string? TenantId(int partition) => _tenantIds[partition];

    public IDisposable Enter(int partition) =>
        _tenantIds[partition] is { } id ? TenantContext.Use(id) : TenantContext.UseHost();

    public async Task StartAsync()
    {
        foreach (IHostedService service in _services.GetServices<IHostedService>())
        {
            await service.StartAsync(TestContext.Current.CancellationToken);
        }
    }

    public async Task StopAsync()
    {
        foreach (IHostedService service in _services.GetServices<IHostedService>())
        {
            await service.StopAsync(TestContext.Current.CancellationToken);
        }
    }

    /// <summary>Changes the limits of all tenants but two, and the clock. For one thread at a time.</summary>
    public void Disturb(Random random)
    {
        _shifting?.Shift(random.Next(40) == 0
            ? TimeSpan.FromMinutes(random.Next(-10, 11))
            : TimeSpan.FromMilliseconds(random.Next(-50, 60)));
        if (random.Next(4) == 0)
        {
            ChangeLimits(random);
        }
    }

    /// <summary>Fails where a limit is exceeded at this instant.</summary>
    public void CheckBounds()
    {
        int count = Cache.Count;
        long bytes = Cache.SizeBytes;
        Assert.True(count >= 0 && count <= Shape.MaxEntries, $"{count} entries, and {Shape.MaxEntries} is the limit.");
        Assert.True(bytes >= 0 && bytes <= Shape.MaxBytes, $"{bytes} bytes, and {Shape.MaxBytes} is the limit.");
        if (!Shape.IsRoomy)
        {
            CheckBounds(1, Math.Max(1, Shape.KeysPerPartition / 3), Shape.MaxBytes / 8);
            CheckBounds(2, Shape.KeysPerPartition / 2, Shape.MaxBytes);
        }
    }

    public void Dispose() => _services.Dispose();

    private void CheckBounds(int partition, int maxEntries, long maxBytes)
    {
        var tenant = (BoundedCachePartition)Partitions[partition];
        int count = tenant.Count;
        long bytes = tenant.SizeBytes;
        Assert.True(count >= 0 && count <= maxEntries, $"{count} entries of a tenant, and {maxEntries} is its limit.");
        Assert.True(bytes >= 0 && bytes <= maxBytes, $"{bytes} bytes of a tenant, and {maxBytes} is its limit.");
    }

    private void ChangeLimits(Random random)
    {
        if (Shape.IsRoomy)
        {
            return;
        }

        Set("MaxEntriesPerTenant", random.Next(3, Shape.KeysPerPartition + 1));
        Set("MaxBytesPerTenant", (long)(8_192 * Math.Pow(Shape.MaxBytes / 8_192, random.NextDouble())));
        Set($"Tenants:{_tenantIds[3]}:MaxEntries", random.Next(1, Shape.KeysPerPartition + 1));
        _configuration.Reload();

        void Set(string option, long value) => _configuration[$"Cache:{option}"] = value.ToString(CultureInfo.InvariantCulture);
    }
}
