using System.Buffers;
using BoundedCache.Tests.Support;

namespace BoundedCache.Tests;

public sealed class IsolateValuesTests
{
    [Fact]
    public void ByDefaultTheArrayIsShared()
    {
        using BoundedDistributedCache cache = TestCache.Make();
        byte[] value = [1, 2, 3];
        cache.Set("key", value, TestCache.NoExpiry);

        Assert.Same(value, cache.Get("key"));
    }

    [Fact]
    public async Task IsolatedValuesAreCopiedOnTheWayInAndOnTheWayOut()
    {
        using BoundedDistributedCache cache = TestCache.Make(configure: options => options.IsolateValues = true);
        byte[] value = [1, 2, 3];
        cache.Set("key", value, TestCache.NoExpiry);
        value[0] = 99;
        cache.Get("key")![1] = 99;
        (await cache.GetAsync("key", TestContext.Current.CancellationToken))![2] = 99;

        Assert.Equal([1, 2, 3], cache.Get("key"));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void ASequenceIsCopiedBeforeSetReturns(bool isolate)
    {
        using BoundedDistributedCache cache = TestCache.Make(configure: options => options.IsolateValues = isolate);
        byte[] pooled = [1, 2, 3];
        cache.Set("key", new ReadOnlySequence<byte>(pooled), TestCache.NoExpiry);
        pooled.AsSpan().Clear();

        Assert.Equal([1, 2, 3], cache.Get("key"));
    }
}
