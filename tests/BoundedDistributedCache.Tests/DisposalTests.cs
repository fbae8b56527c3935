using System.Buffers;
using BoundedCache.Tests.Support;

namespace BoundedCache.Tests;

public sealed class DisposalTests
{
    public static TheoryData<string> Members => [.. Calls.Keys];

    private static Dictionary<string, Action<BoundedDistributedCache>> Calls { get; } = new()
    {
        ["Count"] = cache => _ = cache.Count,
        ["SizeBytes"] = cache => _ = cache.SizeBytes,
        ["GetStatistics"] = cache => cache.GetStatistics(),
        ["Get"] = cache => cache.Get("key"),
        ["GetAsync"] = cache => cache.GetAsync("key").GetAwaiter().GetResult(),
        ["TryGet"] = cache => cache.TryGet("key", new ArrayBufferWriter<byte>()),
        ["TryGetAsync"] = cache => _ = cache.TryGetAsync("key", new ArrayBufferWriter<byte>()).Result,
        ["Set"] = cache => cache.Set("key", [1], TestCache.NoExpiry),
        ["Set of a sequence"] = cache => cache.Set("key", ReadOnlySequence<byte>.Empty, TestCache.NoExpiry),
        ["SetAsync"] = cache => cache.SetAsync("key", [1], TestCache.NoExpiry).GetAwaiter().GetResult(),
        ["SetAsync of a sequence"] = cache => cache.SetAsync("key", ReadOnlySequence<byte>.Empty, TestCache.NoExpiry).AsTask().GetAwaiter().GetResult(),
        ["Refresh"] = cache => cache.Refresh("key"),
        ["RefreshAsync"] = cache => cache.RefreshAsync("key").GetAwaiter().GetResult(),
        ["Remove"] = cache => cache.Remove("key"),
        ["RemoveAsync"] = cache => cache.RemoveAsync("key").GetAwaiter().GetResult(),
        ["Clear"] = cache => cache.Clear(),
        ["RemoveByPattern"] = cache => cache.RemoveByPattern("*"),
        ["ForTenant"] = cache => cache.ForTenant("acme"),
        ["RemoveExpired"] = cache => cache.RemoveExpired(),
    };

    [Theory]
    [MemberData(nameof(Members))]
    public void AfterDisposeEveryMemberThrows(string member)
    {
        BoundedDistributedCache cache = TestCache.Make();
        cache.Dispose();

        Exception exception = Assert.ThrowsAny<Exception>(() => Calls[member](cache));
        Assert.IsType<ObjectDisposedException>((exception as AggregateException)?.InnerException ?? exception);
    }

    [Fact]
    public void APartitionOfADisposedCacheThrowsToo()
    {
        BoundedDistributedCache cache = TestCache.Make();
        BoundedCachePartition partition = cache.ForTenant("acme");
        cache.Dispose();

        Assert.Throws<ObjectDisposedException>(() => partition.Get("key"));
        Assert.Throws<ObjectDisposedException>(() => partition.Count);
        Assert.Throws<ObjectDisposedException>(() => partition.GetStatistics());
        Assert.Throws<ObjectDisposedException>(() => partition.Clear());
        Assert.Throws<ObjectDisposedException>(() => cache.LargestTenants(1));
    }

    [Fact]
    public void EveryPublicMemberIsInTheTable()
    {
        string[] members = [.. typeof(BoundedDistributedCache).GetMembers()
            .Where(member => member.DeclaringType == typeof(BoundedDistributedCache) && member is not System.Reflection.ConstructorInfo)
            .Select(member => member.Name.Replace("get_", "", StringComparison.Ordinal))
            .Where(name => name != nameof(IDisposable.Dispose))
            .Distinct()
            .Order()];

        Assert.Equal(members, Calls.Keys.Select(name => name.Split(' ')[0]).Distinct().Order());
    }

    [Fact]
    public void DisposeIsIdempotentAndLetsTheEntriesGo()
    {
        BoundedDistributedCache cache = TestCache.Make();
        cache.Set("key");
        cache.ForTenant("acme").Set("key", [1], TestCache.NoExpiry);

        cache.Dispose();
        cache.Dispose();

        Assert.Empty(Integrity.Check(cache));
    }

    [LongFact]
    public void DisposalWhileOthersWorkEndsThemWithNothingButObjectDisposed()
    {
        for (int round = 0; round < 20; round++)
        {
            BoundedDistributedCache cache = TestCache.Make(500);
            using Crew crew = new(TimeSpan.FromSeconds(5));
            for (int t = 0; t < 4; t++)
            {
                Random random = new(t);
                crew.Add(running =>
                {
                    try
                    {
                        while (running())
                        {
                            string key = "key" + random.Next(1_000);
                            cache.Set(key);
                            cache.Get(key);
                            cache.RemoveExpired();
                        }
                    }
                    catch (ObjectDisposedException)
                    {
                    }
                });
            }

            crew.Add(_ =>
            {
                Assert.True(SpinWait.SpinUntil(() => cache.Count >= 500, TimeSpan.FromSeconds(30)));
                Parallel.For(0, 3, _ => cache.Dispose());
            });

            crew.Run();

            Integrity.Check(cache);
        }
    }
}
