using System.Buffers;
using System.Diagnostics;
using BoundedCache.Tests.Support;

namespace BoundedCache.Tests.Faults;

/// <summary>
/// An interrupted operation leaves no lock, claim or room behind, whichever it is and wherever it waited: for a shard, the
/// gate, a tenant or its ranking.
/// </summary>
public sealed class InterruptTests
{
    private static readonly Operation[] s_operations = Enum.GetValues<Operation>();

    private static readonly TimeSpan s_patience = TimeSpan.FromMinutes(1);

    /// <summary>Those that wait for a lock by their nature. Others wait at most where they meet a rebuild.</summary>
    private static readonly HashSet<Operation> s_waiting =
    [
        Operation.Set, Operation.SetOfALargeValue, Operation.SetOfASequence, Operation.SetOfATenant,
        Operation.Remove, Operation.RemoveOfATenant, Operation.RemoveByPattern, Operation.RemoveByPatternOfATenant, Operation.Sweep,
    ];

    private static readonly Dictionary<string, Action<BoundedCachePartition>> s_changesOfATenant = new()
    {
        ["set"] = tenant => tenant.Set("new", [1], TestCache.NoExpiry),
        ["overwrite"] = tenant => tenant.Set("key", [1, 2], TestCache.NoExpiry),
        ["overwrite by less"] = tenant => tenant.Set("key", [], TestCache.NoExpiry),
        ["remove"] = tenant => tenant.Remove("key"),
    };

    private enum Operation
    {
        Set,
        SetOfALargeValue,
        SetOfASequence,
        SetOfATenant,
        Get,
        Refresh,
        Remove,
        RemoveOfATenant,
        RemoveByPattern,
        RemoveByPatternOfATenant,
        Clear,
        ClearOfATenant,
        Sweep,
        Statistics,
        ChangeOfLimits,
    }

    [Theory]
    [InlineData(50, 1_000_000)]
    [InlineData(int.MaxValue, 1_000_000)]
    [InlineData(1_000, 500_000)]
    public void InterruptedOperationsLeaveNothingHalfDone(int maxEntries, long maxBytes)
    {
        using BoundedDistributedCache cache = TestCache.Make(maxEntries, maxBytes, configure: options => options.MaxEntriesPerTenant = 20);
        bool isOver = false;
        Exception? failure = null;
        int[] interrupted = new int[s_operations.Length];
        List<Thread> threads = [.. Enumerable.Range(0, 6).Select(t => new Thread(() =>
        {
            Random random = new(t);
            while (!Volatile.Read(ref isOver))
            {
                Operation operation = s_operations[random.Next(s_operations.Length)];
                try
                {
                    Work(cache, operation, random);
                }
                catch (ThreadInterruptedException)
                {
                    Interlocked.Increment(ref interrupted[(int)operation]);
                }
                catch (Exception exception)
                {
                    failure = exception;
                    Volatile.Write(ref isOver, true);
                }
            }
        })
        { IsBackground = true })];
        threads.ForEach(thread => thread.Start());
        Thread holder = new(() =>
        {
            while (!Volatile.Read(ref isOver))
            {
                HoldLocks(cache);
            }
        })
        { IsBackground = true };
        holder.Start();

        // Where all wait for one shard, not before each of those that wait was interrupted, however long that takes.
        Random choice = new(99);
        HashSet<Operation> expected = maxEntries == 50 ? s_waiting : [];
        Stopwatch watch = Stopwatch.StartNew();
        TimeSpan atLeast = TimeSpan.FromMilliseconds(TestScale.Of(quick: 800, full: 8_000));
        SpinWait.SpinUntil(
            () =>
            {
                threads[choice.Next(threads.Count)].Interrupt();
                return Volatile.Read(ref isOver) || (watch.Elapsed > atLeast && expected.All(operation => Volatile.Read(ref interrupted[(int)operation]) > 0));
            },
            TimeSpan.FromMinutes(1));
        Volatile.Write(ref isOver, true);
        bool haveEnded = threads.Append(holder).All(thread => thread.Join(s_patience));

        Assert.Null(failure);
        Assert.True(haveEnded, "A thread is still at work.");
        Assert.NotEqual(0, interrupted.Sum());
        Assert.All(expected, operation => Assert.NotEqual(0, interrupted[(int)operation]));

        // What a tenant holds beyond a limit that was lowered last stays until a sweep.
        cache.RemoveExpired();
        Uses.AssertSound(cache);
    }

