namespace BoundedCache.Redis.Tests.Coherence;

/// <summary>
/// Three nodes on one Redis under random load: the history of all that they did keeps the promise. Each key is written by two
/// of them and only read by the third, which nothing but a message tells of a write.
/// </summary>
public sealed class RandomLoadTests
{
    // A message takes far less, and so does noticing that a subscription is gone; the machine may be busy.
    private static readonly TimeSpan OneMessage = TimeSpan.FromSeconds(2);

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public Task NoReadIsOlderThanPromisedAndNoAcknowledgedWriteIsLost() => RunAsync(TimeSpan.FromSeconds(3), disturb: false);

    [Fact]
    [Trait("Run", "full")]
    public Task TheSameForALongTimeWithSubscribersKilled() => RunAsync(TimeSpan.FromSeconds(60), disturb: true);

    private static async Task RunAsync(TimeSpan duration, bool disturb)
    {
        await using var server = await RedisServer.StartDurableAsync();
        var nodes = new List<Node>();
        for (var i = 0; i < 3; i++)
            nodes.Add(await Node.StartAsync(server.Address, "load:", Token));
        var keys = Enumerable.Range(0, 8).Select(i => $"key{i}").ToArray();
        var history = new History();
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(Token);
        stop.CancelAfter(duration);

        var workers = nodes.SelectMany((node, number) => Enumerable.Range(0, 4).Select(worker => Task.Run(() => WorkAsync(node, number, worker), Token))).ToList();
        if (disturb)
            workers.Add(DisturbAsync());
        await Task.WhenAll(workers);

        Assert.Empty(history.Violations(OneMessage).Take(5));
        Assert.True(history.Reads > 1_000, $"{history.Reads} reads");
        foreach (var node in nodes)
            await node.IsConnectedAsync(Token);
        foreach (var key in keys)
        {
            foreach (var node in nodes)
                await Eventually.IsTrueAsync(async () => IsLast(key, await node.GetAsync(key, Token)), Token);
        }

        Assert.True(nodes.Sum(node => node.Near.GetStatistics().Hits) > history.Reads / 10, "Hardly anything was answered from memory.");
        foreach (var node in nodes)
            await node.DisposeAsync();

        async Task WorkAsync(Node node, int number, int worker)
        {
            var random = new Random(HashCode.Combine(number, worker));
            for (var i = 0; !stop.IsCancellationRequested; i++)
            {
                var which = random.Next(keys.Length);
                var key = keys[which];
                var begin = History.Now;
                if (random.Next(10) == 0 && which % nodes.Count != number)
                {
                    var value = $"{number}/{worker}/{i}";
                    await node.SetAsync(key, value, Token);
                    history.Wrote(key, value, number, begin, History.Now);
                }
                else
                {
                    var value = await node.GetAsync(key, Token);
                    history.DidRead(key, value, number, begin, History.Now);
                    // Reads that memory answers never wait, and would leave messages no thread to come by.
                    if (i % 50 == 0)
                        await Task.Delay(1, Token);
                }
            }
        }

        async Task DisturbAsync()
        {
            while (!stop.IsCancellationRequested)
            {
                // Long enough to subscribe anew and to keep copies again.
                await Task.Delay(2_000, Token);
                await server.CliAsync("CLIENT", "KILL", "TYPE", "pubsub");
            }
        }

        // No write that was acknowledged began after this one had been.
        bool IsLast(string key, string? value)
        {
            if (history.All(key).FirstOrDefault(write => write.Value == value) is not { } last)
                return value is null && !history.Acknowledged(key).Any();
            return !history.Acknowledged(key).Any(write => write.Begin > (last.Acknowledged ?? long.MaxValue));
        }
    }
}
