using BoundedCache.Storage;
using BoundedCache.Tests.Support;

namespace BoundedCache.Tests.Storage;

public sealed class ChargeTests
{
    [Fact]
    public void AnEmptyEntryIsNotFree()
    {
        Assert.Equal(Charge.Of(0, 0, expires: false), Charge.Smallest);
        Assert.Equal(Charge.EntryObject + 32 + Allocated.ByObject(() => new string('k', 1)) + 24, Charge.Smallest);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(5)]
    [InlineData(6)]
    [InlineData(26)]
    [InlineData(1_000)]
    public void AKeyCostsItsStringAndAValueItsArray(int length)
    {
        var key = Allocated.ByObject(() => new string('k', length));
        var value = Allocated.ByObject(() => new byte[length]);

        Assert.Equal(key - 24, Charge.Of(length, 0, expires: false) - Charge.Smallest);
        Assert.Equal(value - 24, Charge.Of(0, length, expires: false) - Charge.Smallest);
    }

    [Fact]
    public void ExpiryCostsTheFieldsThatItNeeds() =>
        Assert.Equal(
            Charge.ExpiringEntryObject - Charge.EntryObject + sizeof(long),
            Charge.Of(7, 9, expires: true) - Charge.Of(7, 9, expires: false));

    // A place, an index, and a victim of two words for every second entry.
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void ATenantsEntryCostsWhereTheTenantFindsIt(bool expires) =>
        Assert.Equal(
            Charge.TenantReference + sizeof(long) + sizeof(int) + (2 * sizeof(long) / 2),
            Charge.Of(7, 9, expires, hasTenant: true) - Charge.Of(7, 9, expires));

    [Theory]
    [InlineData(1)]
    [InlineData(6)]
    [InlineData(256)]
    public void ATenantCostsTheStringOfItsId(int length) =>
        Assert.Equal(Allocated.ByObject(() => new string('i', length)) - 24, Charge.OfTenant(length) - Charge.OfTenant(0));

    [Fact]
    public void TheLargestKeysAndValuesDoNotOverflow() =>
        Assert.Equal(6_442_451_080, Charge.Of(int.MaxValue, int.MaxValue, expires: false));
}
