using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using StackExchange.Redis;

namespace BoundedCache.Redis.Tests;

/// <summary>A real redis-server of the test's own, on a free loopback port.</summary>
internal sealed class RedisServer : IAsyncDisposable
{
    private static readonly TimeSpan _patience = TimeSpan.FromSeconds(20);

    private readonly string _directory = Directory.CreateTempSubdirectory("bounded-cache-redis-").FullName;
    private readonly string[] _arguments;
    private Process? _process;

    private RedisServer(int port, string[] arguments)
    {
        Port = port;
        _arguments = arguments;
    }

    public int Port { get; }

    public string Address => $"127.0.0.1:{Port}";

    public static async Task<RedisServer> StartAsync(params string[] arguments)
    {
        var server = new RedisServer(FreePort(), arguments);
        await server.StartAsync();
        return server;
    }

    /// <summary>Nothing is lost that was acknowledged, not even by a kill.</summary>
    public static Task<RedisServer> StartDurableAsync(params string[] arguments) =>
        StartAsync(["--appendonly", "yes", "--appendfsync", "always", .. arguments]);

    /// <summary>Starts it, anew after a kill, with what it had written.</summary>
    public async Task StartAsync()
    {
        Start();
        await AnswersAsync("PONG");
    }

    /// <summary>Starts it anew with what it had saved, which it is loading until <see cref="LoadAtOnceAsync"/>.</summary>
    public async Task StartLoadingAsync()
    {
        Start("--key-load-delay", "3000", "--loading-process-events-interval-bytes", "1024");
        await AnswersAsync("LOADING");
    }

    public Task LoadAtOnceAsync() => CliAsync("CONFIG", "SET", "key-load-delay", "0");

    public void Kill()
    {
        _process!.Kill();
        _process.WaitForExit();
    }

    /// <summary>Stops it without ending it: connections stay, and nothing is answered.</summary>
    public void Pause() => Signal("-STOP");

    public void Continue() => Signal("-CONT");

    public async Task<string> CliAsync(params string[] arguments)
    {
        using var process = Process.Start(new ProcessStartInfo("redis-cli", ["-h", "127.0.0.1", "-p", $"{Port}", .. arguments])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        })!;
        var output = await process.StandardOutput.ReadToEndAsync();
        await process.WaitForExitAsync();
        return output.Trim();
    }

    public async Task<ConnectionMultiplexer> ConnectAsync() => await ConnectionMultiplexer.ConnectAsync($"{Address},allowAdmin=true");

    public async ValueTask DisposeAsync()
    {
        if (_process is { HasExited: false } process)
        {
            process.Kill();
            await process.WaitForExitAsync();
        }

        _process?.Dispose();
        Directory.Delete(_directory, recursive: true);
    }

    internal static int FreePort()
    {
        // In a cluster, servers talk on the port that is 10,000 higher.
        while (true)
        {
            using var listener = new TcpListener(IPAddress.Loopback, 0);
            listener.Start();
            var port = ((IPEndPoint)listener.LocalEndpoint).Port;
            if (port < 55_000)
                return port;
        }
    }

    private void Start(params string[] more)
    {
        _process = Process.Start(new ProcessStartInfo(
            "redis-server",
            ["--port", $"{Port}", "--bind", "127.0.0.1", "--save", "", "--dir", _directory, "--daemonize", "no", .. _arguments, .. more])
        {
            RedirectStandardOutput = true,
        })!;
        _process.OutputDataReceived += static (_, _) => { };
        _process.BeginOutputReadLine();
    }

    private async Task AnswersAsync(string beginning)
    {
        using var limit = new CancellationTokenSource(_patience);
        while (!(await CliAsync("PING")).StartsWith(beginning, StringComparison.Ordinal))
        {
            Assert.False(limit.IsCancellationRequested || _process!.HasExited, "redis-server does not answer.");
            await Task.Delay(10, limit.Token);
        }
    }

    private void Signal(string signal)
    {
        using var kill = Process.Start("kill", [signal, $"{_process!.Id}"]);
        kill.WaitForExit();
        Assert.Equal(0, kill.ExitCode);
    }
}
