using BoundedCache.Redis;
using Microsoft.Extensions.Caching.Distributed;
using Microsoft.Extensions.Caching.StackExchangeRedis;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace BoundedCache.Benchmarks.Tiers;

/// <summary>Two nodes on one Redis, of one kind.</summary>
internal abstract class Side(string name, string instance) : IDisposable
{
    protected const int NodeCount = 2;

    public string Name => name;

    /// <summary>What keys begin with in Redis; as long for all.</summary>
    public string Instance => instance;

    public abstract IReadOnlyList<IDistributedCache> Nodes { get; }

    /// <summary>How many reads were answered from memory so far.</summary>
    public virtual long LocalHits => 0;

    /// <summary>How many operations it asked Redis for so far; <see langword="null"/> where each request is one.</summary>
    public virtual long? Operations => null;

    /// <summary>Forgets what is in memory.</summary>
    public virtual void ForgetCopies()
    {
    }

    public abstract void Dispose();
}

/// <summary>Microsoft's package, a connection a node.</summary>
internal sealed class PackageSide(string configuration) : Side("Microsoft.Extensions.Caching.StackExchangeRedis", "theirs:")
{
    private readonly RedisCache[] _nodes =
    [
        .. Enumerable.Range(0, NodeCount).Select(_ => new RedisCache(Options.Create(new RedisCacheOptions { Configuration = configuration, InstanceName = "theirs:" }))),
    ];

    public override IReadOnlyList<IDistributedCache> Nodes => _nodes;

    public override void Dispose() => Array.ForEach(_nodes, node => node.Dispose());
}

/// <summary>Both tiers of this library, with their default options but for the near tier's size.</summary>
internal sealed class TierSide : Side
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    private readonly ServiceProvider[] _providers;
    private readonly IDistributedCache[] _nodes;
    private readonly BoundedDistributedCache[] _near;
    private readonly RedisTieredCache[] _tiers;

    /// <exception cref="InvalidOperationException">A node gets no messages.</exception>
    public TierSide(string configuration, int maxEntries)
        : base("Redis tier", "myself:")
    {
        _providers =
        [
            .. Enumerable.Range(0, NodeCount).Select(_ => new ServiceCollection()
                .AddBoundedDistributedCache(options => (options.MaxEntries, options.MaxBytes) = (maxEntries, 1L << 40))
                .AddBoundedCacheRedisTier(options => (options.Configuration, options.InstanceName) = (configuration, Instance))
                .BuildServiceProvider()),
        ];
        _nodes = [.. _providers.Select(provider => provider.GetRequiredService<IDistributedCache>())];
        _near = [.. _providers.Select(provider => provider.GetRequiredService<BoundedDistributedCache>())];
        _tiers = [.. _providers.Select(provider => provider.GetRequiredService<RedisTieredCache>())];
        Array.ForEach(_tiers, tier => tier.Start());
        if (!SpinWait.SpinUntil(() => Array.TrueForAll(_tiers, tier => tier.State == TierState.Connected), Patience))
        {
            Dispose();
            throw new InvalidOperationException($"The nodes got no messages from Redis within {Patience.TotalSeconds} s.");
        }
    }

    public static TimeSpan MaxStaleness => new RedisTierOptions().MaxStaleness;

    public override IReadOnlyList<IDistributedCache> Nodes => _nodes;

    public override long LocalHits => _near.Sum(near => near.GetStatistics().Hits);

    public override long? Operations => _tiers.Sum(tier => Enum.GetValues<OperationKind>().Sum(kind => tier.Operations.Counters.Read(kind, failure: null)));

    public override void ForgetCopies() => Array.ForEach(_near, near => near.Clear());

    public override void Dispose() => Array.ForEach(_providers, provider => provider.Dispose());
}
