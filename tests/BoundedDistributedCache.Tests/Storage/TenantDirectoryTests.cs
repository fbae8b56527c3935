using System.Reflection;
using BoundedCache.Storage;
using BoundedCache.Tests.Support;

namespace BoundedCache.Tests.Storage;

public sealed class TenantDirectoryTests
{
    private readonly Room _room = new(10_000, 10_000_000);
    private readonly TenantDirectory _tenants;

    public TenantDirectoryTests() => _tenants = new ShardDirectory(2_000, new RecencyClock(isExact: false), _room).Tenants;

    [Fact]
    public void ARecordIsThereForAsLongAsSomebodyHoldsIt()
    {
        Tenant record = _tenants.Hold("acme");
        Assert.Same(record, _tenants.Hold("acme"));
        Assert.Same(record, _tenants.Find("acme"));
        Assert.Equal(1, _tenants.Count);

        _tenants.LetGo(record);
        Assert.Same(record, _tenants.Find("acme"));

        _tenants.LetGo(record);
        Assert.Null(_tenants.Find("acme"));
        Assert.Equal(0, _tenants.Count);
        Assert.Equal(0, _room.Bytes.Used);
    }

    [Fact]
    public void WhoMeetsARecordThatIsRetiredTakesItOutAndMakesAnother()
    {
        Tenant retired = _tenants.Hold("acme");
        Assert.True(retired.LetGo());
        Assert.Same(retired, _tenants.Find("acme"));

        Tenant record = _tenants.Hold("acme");

        Assert.NotSame(retired, record);
        Assert.Same(record, _tenants.Find("acme"));
        Assert.Equal(1, _tenants.Count);
    }

    [Fact]
    public void WhoTakesARetiredRecordOutLateLeavesTheOneThatCameAfterIt()
    {
        Tenant retired = _tenants.Hold("acme");
        retired.LetGo();
        Tenant record = _tenants.Hold("acme");

        _tenants.Remove(retired);

        Assert.Same(record, _tenants.Find("acme"));
        Assert.Equal(1, _tenants.Count);
    }

    [Fact]
    public void TwoWhoFindNoRecordAtOnceHoldTheSame()
    {
        Tenant?[] held = new Tenant?[2];
        Thread[] threads = [.. Enumerable.Range(0, 2).Select(i => new Thread(() => held[i] = _tenants.Hold("acme")))];

        lock (Changes())
        {
            foreach (Thread thread in threads)
            {
                thread.Start();
                Assert.True(SpinWait.SpinUntil(() => thread.ThreadState.HasFlag(ThreadState.WaitSleepJoin), TimeSpan.FromSeconds(30)), "Nobody waits.");
            }
        }

        Array.ForEach(threads, thread => thread.Join());
        Assert.NotNull(held[0]);
        Assert.Same(held[0], held[1]);
        Assert.Equal(1, _tenants.Count);
    }

    [Theory]
    [InlineData(64, 0, false)]
    [InlineData(65, 16, false)]
    [InlineData(65, 15, true)]
    [InlineData(200, 50, false)]
    [InlineData(200, 49, true)]
    public void TheTableIsExchangedOnceWhereLessThanAQuarterOfManyRecordsIsLeft(int records, int left, bool isExchanged)
    {
        Tenant[] all = [.. Enumerable.Range(0, records).Select(i => _tenants.Hold("tenant" + i))];
        foreach (Tenant record in all[left..])
            _tenants.LetGo(record);
        object before = Table();

        _tenants.Trim();

        object after = Table();
        Assert.Equal(isExchanged, !ReferenceEquals(before, after));
        Assert.All(all[..left], record => Assert.Same(record, _tenants.Find(record.Id)));
        Assert.Equal(left, _tenants.Count);
        _tenants.Trim();
        Assert.Same(after, Table());
    }

    [Fact]
    public void ASweepExchangesIt()
    {
        using BoundedDistributedCache cache = TestCache.Make();
        for (int i = 0; i < 100; i++)
            cache.ForTenant("tenant" + i).Set("key", [1], TestCache.NoExpiry);
        object before = Table(cache.Storage.Tenants);
        cache.Clear();

        cache.RemoveExpired();

        Assert.NotSame(before, Table(cache.Storage.Tenants));
    }

    [Fact]
    public void OfTenantsThatHoldAsMuchTheFirstByIdComesFirst()
    {
        foreach (string tenantId in (string[])["b", "C", "a"])
            _tenants.Hold(tenantId);

        Assert.Equal(["C", "a", "b"], _tenants.Largest(3).Select(tenant => tenant.Id));
        Assert.Empty(_tenants.Largest(0));
    }

    private Lock Changes() => (Lock)Field("_changes", _tenants);

    private object Table() => Table(_tenants);

    private static object Table(TenantDirectory tenants) => Field("_records", tenants);

    private static object Field(string name, TenantDirectory tenants) =>
        typeof(TenantDirectory).GetField(name, BindingFlags.Instance | BindingFlags.NonPublic)!.GetValue(tenants)!;
}
