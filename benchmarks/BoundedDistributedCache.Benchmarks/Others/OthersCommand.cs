using BoundedCache.Benchmarks.Measuring;
using BoundedCache.Benchmarks.Peers;
using BoundedCache.Benchmarks.Reporting;
using BoundedCache.Benchmarks.Throughput;
using BoundedCache.Benchmarks.Workloads;
using Microsoft.Extensions.Caching.Hybrid;
using Microsoft.Extensions.Caching.StackExchangeRedis;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
using ZiggyCreatures.Caching.Fusion;

namespace BoundedCache.Benchmarks.Others;

/// <summary>What caches of another kind cost: those that make values, and one that is a network away.</summary>
internal static class OthersCommand
{
    private const int FewerByRedis = 256;

    public static Section Run(Scale scale)
    {
        string[] keys = Workload.Keys(scale.Entries);
        string[] reads = Workload.Requests(keys, 1, scale.Operations / 2)[0];
        string[] writes = Workload.Requests(keys, 1, scale.Operations / 2, writeEvery: 1)[0];
        Section section = new("others");
        Table table = new("", "Hit", "Times ours", "Set of an existing key", "Times ours");
        string[] names = [PeerSet.Bounded, "HybridCache, memory level", "FusionCache, memory level", "Redis over loopback"];
        Progress progress = new("others", names.Length);

        (double Get, double Set) ours = default;
        foreach (string name in names)
        {
            progress.Step(name);
            if (Measure(name, keys, reads, writes, scale) is not { } found)
            {
                section.Paragraph($"{name}: not measured, for no redis-server is installed.");
                continue;
            }

            ours = name == PeerSet.Bounded ? found : ours;
            table.Row(name, Format.Nanoseconds(found.Get), Format.Ratio(found.Get / ours.Get), Format.Nanoseconds(found.Set), Format.Ratio(found.Set / ours.Set));
        }

        progress.End();
        return section
            .Paragraph($"Not peers: they do more, or go further. One thread, {Format.Count(scale.Entries)} entries of {Workload.Value.Length} bytes, Zipf {Workload.Skew}, median time of an operation, one after the other. HybridCache {Machine.VersionOf<HybridCacheOptions>()}, FusionCache {Machine.VersionOf<FusionCache>()}, Microsoft.Extensions.Caching.StackExchangeRedis {Machine.VersionOf<RedisCache>()}.")
            .Table(table);
    }

    private static (double Get, double Set)? Measure(string name, string[] keys, string[] reads, string[] writes, Scale scale)
    {
        if (name.StartsWith("Redis", StringComparison.Ordinal))
        {
            using RedisServer? server = RedisServer.TryStart();
            if (server is null)
            {
                return null;
            }

            using RedisCache redis = new(Options.Create(new RedisCacheOptions { Configuration = server.Configuration }));
            using Peer<RedisCalls> peer = new(name, new RedisCalls(redis));
            int fewer = Math.Max(reads.Length, FewerByRedis * 8) / FewerByRedis;
            return Measure(peer, keys, reads[..fewer], writes[..fewer], scale);
        }

        if (name.StartsWith("Hybrid", StringComparison.Ordinal))
        {
            using ServiceProvider provider = new ServiceCollection().AddHybridCache().Services.BuildServiceProvider();
            using Peer<HybridCalls> peer = new(name, new HybridCalls(provider.GetRequiredService<HybridCache>()));
            return Measure(peer, keys, reads, writes, scale);
        }

        if (name.StartsWith("Fusion", StringComparison.Ordinal))
        {
            using FusionCache fusion = new(new FusionCacheOptions { DefaultEntryOptions = new FusionCacheEntryOptions(TimeSpan.FromHours(1)) });
            using Peer<FusionCalls> peer = new(name, new FusionCalls(fusion));
            return Measure(peer, keys, reads, writes, scale);
        }

        using Peer bounded = PeerSet.Make(name, keys.Length);
        return Measure(bounded, keys, reads, writes, scale);
    }

    private static (double Get, double Set) Measure(Peer peer, string[] keys, string[] reads, string[] writes, Scale scale)
    {
        Work.Fill(peer, keys, [Workload.Value]);
        Contestant gets = Work.Contestant(peer, Mix.ReadOnly, [reads]);

        // Values are copied or sent by these, so what comes back can't be told by its identity.
        Contestant sets = new(peer.Name, () => Team.Time(1, _ => peer.Write(writes, Workload.Value)), () => { });
        return (Median(gets), Median(sets));

        double Median(Contestant contestant)
        {
            Times times = Contest.Run([contestant], scale)[0];
            return times.Refusal is null ? times.Median / reads.Length : throw new RefusedException($"{peer.Name} {times.Refusal}");
        }
    }
}
