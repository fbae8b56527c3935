using BoundedCache.Storage;
using BoundedCache.Tests.Support;

namespace BoundedCache.Tests;

/// <summary>An interrupted operation leaves no lock, claim or room behind.</summary>
public sealed class InterruptTests
{
    [Theory]
    [InlineData(50, 1_000_000)]
    [InlineData(int.MaxValue, 1_000_000)]
    [InlineData(1_000, 500_000)]
    public void InterruptedWritersLeaveNothingHalfDone(int maxEntries, long maxBytes)
    {
        using BoundedDistributedCache cache = TestCache.Make(maxEntries, maxBytes, configure: options => options.MaxEntriesPerTenant = 20);
        bool isOver = false;
        int interrupted = 0;
        List<Thread> threads = [.. Enumerable.Range(0, 6).Select(t => new Thread(() =>
        {
            Random random = new(t);
            while (!Volatile.Read(ref isOver))
            {
                try
                {
                    Work(cache, random);
                }
                catch (ThreadInterruptedException)
                {
                    Interlocked.Increment(ref interrupted);
                }
            }
        }))];
        threads.ForEach(thread => thread.Start());
        Thread holder = new(() =>
        {
            while (!Volatile.Read(ref isOver))
            {
                HoldLocks(cache);
            }
        });
        holder.Start();

        Random choice = new(99);
        SpinWait.SpinUntil(
            () =>
            {
                threads[choice.Next(threads.Count)].Interrupt();
                return false;
            },
            TimeSpan.FromMilliseconds(TestScale.Of(quick: 800, full: 8_000)));
        Volatile.Write(ref isOver, true);
        threads.ForEach(thread => thread.Join());
        holder.Join();

        Assert.NotEqual(0, interrupted);
        Integrity.Check(cache);
    }

    /// <summary>Only who waits is interrupted, so that others have to wait.</summary>
    private static void HoldLocks(BoundedDistributedCache cache)
    {
        foreach (Shard shard in Integrity.Shards(cache))
        {
            lock (shard.Lock)
            {
                SpinWait.SpinUntil(() => false, TimeSpan.FromMilliseconds(2));
            }
        }
    }

    private static void Work(BoundedDistributedCache cache, Random random)
    {
        string key = "key" + random.Next(300);
        BoundedCachePartition tenant = cache.ForTenant("tenant" + random.Next(4));
        var expiry = random.Next(3) == 0 ? TestCache.Sliding(TimeSpan.FromMilliseconds(5)) : TestCache.NoExpiry;
        switch (random.Next(12))
        {
            case 0:
                cache.Remove(key);
                break;
            case 1:
                cache.RemoveExpired();
                break;
            case 2 when random.Next(50) == 0:
                cache.Clear();
                break;
            case 3:
            case 4:
            case 5:
                tenant.Set(key, new byte[random.Next(1_000)], expiry);
                break;
            case 6:
                tenant.Remove(key);
                break;
            default:
                cache.Set(key, new byte[random.Next(4) == 0 ? 300_000 : random.Next(1_000)], expiry);
                break;
        }
    }
}
