using WebSample.Shops;

namespace WebSample.Status;

/// <summary>
/// What one shop has of the cache that all of them share. Evictions are of entries that were still good; those whose
/// minute was over are not counted.
/// </summary>
public sealed record ShopShare(Shop Shop, int Entries, int Limit, long Hits, long Evictions);
