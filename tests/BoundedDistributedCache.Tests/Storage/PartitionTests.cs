using System.IO.Hashing;
using System.Runtime.InteropServices;
using BoundedCache.Storage;

namespace BoundedCache.Tests.Storage;

public sealed class PartitionTests
{
    [Theory]
    [InlineData("")]
    [InlineData("acme")]
    public void WhoDoesNotKnowTheSeedCanNotTellTheHashOfAnId(string id) =>
        Assert.NotEqual((long)XxHash3.HashToUInt64(MemoryMarshal.AsBytes(id.AsSpan())), new Partition(id).Seed);
}
