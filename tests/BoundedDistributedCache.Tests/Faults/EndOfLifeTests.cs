using BoundedCache.Tests.Support;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Time.Testing;

namespace BoundedCache.Tests.Faults;

/// <summary>A host that stops, and a cache that is disposed, while everybody is at work.</summary>
public sealed class EndOfLifeTests
{
    private const int Entries = 5_000;

    private readonly FakeTimeProvider _clock = new();

    [Fact]
    public async Task AHostThatStopsInTheMiddleOfASweepLeavesTheRestForTheNext()
    {
        using IHost host = MakeHost();
        await host.StartAsync(Deadline.Token);
        var cache = host.Services.GetRequiredService<BoundedDistributedCache>();
        for (int i = 0; i < Entries; i++)
        {
            cache.Set("key" + i, [1], TestCache.Sliding(TimeSpan.FromSeconds(30)));
        }

        // The sweep comes as far as a shard whose lock is held, and is told to stop there.
        Task stopping;
        lock (Integrity.Shards(cache).ElementAt(2).Lock)
        {
            _clock.Advance(TimeSpan.FromSeconds(60));
            Assert.True(SpinWait.SpinUntil(() => Integrity.Shards(cache).Take(2).All(shard => shard.Count == 0), TimeSpan.FromSeconds(30)));
            stopping = host.StopAsync(Deadline.Token);
        }

        await stopping.WaitAsync(Deadline.Token);

        Assert.InRange(cache.Count, 1, Entries - 1);
        int left = cache.Count;
        Assert.Equal(left, Integrity.Check(cache).Count);
        Assert.Null(cache.GetStatistics().LastSweep);
        Assert.Equal(left, cache.RemoveExpired());
        Assert.Empty(Integrity.Check(cache));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task AHostThatEndsWhileAllAreAtWorkEndsThemWithNothingButObjectDisposed(bool stops)
    {
        for (int round = 0; round < TestScale.Of(quick: 6, full: 100); round++)
        {
            IHost host = MakeHost();
            await host.StartAsync(Deadline.Token);
            var cache = host.Services.GetRequiredService<BoundedDistributedCache>();
            using Crew crew = new(TimeSpan.FromSeconds(30));
            for (int t = 0; t < 6; t++)
            {
                Random random = new(t);
                crew.Add(running =>
                {
                    try
                    {
                        while (running())
                        {
                            Work(cache, random);
                        }
                    }
                    catch (ObjectDisposedException)
                    {
                    }
                });
            }

            crew.Add(_ =>
            {
                Assert.True(SpinWait.SpinUntil(() => cache.Count >= 1_000, TimeSpan.FromSeconds(30)));
                for (int sweep = 0; sweep < 5; sweep++)
                {
                    _clock.Advance(TimeSpan.FromSeconds(60));
                }

                if (stops)
                {
                    host.StopAsync(CancellationToken.None).GetAwaiter().GetResult();
                }

                host.Dispose();
            });

            crew.Run();

            Assert.Empty(Integrity.Check(cache));
        }
    }

    private static void Work(BoundedDistributedCache cache, Random random)
    {
        string key = "key" + random.Next(2_000);
        BoundedCachePartition tenant = cache.ForTenant("tenant" + random.Next(50));
        switch (random.Next(10))
        {
            case 0:
                cache.RemoveExpired();
                break;
            case 1:
                cache.RemoveByPattern("key1??");
                break;
            case 2:
                tenant.Clear();
                break;
            case 3:
                cache.GetStatistics();
                break;
            case < 6:
                tenant.Set(key, new byte[random.Next(100)], TestCache.Sliding(TimeSpan.FromSeconds(30)));
                break;
            case < 8:
                cache.Set(key, new byte[random.Next(100)], TestCache.NoExpiry);
                break;
            default:
                cache.Get(key);
                tenant.Get(key);
                break;
        }
    }

    private IHost MakeHost()
    {
        HostApplicationBuilder builder = Host.CreateEmptyApplicationBuilder(new HostApplicationBuilderSettings());
        builder.Services.AddSingleton<TimeProvider>(_clock);
        builder.Services.AddBoundedDistributedCache();
        return builder.Build();
    }
}
