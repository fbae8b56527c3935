using System.Diagnostics;
using System.Runtime.CompilerServices;
using BoundedCache.Tests.Support;
using Microsoft.Extensions.Caching.Distributed;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace BoundedCache.Tests.Expiration;

/// <summary>Test factories start a host for each of their tests, all in one process.</summary>
[Collection(nameof(RunsAlone))]
public class HostLifetimeTests
{
    private const int Hosts = 200;
    private const int ValueLength = 100_000;

    // Outlives the hosts, as a configuration that they share does: what stays subscribed to it is never collected.
    private readonly IConfigurationRoot _shared = new ConfigurationBuilder().AddInMemoryCollection().Build();

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task HostsLeaveNoThreadNoTimerAndNoHeapBehind(bool stop)
    {
        for (var warmUp = 0; warmUp < 3; warmUp++)
            await RunHostAsync(stop);
        var threads = OwnThreads();
        var timers = Timer.ActiveCount;
        var heap = GC.GetTotalMemory(forceFullCollection: true);

        var caches = new List<WeakReference>();
        for (var host = 0; host < Hosts; host++)
            caches.Add(await RunHostAsync(stop));

        await CollectAsync(caches);
        Assert.DoesNotContain(caches, cache => cache.IsAlive);
        Assert.InRange(Timer.ActiveCount, 0, timers + (Hosts / 10));
        Assert.InRange(OwnThreads(), 0, threads + (Hosts / 10));
        Assert.InRange(GC.GetTotalMemory(forceFullCollection: true), 0, heap + (Hosts / 10 * ValueLength));
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private async Task<WeakReference> RunHostAsync(bool stop)
    {
        var builder = Host.CreateEmptyApplicationBuilder(new HostApplicationBuilderSettings());
        builder.Services
            .AddBoundedDistributedCache(_shared.GetSection("Cache"))
            .AddKeyedBoundedDistributedCache("pages", options => options.SweepInterval = TimeSpan.FromMilliseconds(1));
        using var host = builder.Build();
        await host.StartAsync(TestContext.Current.CancellationToken);

        var cache = host.Services.GetRequiredService<IDistributedCache>();
        cache.Set("key", new byte[ValueLength], new DistributedCacheEntryOptions { SlidingExpiration = TimeSpan.FromHours(1) });
        Assert.NotNull(cache.Get("key"));

        if (stop)
            await host.StopAsync(TestContext.Current.CancellationToken);
        return new WeakReference(cache);
    }

    // Loops of hosts that were disposed without a stop end on the pool, soon after.
    private static async Task CollectAsync(List<WeakReference> caches)
    {
        for (var round = 0; round < 100 && caches.Any(cache => cache.IsAlive); round++)
        {
            GC.Collect();
            GC.WaitForPendingFinalizers();
            await Task.Delay(1, TestContext.Current.CancellationToken);
        }
    }

    private static int OwnThreads()
    {
        using var process = Process.GetCurrentProcess();
        return process.Threads.Count - ThreadPool.ThreadCount;
    }
}
