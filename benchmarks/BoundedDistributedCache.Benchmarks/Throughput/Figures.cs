using BoundedCache.Benchmarks.Measuring;
using BoundedCache.Benchmarks.Peers;
using BoundedCache.Benchmarks.Reporting;
using BoundedCache.Benchmarks.Workloads;
using Microsoft.Extensions.Caching.Distributed;

namespace BoundedCache.Benchmarks.Throughput;

/// <summary>The ratios of time and of throughput that have a target. Each figure is a small contest of its own.</summary>
internal sealed class Figures(Scale scale)
{
    private const int LargeValue = 16 * 1024;

    private string[]? _keys;
    private string[][]? _requests;

    private string[] Keys => _keys ??= Workload.Keys(scale.Entries);

    private string[][] Requests => _requests ??= Workload.Requests(Keys, 2, scale.Operations);

    public IEnumerable<Figure> GetHit()
    {
        IReadOnlyList<Times> times = OfPeers(Mix.ReadOnly, 1, PeerSet.Bounded, PeerSet.Dictionary, PeerSet.Memory);
        yield return TimeRatio("get-hit/ConcurrentDictionary", times[0], times[1], Target.AtMost(1.3));
        yield return TimeRatio("get-hit/MemoryDistributedCache", times[0], times[2], Target.AtMost(0.48));
    }

    public IEnumerable<Figure> GetHitSliding()
    {
        using Peer ours = PeerSet.Make(PeerSet.Bounded, scale.Entries, expiry: Workload.Sliding);
        using Peer peer = PeerSet.Make(PeerSet.Memory, PeerSet.Room(PeerSet.Memory, scale.Entries), expiry: Workload.Sliding);
        IReadOnlyList<Times> times = Reads(ours, peer, Keys, Requests[..1], [Workload.Value]);
        yield return TimeRatio("get-hit-sliding/MemoryDistributedCache", times[0], times[1], Target.AtMost(0.6));
    }

    public IEnumerable<Figure> GetAsyncHit()
    {
        using BoundedDistributedCache bounded = PeerSet.MakeBounded(scale.Entries);
        using Peer<BoundedAsyncCalls> ours = new(PeerSet.Bounded, new BoundedAsyncCalls(bounded, Workload.Never));
        using Peer<MemoryAsyncCalls> peer = new(PeerSet.Memory, new MemoryAsyncCalls(Memory(Workload.Value.Length), Workload.Never));
        IReadOnlyList<Times> times = Reads(ours, peer, Keys, Requests[..1], [Workload.Value]);
        yield return TimeRatio("get-async-hit/MemoryDistributedCache", times[0], times[1], Target.AtMost(0.55));
        yield return Allocation("get-async-hit, bytes", ours, 72);
    }

    /// <summary>What counting costs, with the checks of arguments that a call makes beside it.</summary>
    public IEnumerable<Figure> Counting()
    {
        using Peer ours = PeerSet.Make(PeerSet.Bounded, scale.Entries);
        using BoundedDistributedCache bounded = PeerSet.MakeBounded(scale.Entries);
        using Peer<CoreCalls> core = new("core", new CoreCalls(bounded));
        IReadOnlyList<Times> times = Reads(ours, core, Keys, Requests[..1], [Workload.Value]);
        yield return TimeRatio("get-hit/core that counts nothing", times[0], times[1], Target.AtMost(1.15));
    }

    public IEnumerable<Figure> TryGet() => TryGet("100-B", Workload.Value.Length);

    public IEnumerable<Figure> TryGetLarge() => TryGet("16-KB", LargeValue);

    public IEnumerable<Figure> TwoThreads()
    {
        string[] peers = [PeerSet.Bounded, PeerSet.Dictionary, PeerSet.Lru, PeerSet.Memory];
        List<Peer> held = MakeFilled(peers, scale.Entries, Keys);
        try
        {
            Contestant[] contestants =
            [
                .. held.Select(peer => Work.Contestant(peer, Mix.ReadOnly, Requests[..1])),
                .. held.Select(peer => Work.Contestant(peer, Mix.ReadOnly, Requests)),
            ];
            IReadOnlyList<Times> times = Run(contestants);
            (Times[] one, Times[] two) = ([.. times.Take(4)], [.. times.Skip(4)]);

            // With both threads doing as much as the one: gain is twice the time of one over the time of two.
            double[] ours = one[0].Over(two[0]);
            double[] limit = one[1].Over(two[1]);
            yield return new Figure(
                "scaling-two-threads-read-only/ConcurrentDictionary's",
                Quartiles.Of(ours.Zip(limit, (mine, its) => mine / its)),
                Target.AtLeast(0.93),
                FormattableString.Invariant($"{2 * Quartiles.Of(ours).Median:0.00}x"));
            yield return ThroughputRatio("read-only-two-threads/ConcurrentLru", two[0], two[2], Target.AtLeast(1.15), 2);
            yield return ThroughputRatio("read-only-two-threads/MemoryDistributedCache", two[0], two[3], Target.AtLeast(2), 2);
        }
        finally
        {
            held.ForEach(peer => peer.Dispose());
        }
    }

