using Microsoft.Extensions.Time.Testing;

namespace BoundedCache.Redis.Tests;

/// <summary>A fake clock that throws when it is next asked, once a test says so.</summary>
internal sealed class FailingClock() : FakeTimeProvider(DateTimeOffset.UtcNow)
{
    private int _failsNext;

    public bool FailsNext
    {
        get => Volatile.Read(ref _failsNext) == 1;
        set => Volatile.Write(ref _failsNext, value ? 1 : 0);
    }

    public override DateTimeOffset GetUtcNow() =>
        Interlocked.Exchange(ref _failsNext, 0) == 0 ? base.GetUtcNow() : throw new InvalidOperationException("The clock failed.");
}
