using BoundedCache.Benchmarks.Measuring;
using BoundedCache.Benchmarks.Others;
using BoundedCache.Benchmarks.Peers;
using BoundedCache.Benchmarks.Reporting;
using BoundedCache.Benchmarks.Workloads;
using Microsoft.Extensions.Caching.Distributed;
using Microsoft.Extensions.Caching.StackExchangeRedis;

namespace BoundedCache.Benchmarks.Tiers;

/// <summary>The tier over Redis beside Microsoft's package on the same server.</summary>
internal sealed class RedisCommand : IDisposable
{
    private const int Callers = 64;
    private const int FewerAlone = 256;
    private const int FewerTogether = 4;

    private readonly Scale _scale;
    private readonly string[] _keys;
    private readonly RedisServer _server;
    private readonly Observer _observer;
    private readonly TierSide _tier;
    private readonly PackageSide _package;

    private RedisCommand(Scale scale, RedisServer server)
    {
        (_scale, _server, _keys) = (scale, server, Workload.Keys(scale.Entries));
        _observer = new Observer(server.Configuration);
        _tier = new TierSide(server.Configuration, scale.Entries);
        _package = new PackageSide(server.Configuration);
    }

    /// <exception cref="RefusedException">No Redis is installed, or somebody did not do the work.</exception>
    public static Section Run(Scale scale)
    {
        using RedisServer server = RedisServer.Start();
        using RedisCommand command = new(scale, server);
        Progress progress = new("redis", 6);
        progress.Step("local hit");
        List<Figure> figures = [command.LocalHit()];
        progress.Step("read that goes to Redis");
        figures.Add(command.Read());
        progress.Step("write");
        figures.Add(command.Write());

        Table table = new("Reads/writes", "", "Requests per second", "Local hits, % of reads", "Operations a request", "Commands a request", "Stalest read");
        foreach ((int writes, double atLeast) in new[] { (1, 8.0), (10, 2.0), (50, 0.5) })
        {
            progress.Step($"{100 - writes}/{writes}");
            figures.Add(command.TwoNodes(writes, Target.AtLeast(atLeast), table));
        }

        progress.End();
        return new Section("redis")
            .Paragraph($"Beside Microsoft.Extensions.Caching.StackExchangeRedis {Machine.VersionOf<RedisCache>()}, on the same server over loopback, without persistence. Two nodes of each, all in one process, near tiers with room for all entries and otherwise default options; {Format.Count(scale.Entries)} entries of {Workload.Value.Length} bytes that expire in an hour; {scale.Rounds} rounds. Of time (at most) ours over theirs, of throughput (at least) the same way. Single operations are of one caller, one after the other, all reads that go to Redis of keys without a copy, which is kept then.")
            .Judge(figures)
            .Heading("Two nodes under load")
            .Paragraph($"Zipf {Workload.Skew}, {Callers} callers on the two nodes together, each of whom asks again when it was answered; a write counts when Redis has acknowledged it. Each read of all rounds was checked: it saw what its own node had written, and nothing that had been out of date for longer than {TierSide.MaxStaleness.TotalSeconds} s. How long it had been at worst, in all rounds, is the last column. An operation is what is sent and answered together; commands are what the server counts, a write of the tier being four of them (`EVALSHA`, and in it `PUBLISH`, `HSET`, `PEXPIRE`).")
            .Table(table);
    }

    public void Dispose()
    {
        _package.Dispose();
        _tier.Dispose();
        _observer.Dispose();
    }

    private Figure LocalHit()
    {
        string[] requests = Workload.Requests(_keys, 1, _scale.Operations)[0];
        IDistributedCache node = _tier.Nodes[0];
        using Peer<TierCalls> local = new(_tier.Name, new TierCalls(node));
        using Peer plain = PeerSet.Make(PeerSet.Bounded, _keys.Length, expiry: ClosedLoop.Expiry);
        Array.ForEach(_keys, key => plain.Set(key, Workload.Value));
        ForAll(_keys, key => node.SetAsync(key, Workload.Value, ClosedLoop.Expiry));
        long before = 0;
        return Ratio(
            "local hit/plain provider's hit on an expiring entry",
            Target.AtMost(1.3),
            requests.Length,
            () =>
            {
                // Copies are served for a while only: each round has new ones.
                _tier.ForgetCopies();
                ForAll(_keys, key => node.GetAsync(key));
            },
            new Contestant(
                _tier.Name,
                () =>
                {
                    before = _tier.LocalHits;
                    return Team.Time(1, _ => local.Read(requests));
                },
                () => Require(_tier.LocalHits - before == requests.Length, "a read went to Redis")),
            new Contestant(plain.Name, () => Team.Time(1, _ => plain.Read(requests)), () => { }));
    }

    private Figure Read()
    {
        string[] keys = Some();
        long before = 0;
        foreach (Side side in new Side[] { _tier, _package })
        {
            ForAll(_keys, key => side.Nodes[0].SetAsync(key, Workload.Value, ClosedLoop.Expiry));
        }

        return Ratio(
            "read that goes to Redis/package's GetAsync",
            Target.AtMost(1.25),
            keys.Length,
            () =>
            {
                _tier.ForgetCopies();
                before = _tier.LocalHits;
            },
            [.. new Side[] { _tier, _package }.Select(side => new Contestant(
                side.Name,
                () => Team.Time(1, _ => InTurn(keys, async key => Require(await side.Nodes[0].GetAsync(key) is not null, "a read missed what had been set"))),
                () => Require(_tier.LocalHits == before, "a read was answered from memory")))]);
    }

