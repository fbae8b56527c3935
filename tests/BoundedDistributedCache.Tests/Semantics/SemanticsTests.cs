using Microsoft.Extensions.Caching.Distributed;
using Microsoft.Extensions.Caching.Memory;
using Microsoft.Extensions.Internal;
using Microsoft.Extensions.Options;
using Microsoft.Extensions.Time.Testing;

namespace BoundedCache.Tests.Semantics;

/// <summary>
/// The rows of docs/semantics.md: what this provider does, and what the in-memory provider does where the table says so.
/// </summary>
public abstract class SemanticsTests
{
    protected static readonly byte[] Old = [1];
    protected static readonly byte[] New = [2];

    protected SemanticsTests()
    {
        Ours = MakeOurs(_ => { });
        InMemory = MakeInMemory(_ => { });
    }

    protected FakeTimeProvider Time { get; } = new(new DateTimeOffset(2026, 1, 1, 0, 0, 0, TimeSpan.Zero));

    protected BoundedDistributedCache Ours { get; }

    protected IDistributedCache InMemory { get; }

    protected IEnumerable<IDistributedCache> Both => [Ours, InMemory];

    protected static DistributedCacheEntryOptions Never => new();

    protected static TimeSpan Seconds(double seconds) => TimeSpan.FromSeconds(seconds);

    protected static DistributedCacheEntryOptions Relative(double seconds) => Relative(Seconds(seconds));

    protected static DistributedCacheEntryOptions Relative(TimeSpan lifetime) => new() { AbsoluteExpirationRelativeToNow = lifetime };

    protected static DistributedCacheEntryOptions Sliding(double seconds) => Sliding(Seconds(seconds));

    protected static DistributedCacheEntryOptions Sliding(TimeSpan window) => new() { SlidingExpiration = window };

    protected static DistributedCacheEntryOptions At(DateTimeOffset deadline) => new() { AbsoluteExpiration = deadline };

    protected BoundedDistributedCache MakeOurs(Action<BoundedDistributedCacheOptions> configure) => MakeOurs(configure, Time);

    protected static BoundedDistributedCache MakeOurs(Action<BoundedDistributedCacheOptions> configure, TimeProvider time)
    {
        var options = new BoundedDistributedCacheOptions();
        configure(options);
        return new(Options.Create(options), time);
    }

    protected IDistributedCache MakeInMemory(Action<MemoryDistributedCacheOptions> configure)
    {
        var options = new MemoryDistributedCacheOptions { Clock = new Clock(Time) };
        configure(options);
        return new MemoryDistributedCache(Options.Create(options));
    }

    protected void SetBoth(string key, byte[] value, DistributedCacheEntryOptions options) =>
        Assert.All(Both, cache => cache.Set(key, value, options));

    protected void AssertBoth(string key, byte[]? expected) => Assert.All(Both, cache => Assert.Equal(expected, cache.Get(key)));

    private sealed class Clock(TimeProvider time) : ISystemClock
    {
        public DateTimeOffset UtcNow => time.GetUtcNow();
    }
}
