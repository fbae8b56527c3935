namespace BoundedCache.Benchmarks.Peers;

/// <summary>
/// What loops call. Implemented by structs, so that the loop is compiled for each of them and the call costs nothing
/// that the peer's own user would not pay.
/// </summary>
internal interface ICache
{
    /// <returns>Whether there is a value.</returns>
    bool Get(string key);

    /// <returns>The value, for looking at what was stored; never timed.</returns>
    byte[]? Find(string key);

    void Set(string key, byte[] value);
}
