using System.Collections.Concurrent;
using System.Diagnostics;
using BoundedCache.Redis.Tests.Coherence;

namespace BoundedCache.Redis.Tests.Outages;

/// <summary>
/// Three nodes under load while Redis fails again and again. A write is lost if it was acknowledged and then is neither
/// readable nor overwritten by another; one that was said not to have been done must not turn up. Each register is written by
/// two nodes and only read by the third, which may serve what is out of date for as long as it is cut off, and then for the
/// time of one message.
/// </summary>
public sealed class FaultTableTests(ITestOutputHelper output)
{
    private const int Rounds = 3;
    private const int WritesBetween = 250;

    private static readonly TimeSpan Calm = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan OneMessage = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan OperationTimeout = TimeSpan.FromSeconds(1);

    // How long each lasts is what it is: a real server's real time.
    private static readonly Dictionary<string, Func<RedisServer, Task>> Faults = new()
    {
        ["killed and started again"] = async server =>
        {
            server.Kill();
            await Task.Delay(500, Token);
            await server.StartAsync();
        },
        ["paused for longer than operations wait"] = async server =>
        {
            server.Pause();
            await Task.Delay(2 * OperationTimeout, Token);
            server.Continue();
        },
        ["connections of subscribers killed"] = server => server.CliAsync("CLIENT", "KILL", "TYPE", "pubsub"),
        ["connections of all others killed"] = server => server.CliAsync("CLIENT", "KILL", "TYPE", "normal"),
        ["slow"] = async server =>
        {
            for (var i = 0; i < 4; i++)
            {
                await server.CliAsync("CLIENT", "PAUSE", "300", "ALL");
                await Task.Delay(350, Token);
            }
        },
        ["full"] = async server =>
        {
            await server.CliAsync("CONFIG", "SET", "maxmemory", "1");
            await Task.Delay(1_000, Token);
            await server.CliAsync("CONFIG", "SET", "maxmemory", "0");
        },
    };

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public static TheoryData<string> FaultNames => [.. Faults.Keys];

    [Theory]
    [Trait("Run", "full")]
    [MemberData(nameof(FaultNames))]
    public async Task NothingAcknowledgedIsLost(string fault)
    {
        await using var server = await RedisServer.StartDurableAsync("--maxmemory-policy", "noeviction");

        var run = await RunAsync(server, Faults[fault]);

        output.WriteLine($"{fault}: {run}");
        Assert.Empty(run.History.Violations(run.LongestOutage + OneMessage).Take(5));
        Assert.Equal((0, 0), (run.Lost, run.TurnedUp));
    }

    [Fact]
    [Trait("Run", "full")]
    public async Task WithoutAFileRedisItselfLosesWhatItHadAcknowledged()
    {
        await using var server = await RedisServer.StartAsync();

        var run = await RunAsync(server, Faults["killed and started again"]);

        output.WriteLine($"killed and started again, without a file: {run}");
        Assert.InRange(run.Lost, 1, run.Acknowledged);
        Assert.Equal(0, run.TurnedUp);
    }

    private static async Task<Outcome> RunAsync(RedisServer server, Func<RedisServer, Task> fault)
    {
        var nodes = new List<Node>();
        for (var i = 0; i < 3; i++)
        {
            nodes.Add(await Node.StartAsync(server.Address, "faults:", Token, options => options.OperationTimeout = OperationTimeout));
        }

        var registers = Enumerable.Range(0, 8).Select(i => $"register{i}").ToArray();
        var history = new History();
        var once = new ConcurrentDictionary<string, RedisTierFailure?>();
        var acknowledged = 0;
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(Token);
        var workers = nodes.SelectMany((node, number) => Enumerable.Range(0, 4).Select(worker => Task.Run(() => WorkAsync(node, number, worker), Token))).ToList();

        var longestOutage = TimeSpan.Zero;
        for (var round = 0; round < Rounds; round++)
        {
            await GoOnAsync();
            var begin = History.Now;
            await fault(server);
            foreach (var node in nodes)
                await node.IsConnectedAsync(Token);
            var outage = Stopwatch.GetElapsedTime(begin);
            longestOutage = outage > longestOutage ? outage : longestOutage;
        }

        await GoOnAsync();
        await stop.CancelAsync();
        await Task.WhenAll(workers);

        // Somebody who has no copies.
        await using var fresh = await Node.StartAsync(server.Address, "faults:", Token);
        var (lost, turnedUp) = (0, 0);
        foreach (var (key, failure) in once)
        {
            var isThere = await fresh.GetAsync(key, Token) == key;
            if (failure is null && !isThere)
                lost++;
            if (failure is not (null or RedisTierFailure.OutcomeUnknown) && isThere)
                turnedUp++;
        }

        foreach (var register in registers)
        {
            // Written down, so that it is checked as any other read is: by a node that wrote nothing, long after.
            var begin = History.Now;
            var value = await fresh.GetAsync(register, Token);
            history.DidRead(register, value, node: 3, begin + (60 * Stopwatch.Frequency), History.Now);
            foreach (var node in nodes)
                await Eventually.IsTrueAsync(async () => await node.GetAsync(register, Token) == value, Token);
        }

        foreach (var node in nodes)
            await node.DisposeAsync();
        return new Outcome(history, longestOutage, once.Count(write => write.Value is null), once.Count(write => write.Value == RedisTierFailure.OutcomeUnknown), once.Count(write => write.Value is not (null or RedisTierFailure.OutcomeUnknown)), lost, turnedUp);

        async Task GoOnAsync()
        {
            var before = Volatile.Read(ref acknowledged);
            await Task.Delay(Calm, Token);
            await Eventually.IsTrueAsync(() => Volatile.Read(ref acknowledged) - before >= WritesBetween, Token);
        }

        async Task WorkAsync(Node node, int number, int worker)
        {
            var random = new Random(HashCode.Combine(number, worker));
            for (var i = 0; !stop.IsCancellationRequested; i++)
            {
                var name = $"{number}/{worker}/{i}";
                var which = random.Next(registers.Length);
                var register = registers[which];
                var begin = History.Now;
                switch (random.Next(10))
                {
                    case 0 when which % nodes.Count != number:
                        var failure = await TryAsync(() => node.SetAsync(register, name, Token));
                        if (failure is null or RedisTierFailure.OutcomeUnknown)
                            history.Wrote(register, name, number, begin, failure is null ? History.Now : null);
                        break;
                    case 1 or 2 or 3:
                        if ((once[name] = await TryAsync(() => node.SetAsync(name, name, Token))) is null)
                            Interlocked.Increment(ref acknowledged);
                        break;
                    default:
                        string? value = null;
                        if (await TryAsync(async () => value = await node.GetAsync(register, Token)) is null)
                            history.DidRead(register, value, number, begin, History.Now);
                        break;
                }

                if (i % 10 == 0)
                    await Task.Delay(1, Token);
            }
        }

        static async Task<RedisTierFailure?> TryAsync(Func<Task> call)
        {
            try
            {
                await call();
                return null;
            }
            catch (RedisTierException exception)
            {
                // Whoever is turned away at once would do nothing else.
                await Task.Delay(10, Token);
                return exception.Failure;
            }
        }
    }

    private sealed record Outcome(History History, TimeSpan LongestOutage, int Acknowledged, int Unknown, int NotDone, int Lost, int TurnedUp)
    {
        public override string ToString() =>
            $"{Acknowledged} acknowledged, {Unknown} of unknown outcome, {NotDone} not done ({TurnedUp} of them turned up), {History.Reads} reads checked, lost: {Lost}";
    }
}
