using BoundedCache.Benchmarks.Measuring;
using BoundedCache.Benchmarks.Peers;
using BoundedCache.Benchmarks.Reporting;
using BoundedCache.Benchmarks.Throughput;
using BoundedCache.Benchmarks.Workloads;
using Microsoft.Extensions.Caching.Distributed;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace BoundedCache.Benchmarks.Tenants;

/// <summary>What tenants cost those who use them, and what their limits are good for.</summary>
internal sealed class TenantCommand
{
    private const int Tenants = 50;
    private const int LimitPerTenant = 200;

    private readonly Scale _scale;
    private readonly string[] _keys;
    private readonly int _setsPerTenant;

    private TenantCommand(Scale scale)
    {
        _scale = scale;
        _keys = Workload.Keys(scale.Entries);
        _setsPerTenant = Math.Max(LimitPerTenant, scale.Operations / 128);
    }

    public static Section Run(Scale scale)
    {
        TenantCommand command = new(scale);
        Progress progress = new("tenants", 4);
        Section section = new("tenants");
        progress.Step("hit through the decorator");
        List<Figure> figures = [command.Decorated()];
        progress.Step("two threads");
        figures.Add(command.TwoThreads());
        progress.Step("beside a large tenant");
        figures.Add(command.BesideALargeTenant());
        section.Judge(figures);
        progress.Step("flood");
        section.Heading("A flood");
        section.Paragraph("One tenant writes ten times the cache among nine others, counted and not timed; how many points the others' hit ratio falls.");
        Flood(section, scale);
        progress.End();
        return section;
    }

    private Figure Decorated()
    {
        using ServiceProvider provider = new ServiceCollection()
            .AddBoundedDistributedCache(options => (options.MaxEntries, options.MaxBytes) = (2 * _keys.Length, 1L << 40))
            .AddBoundedCacheTenants()
            .BuildServiceProvider();
        var decorated = provider.GetRequiredService<IDistributedCache>();
        var context = provider.GetRequiredService<ITenantContext>();
        using Peer<DecoratedCalls> through = new("through the decorator", new DecoratedCalls(decorated));
        using Peer bare = PeerSet.Make(PeerSet.Bounded, _keys.Length);

        // Each tenant has a share of the keys, so that both hold as many entries.
        int share = _keys.Length / Tenants;
        string[][] keys = [.. Enumerable.Range(0, Tenants).Select(tenant => _keys[(tenant * share)..((tenant + 1) * share)])];
        Random random = new(3);
        string[][] requests = [.. keys.Select(Workload.Copies).Select(own => Enumerable.Range(0, _scale.Operations / Tenants).Select(_ => own[random.Next(own.Length)]).ToArray())];
        AsEach(context, tenant => Array.ForEach(keys[tenant], key => through.Set(key, Workload.Value)));
        Array.ForEach(_keys, key => bare.Set(key, Workload.Value));

        IReadOnlyList<Times> times = Compete(
            new(through.Name, () => Team.Time(1, _ => AsEach(context, tenant => through.Read(requests[tenant]))), () => { }),
            new(bare.Name, () => Team.Time(1, _ => Array.ForEach(requests, bare.Read)), () => { }));
        return Ratio("get-hit through the decorator, 50 tenants/without it", times, Target.AtMost(1.5), requests.Sum(own => own.Length));
    }

    /// <summary>Throughput of two threads, each with half the tenants, against one that does the same work.</summary>
    private Figure TwoThreads()
    {
        using BoundedDistributedCache cache = AtTheirLimits();
        BoundedCachePartition[] tenants = Partitions(cache);
        string[] fresh = [];
        IReadOnlyList<Times> times = CompeteAnew(
            () => fresh = Workload.FreshKeys(2 * _setsPerTenant),
            new("one thread", () => Team.Time(1, _ => SetAll(tenants, fresh[.._setsPerTenant])), () => RequireLast(tenants, fresh[.._setsPerTenant])),
            new(
                "two threads",
                () => Team.Time(2, thread => SetAll(thread == 0 ? tenants[..(Tenants / 2)] : tenants[(Tenants / 2)..], fresh[_setsPerTenant..])),
                () => RequireLast(tenants, fresh[_setsPerTenant..])));
        return Ratio("set-new, 50 tenants at their limit, throughput of two threads/one", times, Target.AtLeast(1.2), Tenants * _setsPerTenant);
    }

