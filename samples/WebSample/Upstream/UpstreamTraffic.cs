namespace WebSample.Upstream;

/// <summary>What the upstream sees of its callers: TCP connections and requests. Thread-safe.</summary>
public sealed class UpstreamTraffic
{
    private readonly Lock _lock = new();
    private int _openConnections;
    private int _mostConnections;
    private long _requests;

    /// <summary>Connections that are open now.</summary>
    public int OpenConnections { get { lock (_lock) return _openConnections; } }

    /// <summary>The most connections that were ever open at once.</summary>
    public int MostConnections { get { lock (_lock) return _mostConnections; } }

    /// <summary>Requests that ever came, failed ones included.</summary>
    public long Requests { get { lock (_lock) return _requests; } }

    public void ConnectionOpened()
    {
        lock (_lock)
            _mostConnections = Math.Max(_mostConnections, ++_openConnections);
    }

    public void ConnectionClosed()
    {
        lock (_lock)
            _openConnections--;
    }

    public void RequestCame()
    {
        lock (_lock)
            _requests++;
    }
}
