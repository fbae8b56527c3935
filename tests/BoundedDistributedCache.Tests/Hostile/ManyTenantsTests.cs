using BoundedCache.Tests.Support;
using Microsoft.Extensions.Time.Testing;

namespace BoundedCache.Tests.Hostile;

/// <summary>Somebody who invents tenants: ten million of them.</summary>
[Collection(nameof(HeapTests))]
public sealed class ManyTenantsTests
{
    private const int Tenants = 10_000_000;
    private const long MaxBytes = 128L << 20;

    [Fact]
    [Trait("Run", "full")]
    public void TenMillionTenantsTakeNoMoreThanTheLimitAndLeaveNothingBehind()
    {
        FakeTimeProvider clock = new();
        BoundedDistributedCache cache = TestCache.Make(int.MaxValue, MaxBytes, clock);
        long before = Heap();

        for (int i = 0; i < Tenants; i++)
        {
            cache.ForTenant($"tenant-{i}").Set("key", new byte[100], TestCache.Sliding(TimeSpan.FromHours(1)));
            if (i % 1_000 == 0)
            {
                Assert.InRange(cache.SizeBytes, 0, MaxBytes);
            }
        }

        Assert.InRange((double)(Heap() - before) / cache.SizeBytes, 0.9, 1.1);
        Assert.Equal(cache.Count, Integrity.Check(cache).Count);
        Assert.NotNull(cache.ForTenant($"tenant-{Tenants - 1}").Get("key"));
        clock.Advance(TimeSpan.FromHours(2));
        cache.RemoveExpired();

        Assert.Empty(Integrity.Check(cache));
        Assert.Equal(0, cache.SizeBytes);
        Assert.InRange(Heap() - before, long.MinValue, MaxBytes / 100);
        GC.KeepAlive(cache);
    }

    private static long Heap()
    {
        GC.Collect(2, GCCollectionMode.Aggressive, blocking: true, compacting: true);
        return GC.GetTotalMemory(forceFullCollection: false);
    }
}
