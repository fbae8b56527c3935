using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using BoundedCache.Benchmarks.Measuring;

namespace BoundedCache.Benchmarks.Others;

/// <summary>A Redis of its own on the loopback, without persistence, for as long as it is measured.</summary>
internal sealed class RedisServer : IDisposable
{
    private static readonly TimeSpan MostToStart = TimeSpan.FromSeconds(60);

    private readonly Process _process;

    private RedisServer(Process process, int port) => (_process, Configuration) = (process, $"127.0.0.1:{port},abortConnect=false,connectTimeout=10000,syncTimeout=30000");

    public string Configuration { get; }

    /// <exception cref="RefusedException">No <c>redis-server</c> is installed.</exception>
    public static RedisServer Start() =>
        TryStart() ?? throw new RefusedException("it needs 'redis-server', which was not found. Install it (apt-get install redis-server).");

    /// <returns><see langword="null"/> where no <c>redis-server</c> is installed.</returns>
    public static RedisServer? TryStart()
    {
        int port = FreePort();
        ProcessStartInfo start = new("redis-server") { RedirectStandardOutput = true };
        foreach (string argument in new[] { "--port", $"{port}", "--bind", "127.0.0.1", "--save", "", "--appendonly", "no", "--loglevel", "warning" })
        {
            start.ArgumentList.Add(argument);
        }

        try
        {
            if (Process.Start(start) is not { } process)
            {
                return null;
            }

            WaitFor(port, process);
            return new RedisServer(process, port);
        }
        catch (System.ComponentModel.Win32Exception)
        {
            return null;
        }
    }

    public void Dispose()
    {
        _process.Kill();
        _process.WaitForExit();
        _process.Dispose();
    }

    /// <summary>On a busy machine a server takes longer to be there than its clients wait.</summary>
    private static void WaitFor(int port, Process process)
    {
        long begin = Stopwatch.GetTimestamp();
        while (!process.HasExited && Stopwatch.GetElapsedTime(begin) < MostToStart)
        {
            try
            {
                using TcpClient client = new();
                client.Connect(IPAddress.Loopback, port);
                return;
            }
            catch (SocketException)
            {
                Thread.Sleep(50);
            }
        }
    }

    private static int FreePort()
    {
        using TcpListener listener = new(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }
}