    private Figure BesideALargeTenant()
    {
        using BoundedDistributedCache alone = AtTheirLimits();
        using BoundedDistributedCache beside = AtTheirLimits(withLargeTenant: true);
        (BoundedCachePartition[] inAlone, BoundedCachePartition[] inBeside) = (Partitions(alone), Partitions(beside));
        string[] fresh = [];
        IReadOnlyList<Times> times = CompeteAnew(
            () => fresh = Workload.FreshKeys(_setsPerTenant),
            new("beside", () => Team.Time(1, _ => SetAll(inBeside, fresh)), () => RequireLast(inBeside, fresh)),
            new("alone", () => Team.Time(1, _ => SetAll(inAlone, fresh)), () => RequireLast(inAlone, fresh)));
        return Ratio($"set-new beside a tenant of {Format.Count(_scale.MiddleEntries)} at its limit/without it", times, Target.AtMost(1.5), Tenants * _setsPerTenant);
    }

    private static Figure Ratio(string name, IReadOnlyList<Times> times, Target target, int operations) =>
        new(name, Quartiles.Of(times[0].Over(times[1])), target, Format.Nanoseconds(times[0].Median / operations));

    private IReadOnlyList<Times> Compete(params Contestant[] contestants) => CompeteAnew(() => { }, contestants);

    private IReadOnlyList<Times> CompeteAnew(Action beforeRound, params Contestant[] contestants)
    {
        IReadOnlyList<Times> times = Contest.Run(contestants, _scale, () =>
        {
            beforeRound();
            Work.Settle();
        });
        return times.FirstOrDefault(of => of.Refusal is not null) is { } refused
            ? throw new RefusedException($"{refused.Name}: {refused.Refusal}")
            : times;
    }

    private BoundedDistributedCache AtTheirLimits(bool withLargeTenant = false)
    {
        BoundedDistributedCache cache = new(Options.Create(new BoundedDistributedCacheOptions
        {
            MaxEntries = (2 * _scale.MiddleEntries) + (2 * Tenants * LimitPerTenant),
            MaxBytes = 1L << 32,
            MaxEntriesPerTenant = LimitPerTenant,
            Tenants = { ["large"] = new TenantLimits { MaxEntries = _scale.MiddleEntries } },
        }));
        if (withLargeTenant)
        {
            SetAll([cache.ForTenant("large")], Workload.FreshKeys(_scale.MiddleEntries + 1_000));
        }

        SetAll(Partitions(cache), Workload.FreshKeys(_setsPerTenant));
        return cache;
    }

    private static BoundedCachePartition[] Partitions(BoundedDistributedCache cache) =>
        [.. Enumerable.Range(0, Tenants).Select(tenant => cache.ForTenant("tenant" + tenant))];

    private static void SetAll(BoundedCachePartition[] tenants, string[] keys)
    {
        foreach (string key in keys)
        {
            foreach (BoundedCachePartition tenant in tenants)
            {
                tenant.Set(key, Workload.Value, Workload.Never);
            }
        }
    }

    private static void RequireLast(BoundedCachePartition[] tenants, string[] keys)
    {
        if (tenants.Any(tenant => tenant.Get(keys[^1]) is null))
        {
            throw new RefusedException("a tenant lost the last key that it had set");
        }
    }

    private static void AsEach(ITenantContext context, Action<int> work)
    {
        for (int tenant = 0; tenant < Tenants; tenant++)
        {
            using (context.Use("tenant" + tenant))
            {
                work(tenant);
            }
        }
    }

    private static void Flood(Section section, Scale scale)
    {
        Table table = new("MaxEntriesPerTenant", "Without the flood, hit %", "With it, hit %", "Points lost");
        foreach (int? limit in new int?[] { null, scale.Entries / FloodRun.Tenants })
        {
            double calm = FloodRun.HitRatioOfOthers(scale.Entries, flood: false, limit);
            double flooded = FloodRun.HitRatioOfOthers(scale.Entries, flood: true, limit);
            table.Row(limit is { } entries ? Format.Count(entries) : "none", Format.Percent(calm), Format.Percent(flooded), Format.Ratio(100 * (calm - flooded)));
        }

        section.Table(table);
    }
}