    /// <summary>Only what quick mode prints of <see cref="TwoThreads"/>.</summary>
    public IEnumerable<Figure> ReadOnlyTwoThreads()
    {
        IReadOnlyList<Times> times = OfPeers(Mix.ReadOnly, 2, PeerSet.Bounded, PeerSet.Lru);
        yield return ThroughputRatio("read-only-two-threads/ConcurrentLru", times[0], times[1], Target.AtLeast(1.15), 2);
    }

    public IEnumerable<Figure> Mixed()
    {
        IReadOnlyList<Times> times = OfPeers(Mix.Reads90, 2, PeerSet.Bounded, PeerSet.Memory, PeerSet.Lru);
        yield return ThroughputRatio("mixed-90-10-two-threads/MemoryDistributedCache", times[0], times[1], Target.AtLeast(1.8), 2);
        yield return ThroughputRatio("mixed-90-10-two-threads/ConcurrentLru", times[0], times[2], Target.AtLeast(1.2), 2);
    }

    public IEnumerable<Figure> SetExisting()
    {
        IReadOnlyList<Times> times = OfPeers(Mix.Overwrites, 1, PeerSet.Bounded, PeerSet.Memory);
        yield return TimeRatio("set-existing/MemoryDistributedCache", times[0], times[1], Target.AtMost(0.65), scale.Operations / 2);
    }

    public IEnumerable<Figure> SetNew() => [SetNew(scale.Entries, 1, 0.85), SetNew(scale.Entries, 2, 0.7)];

    /// <summary>What the other policy costs beside the default one.</summary>
    public IEnumerable<Figure> ScanResistance()
    {
        IReadOnlyList<Times> reads = OfPeers(Mix.ReadOnly, 1, PeerSet.ScanResistant, PeerSet.Bounded);
        yield return TimeRatio("get-hit, ScanResistant/Lru", reads[0], reads[1], Target.AtMost(1.05));
        yield return SetNew(scale.Entries, 1, 1.15, PeerSet.ScanResistant, PeerSet.Bounded);
        yield return SetNew(scale.Entries, 2, 1.15, PeerSet.ScanResistant, PeerSet.Bounded);
        yield return SetNew(scale.MiddleEntries, 1, 1.15, PeerSet.ScanResistant, PeerSet.Bounded);
    }

    public IEnumerable<Figure> SetNewOneThread() => [SetNew(scale.Entries, 1, 0.85)];

    public IEnumerable<Figure> SetNewMiddle() => [SetNew(scale.MiddleEntries, 1, 1.2), SetNew(scale.MiddleEntries, 2, 1.0)];

    public IEnumerable<Figure> GetHitLarge()
    {
        string[] keys = Workload.Keys(scale.LargeEntries);
        string[][] requests = Workload.Requests(keys, 1, scale.Operations);
        using Peer ours = PeerSet.Make(PeerSet.Bounded, keys.Length);
        using Peer peer = PeerSet.Make(PeerSet.Memory, PeerSet.Room(PeerSet.Memory, keys.Length));
        IReadOnlyList<Times> times = Reads(ours, peer, keys, requests, [Workload.Value]);
        yield return TimeRatio($"get-hit-{Size(keys.Length)}/MemoryDistributedCache", times[0], times[1], Target.AtMost(0.6));
    }

    private static string Size(int entries) => entries % 1_000_000 == 0 ? $"{entries / 1_000_000}M" : $"{entries / 1_000}k";

    private MemoryDistributedCache Memory(int valueLength) => PeerSet.MakeMemory((long)PeerSet.Room(PeerSet.Memory, scale.Entries) * valueLength);

