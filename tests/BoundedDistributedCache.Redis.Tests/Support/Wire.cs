using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using System.Threading.Channels;

namespace BoundedCache.Redis.Tests;

/// <summary>
/// Stands between a node and its server, and holds answers back, or cuts connections, when a test says so. Connections that
/// subscribe are told apart: their messages go through.
/// </summary>
internal sealed class Wire : IAsyncDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly int _serverPort;
    private readonly ConcurrentDictionary<Connection, bool> _connections = new();
    private readonly List<byte> _heldBytes = [];
    private readonly Task _accepting;
    private volatile TaskCompletionSource? _held;
    private volatile TaskCompletionSource? _heldMessages;
    private volatile byte[]? _holdFrom;
    private volatile bool _isRefusing;

    public Wire(int serverPort)
    {
        _serverPort = serverPort;
        _listener.Start();
        _accepting = AcceptAsync();
    }

    public string Address => $"127.0.0.1:{((IPEndPoint)_listener.LocalEndpoint).Port}";

    /// <summary>What the server answers from now on stays here, but for messages.</summary>
    public void HoldAnswers() => _held = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>The same from the next command of that name on.</summary>
    public void HoldAnswersFrom(string command) => _holdFrom = Text.Bytes(command);

    /// <summary>Whether the server has said this, and it stays here, or did.</summary>
    public bool HasHeld(string text)
    {
        lock (_heldBytes)
            return CollectionsMarshal.AsSpan(_heldBytes).IndexOf(Text.Bytes(text)) >= 0;
    }

    public void ReleaseAnswers() => Interlocked.Exchange(ref _held, null)?.SetResult();

    /// <summary>Messages from now on stay here.</summary>
    public void HoldMessages() => _heldMessages = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);

    public void ReleaseMessages() => Interlocked.Exchange(ref _heldMessages, null)?.SetResult();

    /// <summary>Cuts every connection, and lets new ones in only if told so.</summary>
    public void Cut(bool andRefuse = false)
    {
        _isRefusing = andRefuse;
        foreach (var connection in _connections.Keys)
            connection.Close();
    }

    /// <summary>Cuts the connections that subscribe.</summary>
    public void CutSubscriptions()
    {
        foreach (var connection in _connections.Keys.Where(connection => connection.IsSubscription))
            connection.Close();
    }

    public void Accept() => _isRefusing = false;

    public async ValueTask DisposeAsync()
    {
        _listener.Dispose();
        Cut(andRefuse: true);
        ReleaseAnswers();
        ReleaseMessages();
        await _accepting;
    }

    private async Task AcceptAsync()
    {
        while (true)
        {
            TcpClient client;
            try
            {
                client = await _listener.AcceptTcpClientAsync();
            }
            catch (Exception exception) when (exception is SocketException or ObjectDisposedException)
            {
                return;
            }

            _ = RunAsync(client);
        }
    }

    private async Task RunAsync(TcpClient client)
    {
        client.NoDelay = true;
        var connection = new Connection(client, new TcpClient { NoDelay = true });
        try
        {
            if (_isRefusing)
                return;
            await connection.Server.ConnectAsync(IPAddress.Loopback, _serverPort);
            _connections.TryAdd(connection, true);
            var both = new[] { UpAsync(connection), DownAsync(connection) };
            await Task.WhenAny(both);
            connection.Close();
            await Task.WhenAll(both);
        }
        catch (Exception exception) when (exception is IOException or SocketException or ObjectDisposedException or InvalidOperationException)
        {
        }
        finally
        {
            connection.Close();
            _connections.TryRemove(connection, out _);
        }
    }

    private async Task UpAsync(Connection connection)
    {
        var buffer = new byte[64 * 1024];
        int read;
        while ((read = await connection.Client.GetStream().ReadAsync(buffer)) > 0)
        {
            connection.IsSubscription |= buffer.AsSpan(0, read).IndexOf("SUBSCRIBE"u8) >= 0;
            if (_holdFrom is { } command && buffer.AsSpan(0, read).IndexOf(command) >= 0)
            {
                _holdFrom = null;
                HoldAnswers();
            }

            await connection.Server.GetStream().WriteAsync(buffer.AsMemory(0, read));
        }
    }

    // What comes is taken in all the while, so that what is held can be looked at; it is passed on in order.
    private async Task DownAsync(Connection connection)
    {
        var chunks = Channel.CreateUnbounded<(byte[] Bytes, Task Released)>();
        var passing = PassOnAsync(connection, chunks.Reader);
        try
        {
            var buffer = new byte[64 * 1024];
            int read;
            while ((read = await connection.Server.GetStream().ReadAsync(buffer)) > 0)
            {
                var bytes = buffer[..read];
                var held = connection.IsSubscription ? _heldMessages : _held;
                if (held is not null)
                {
                    lock (_heldBytes)
                        _heldBytes.AddRange(bytes);
                }

                chunks.Writer.TryWrite((bytes, held?.Task ?? Task.CompletedTask));
            }
        }
        finally
        {
            chunks.Writer.Complete();
        }

        await passing;
    }

    private static async Task PassOnAsync(Connection connection, ChannelReader<(byte[] Bytes, Task Released)> chunks)
    {
        await foreach (var (bytes, released) in chunks.ReadAllAsync())
        {
            await released;
            await connection.Client.GetStream().WriteAsync(bytes);
        }
    }

    private sealed class Connection(TcpClient client, TcpClient server)
    {
        public TcpClient Client => client;

        public TcpClient Server => server;

        public bool IsSubscription { get; set; }

        public void Close()
        {
            client.Dispose();
            server.Dispose();
        }
    }
}
