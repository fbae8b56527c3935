using BoundedCache.Expiration;
using BoundedCache.Storage;
using BoundedCache.Tests.Support;

namespace BoundedCache.Tests.Storage;

public sealed class EntryTests
{
    [Fact]
    public void TakesOnTheHeapWhatItsChargeSays()
    {
        byte[] value = [];

        Assert.Equal(Charge.EntryObject, Allocated.ByObject(() => new Entry("key", 1, value)));
    }

    [Theory]
    [InlineData(false, false, typeof(Entry))]
    [InlineData(true, false, typeof(ExpiringEntry))]
    [InlineData(false, true, typeof(TenantEntry))]
    [InlineData(true, true, typeof(ExpiringTenantEntry))]
    public void EachKindHasTheFieldsThatItNeedsAndNoMore(bool expires, bool hasTenant, Type kind)
    {
        byte[] value = [];
        var deadlines = expires ? new Deadlines(5, Deadlines.None) : Deadlines.Never;
        var entry = Entry.Of(hasTenant, "key", 1, value, deadlines, default);
        var tenant = new Tenant("acme", new TenantTally(), TenantLimitTable.Unlimited, shards: null!);
        entry.Tenant = hasTenant ? tenant : null;

        Assert.IsType(kind, entry);
        Assert.Equal(expires ? entry : null, entry.AsExpiring);
        Assert.Equal(hasTenant ? tenant : null, entry.Tenant);
        Assert.Equal(Charge.Of(3, 0, expires, hasTenant), entry.Charge);
        Assert.Equal(
            (expires ? Charge.ExpiringEntryObject : Charge.EntryObject) + (hasTenant ? Charge.TenantReference : 0),
            Allocated.ByObject(() => Entry.Of(hasTenant, "key", 1, value, deadlines, default)));
    }

    [Theory]
    [InlineData(0, 0)]
    [InlineData(3, 1)]
    [InlineData(26, 100)]
    [InlineData(100_000, 1_000_003)]
    public void KeepsItsCharge(int keyLength, int valueLength)
    {
        var entry = new Entry(new string('k', keyLength), 1, new byte[valueLength]);

        Assert.Equal(Charge.Of(keyLength, valueLength, expires: false), entry.Charge);
    }
}
