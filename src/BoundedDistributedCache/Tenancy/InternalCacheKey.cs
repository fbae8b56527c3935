namespace BoundedCache.Tenancy;

/// <summary>
/// A service key for caches that only this library asks for. They are told the tenant by whoever calls them, so they are
/// not decorated.
/// </summary>
internal sealed class InternalCacheKey;