    private Figure Write()
    {
        string[] keys = Some();
        byte[] value = [];
        return Ratio(
            "write, with its message/package's SetAsync",
            Target.AtMost(1.8),
            keys.Length,
            () => Random.Shared.NextBytes(value = new byte[Workload.Value.Length]),
            [.. new Side[] { _tier, _package }.Select(side => new Contestant(
                side.Name,
                () => Team.Time(1, _ => InTurn(keys, key => side.Nodes[0].SetAsync(key, value, ClosedLoop.Expiry))),
                () => Require(Array.TrueForAll(keys, key => _observer.Data(side.Instance + key).AsSpan().SequenceEqual(value)), "lost what it had written")))]);
    }

    private Figure TwoNodes(int percentOfWrites, Target target, Table table)
    {
        int[][] requests = ClosedLoop.Requests(_keys.Length, Callers, Math.Max(1, _scale.Operations / FewerTogether / Callers), percentOfWrites);
        Load[] loads = [.. new Side[] { _package, _tier }.Select(side => new Load(side, new ClosedLoop(side.Nodes, _keys, requests, TierSide.MaxStaleness), _observer))];
        Array.ForEach(loads, load => load.Loop.Fill());
        IReadOnlyList<Times> times = Compete(() => { }, [.. loads.Select(load => new Contestant(load.Side.Name, load.Measure, () => { }))]);
        foreach ((Load load, Times own) in loads.Zip(times))
        {
            table.Row(
                $"{100 - percentOfWrites}/{percentOfWrites}",
                load.Side.Name,
                PerSecond(load, own),
                Format.Percent(Median(load.LocalHits) / load.Loop.Reads),
                Format.Ratio(Median(load.Operations) / load.Loop.Count),
                Format.Ratio(Median(load.Commands) / load.Loop.Count),
                FormattableString.Invariant($"{load.Loop.Check().TotalMilliseconds:0.0} ms"));
        }

        return new Figure($"two nodes {100 - percentOfWrites}/{percentOfWrites}, throughput/package's", Quartiles.Of(times[0].Over(times[1])), target, PerSecond(loads[1], times[1]));

        static string PerSecond(Load load, Times times) => Format.Count((long)(load.Loop.Count / times.Median * 1e9));

        double Median(List<long> counts) => Quartiles.Of(counts.TakeLast(_scale.Rounds).Select(count => (double)count)).Median;
    }

    private string[] Some() => _keys[..Math.Min(_keys.Length, Math.Max(64, _scale.Operations / FewerAlone))];

    private Figure Ratio(string name, Target target, int operations, Action beforeRound, params Contestant[] contestants)
    {
        IReadOnlyList<Times> times = Compete(beforeRound, contestants);
        return new Figure(name, Quartiles.Of(times[0].Over(times[1])), target, Format.Nanoseconds(times[0].Median / operations));
    }

    private IReadOnlyList<Times> Compete(Action beforeRound, params Contestant[] contestants)
    {
        IReadOnlyList<Times> times = Contest.Run(contestants, _scale, beforeRound);
        return times.FirstOrDefault(of => of.Refusal is not null) is { } refused
            ? throw new RefusedException($"{refused.Name}: {refused.Refusal}")
            : times;
    }

    private static void InTurn(string[] keys, Func<string, Task> call)
    {
        RunAsync().GetAwaiter().GetResult();

        async Task RunAsync()
        {
            foreach (string key in keys)
            {
                await call(key);
            }
        }
    }

    private static void ForAll(string[] keys, Func<string, Task> call)
    {
        foreach (string[] chunk in keys.Chunk(Callers))
        {
            Task.WaitAll([.. chunk.Select(call)]);
        }
    }

    private static void Require(bool condition, string otherwise)
    {
        if (!condition)
        {
            throw new RefusedException(otherwise);
        }
    }

    /// <summary>One side's rounds, with what was counted in each.</summary>
    private sealed record Load(Side Side, ClosedLoop Loop, Observer Observer)
    {
        public List<long> LocalHits { get; } = [];

        public List<long> Operations { get; } = [];

        public List<long> Commands { get; } = [];

        public double Measure()
        {
            (long hits, long? operations, long commands) = (Side.LocalHits, Side.Operations, Observer.Commands());
            double time = Loop.Run();
            LocalHits.Add(Side.LocalHits - hits);
            Operations.Add(Side.Operations - operations ?? Loop.Count);
            Commands.Add(Observer.Commands() - commands);
            return time;
        }
    }

    /// <summary>Both tiers; a type of its own, so that it has its own loop.</summary>
    private readonly struct TierCalls(IDistributedCache cache) : ICache
    {
        public bool Get(string key) => cache.Get(key) is not null;

        public byte[]? Find(string key) => cache.Get(key);

        public void Set(string key, byte[] value) => cache.Set(key, value, ClosedLoop.Expiry);
    }
}
