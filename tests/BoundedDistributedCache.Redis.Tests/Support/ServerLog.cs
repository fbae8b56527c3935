using System.Net;
using System.Net.Sockets;

namespace BoundedCache.Redis.Tests;

/// <summary>What the server runs from now on, as its <c>MONITOR</c> tells it.</summary>
internal sealed class ServerLog : IAsyncDisposable
{
    private readonly TcpClient _client = new() { NoDelay = true };
    private readonly List<string> _lines = [];
    private Task _reading = Task.CompletedTask;

    public static async Task<ServerLog> OpenAsync(RedisServer server, CancellationToken token)
    {
        var log = new ServerLog();
        await log._client.ConnectAsync(IPAddress.Loopback, server.Port, token);
        await log._client.GetStream().WriteAsync("MONITOR\r\n"u8.ToArray(), token);
        log._reading = log.ReadAsync();
        await Eventually.IsTrueAsync(() => log.Lines.Contains("+OK"), token);
        return log;
    }

    public IReadOnlyList<string> Lines
    {
        get
        {
            lock (_lines)
                return [.. _lines];
        }
    }

    public async ValueTask DisposeAsync()
    {
        _client.Dispose();
        await _reading;
    }

    private async Task ReadAsync()
    {
        using var reader = new StreamReader(_client.GetStream());
        try
        {
            while (await reader.ReadLineAsync() is { } line)
            {
                lock (_lines)
                    _lines.Add(line);
            }
        }
        catch (Exception exception) when (exception is IOException or ObjectDisposedException)
        {
        }
    }
}
