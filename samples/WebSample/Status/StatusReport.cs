namespace WebSample.Status;

/// <summary>What goes on behind the pages, for their foot and for <c>/status</c>.</summary>
public sealed record StatusReport(
    int CachedEntries, long CachedBytes, long Hits, long Misses, int Sessions,
    long UpstreamRequests, int OpenConnections, int MostConnections, long WaitingForConnection,
    IReadOnlyList<ShopShare> Shops);