    private IEnumerable<Figure> TryGet(string size, int length)
    {
        byte[][] values = [.. Keys.Select(_ => new byte[length])];
        int operations = scale.Operations / (length > 1_000 ? 4 : 1);
        string[][] requests = [Requests[0][..operations]];
        using PooledWriter writer = new();
        using BoundedDistributedCache bounded = PeerSet.MakeBounded(scale.Entries);
        using Peer<BoundedBufferCalls> ours = new(PeerSet.Bounded, new BoundedBufferCalls(bounded, writer, length));
        using Peer<MemoryBufferCalls> peer = new(PeerSet.Memory, new MemoryBufferCalls(Memory(length), writer, length));
        IReadOnlyList<Times> times = Reads(ours, peer, Keys, requests, values);
        yield return TimeRatio($"try-get-{size}/MemoryDistributedCache", times[0], times[1], Target.AtMost(0.6), operations);
        yield return Allocation($"try-get-{size}, bytes", ours, 0);
    }

    private Figure SetNew(int capacity, int threads, double target, string ours = PeerSet.Bounded, string theirs = PeerSet.Lru)
    {
        List<Peer> held = MakeFilled([ours, theirs], capacity, Workload.FreshKeys(capacity));
        try
        {
            int operations = scale.Operations / 2;
            string[][] requests = new string[threads][];
            IReadOnlyList<Times> times = Run(
                [.. held.Select(peer => Work.Contestant(peer, Mix.NewKeys, requests))],
                () => Work.Renew(requests, operations));
            string against = ours == PeerSet.Bounded ? "/ConcurrentLru" : ", ScanResistant/Lru";
            string name = $"set-new-{Size(capacity)}-{(threads == 1 ? "one-thread" : "two-threads")}{against}";
            return TimeRatio(name, times[0], times[1], Target.AtMost(target), operations * threads);
        }
        finally
        {
            held.ForEach(peer => peer.Dispose());
        }
    }

    private IReadOnlyList<Times> OfPeers(Mix mix, int threads, params string[] peers)
    {
        List<Peer> held = MakeFilled(peers, scale.Entries, Keys);
        try
        {
            string[][] requests = mix == Mix.ReadOnly
                ? Requests[..threads]
                : Workload.Requests(Keys, threads, Work.Operations(mix, scale), Work.WriteEvery(mix));
            return Run([.. held.Select(peer => Work.Contestant(peer, mix, requests))]);
        }
        finally
        {
            held.ForEach(peer => peer.Dispose());
        }
    }

    private static List<Peer> MakeFilled(string[] names, int capacity, string[] keys)
    {
        List<Peer> peers = [];
        foreach (string name in names)
        {
            Peer peer = PeerSet.Make(name, PeerSet.Room(name, capacity));
            peers.Add(peer);
            Work.Fill(peer, keys, [Workload.Value]);
        }

        return peers;
    }

    private IReadOnlyList<Times> Reads(Peer ours, Peer peer, string[] keys, string[][] requests, byte[][] values)
    {
        Work.Fill(ours, keys, values);
        Work.Fill(peer, keys, values);
        return Run([Work.Contestant(ours, Mix.ReadOnly, requests), Work.Contestant(peer, Mix.ReadOnly, requests)]);
    }

    /// <summary>Nobody may be refused where a target is judged.</summary>
    private IReadOnlyList<Times> Run(IReadOnlyList<Contestant> contestants, Action? beforeRound = null)
    {
        IReadOnlyList<Times> times = Contest.Run(contestants, scale, beforeRound);
        return times.FirstOrDefault(of => of.Refusal is not null) is { } refused
            ? throw new RefusedException($"{refused.Name} {refused.Refusal}: the comparison would be worth nothing.")
            : times;
    }

    private Figure TimeRatio(string name, Times ours, Times peer, Target target, int? operations = null) =>
        new(name, Quartiles.Of(ours.Over(peer)), target, Format.Nanoseconds(ours.Median / (operations ?? scale.Operations)));

    private Figure ThroughputRatio(string name, Times ours, Times peer, Target target, int threads)
    {
        int operations = name.StartsWith("read-only", StringComparison.Ordinal) ? scale.Operations : Work.Operations(Mix.Reads90, scale);
        return new(name, Quartiles.Of(peer.Over(ours)), target, Format.Millions(operations * threads / ours.Median * 1e9));
    }

    /// <summary>What a read allocates once everything is warm.</summary>
    private Figure Allocation(string name, Peer ours, double target)
    {
        string[] keys = Requests[0][..Math.Min(Peer.Chunk, Requests[0].Length)];
        ours.Read(keys);
        long before = GC.GetAllocatedBytesForCurrentThread();
        ours.Read(keys);
        double bytes = (GC.GetAllocatedBytesForCurrentThread() - before) / (double)keys.Length;
        return new(name, Quartiles.Of([bytes]), Target.AtMost(target), FormattableString.Invariant($"{bytes:0} B"));
    }
}
