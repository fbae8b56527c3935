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
