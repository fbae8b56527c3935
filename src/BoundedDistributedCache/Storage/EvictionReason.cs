namespace BoundedCache.Storage;

/// <summary>Which limit a live entry made room for.</summary>
internal enum EvictionReason
{
    None,
    Entries,
    Bytes,
}