    [Fact]
    public void ATenantsLastEntryTakesTheRecordWithItThoughItsThreadIsInterrupted()
    {
        using BoundedDistributedCache cache = TestCache.Make();
        BoundedCachePartition tenant = cache.ForTenant("tenant");
        tenant.Set("key", [1], TestCache.NoExpiry);

        Assert.True(IsStillInterruptedAfter(() => tenant.Remove("key"), waitsFor: Integrity.Directory(cache)));

        Integrity.Check(cache);
    }

    public static TheoryData<string> ChangesOfATenant => [.. s_changesOfATenant.Keys];

    [Theory]
    [MemberData(nameof(ChangesOfATenant))]
    public void WhatATenantHoldsIsChangedAsAWholeThoughTheThreadIsInterrupted(string change)
    {
        using BoundedDistributedCache cache = TestCache.Make(configure: options => options.MaxEntriesPerTenant = 2);
        BoundedCachePartition tenant = cache.ForTenant("tenant");
        tenant.Set("key", [1], TestCache.NoExpiry);
        tenant.Set("another", [1], TestCache.NoExpiry);
        Lock held = Integrity.Guard(cache.Storage.Tenants.Find("tenant")!);

        Assert.True(IsStillInterruptedAfter(() => s_changesOfATenant[change](tenant), waitsFor: held));

        Integrity.Check(cache);
        Assert.Equal(change == "remove" ? 1 : 2, tenant.Count);
    }

    /// <summary>Interrupts a thread as it waits for a lock. It is to go on, and to be told at its next wait.</summary>
    private static bool IsStillInterruptedAfter(Action operation, Lock waitsFor)
    {
        bool isDone = false;
        bool isStillInterrupted = false;
        Thread thread = new(() =>
        {
            try
            {
                operation();
                isDone = true;
                Thread.Sleep(0);
            }
            catch (ThreadInterruptedException)
            {
                isStillInterrupted = isDone;
            }
        })
        { IsBackground = true };

        lock (waitsFor)
        {
            thread.Start();
            Assert.True(SpinWait.SpinUntil(
                () => thread.ThreadState.HasFlag(System.Threading.ThreadState.WaitSleepJoin), TimeSpan.FromSeconds(30)));
            thread.Interrupt();
        }

        Assert.True(thread.Join(s_patience), "It is still at work.");
        return isStillInterrupted;
    }

    /// <summary>
    /// Only who waits is interrupted, so that others have to wait. Records come and go: each is looked for when it is its turn.
    /// </summary>
    private static void HoldLocks(BoundedDistributedCache cache)
    {
        foreach (Lock held in Integrity.Shards(cache).Select(shard => shard.Lock).Append(Integrity.Gate(cache)).Concat(Integrity.TenantLocks(cache)))
        {
            lock (held)
            {
                SpinWait.SpinUntil(() => false, TimeSpan.FromMilliseconds(2));
            }
        }
    }

    private static void Work(BoundedDistributedCache cache, Operation operation, Random random)
    {
        string key = "key" + random.Next(300);
        BoundedCachePartition tenant = cache.ForTenant("tenant" + random.Next(4));
        var expiry = random.Next(3) == 0 ? TestCache.Sliding(TimeSpan.FromMilliseconds(5)) : TestCache.NoExpiry;
        switch (operation)
        {
            case Operation.Set:
                cache.Set(key, new byte[random.Next(1_000)], expiry);
                break;
            case Operation.SetOfALargeValue:
                cache.Set(key, new byte[300_000], expiry);
                break;
            case Operation.SetOfASequence:
                cache.Set(key, new ReadOnlySequence<byte>(new byte[random.Next(1_000)]), expiry);
                break;
            case Operation.SetOfATenant:
                tenant.Set(key, new byte[random.Next(1_000)], expiry);
                break;
            case Operation.Get:
                cache.Get(key);
                tenant.Get(key);
                break;
            case Operation.Refresh:
                cache.Refresh(key);
                break;
            case Operation.Remove:
                cache.Remove(key);
                break;
            case Operation.RemoveOfATenant:
                tenant.Remove(key);
                break;
            case Operation.RemoveByPattern:
                cache.RemoveByPattern("key1*");
                break;
            case Operation.RemoveByPatternOfATenant:
                tenant.RemoveByPattern("key2*");
                break;
            case Operation.Clear when random.Next(20) == 0:
                cache.Clear();
                break;
            case Operation.ClearOfATenant when random.Next(5) == 0:
                tenant.Clear();
                break;
            case Operation.Sweep:
                cache.RemoveExpired();
                break;
            case Operation.Statistics:
                cache.GetStatistics();
                tenant.GetStatistics();
                break;
            case Operation.ChangeOfLimits:
                cache.FollowTenantLimits(new BoundedDistributedCacheOptions { MaxEntriesPerTenant = random.Next(5, 20) });
                break;
            default:
                break;
        }
    }
}
