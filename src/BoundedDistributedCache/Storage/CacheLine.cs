namespace BoundedCache.Storage;

internal static class CacheLine
{
    /// <summary>Two lines of x64, one of the larger ARM64 cores: far enough apart on both, adjacent-line prefetch included.</summary>
    public const int Size = 128;
}
