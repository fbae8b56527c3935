using Microsoft.Extensions.Internal;

namespace BoundedCache.AspNetCore.Tests.Neighbours;

/// <summary>Counts how often MemoryDistributedCache asks for the time, which it does once for each call it gets.</summary>
internal sealed class CountingClock : ISystemClock
{
    private int _reads;

    public int Reads => _reads;

    public DateTimeOffset UtcNow
    {
        get
        {
            Interlocked.Increment(ref _reads);
            return DateTimeOffset.UtcNow;
        }
    }
}
