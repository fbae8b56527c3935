using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;
using BoundedCache.Tests.Support;

namespace WebSample.Tests;

/// <summary><c>run.sh --redis</c>, as a user in a terminal has it.</summary>
public sealed class RunScriptTests
{
    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    [Fact]
    public async Task AnAddressWhereNobodyListensIsToldBeforeAnythingIsBuilt()
    {
        await using var script = Script.Start(FreePorts(), "--redis", $"127.0.0.1:{RedisServer.FreePort()},connectRetry=1");

        Assert.Equal(1, await script.EndAsync(Cancelled));
        Assert.Contains("Nobody listens at 127.0.0.1:", script.Told);
        Assert.DoesNotContain("building", script.Told);
    }

    [Fact]
    public async Task ATakenPortIsToldBeforeAnythingIsBuilt()
    {
        var port = FreePorts();
        using var taken = new TcpListener(IPAddress.Loopback, port + 1);
        taken.Start();
        await using var script = Script.Start(port, "--redis");

        Assert.Equal(1, await script.EndAsync(Cancelled));
        Assert.Contains($"Port {port + 1} is taken.", script.Told);
        Assert.DoesNotContain("building", script.Told);
    }

    [Fact, Trait("Run", "full")]
    public async Task WhatEndsIsToldTheRestGoesOnAndTheInterruptEndsIt()
    {
        var port = FreePorts();
        await using var script = Script.Start(port, "--redis");
        await script.TellsAsync($"open at http://localhost:{port} ", Cancelled);
        await script.TellsAsync($"open at http://localhost:{port + 1} ", Cancelled);
        var processes = script.Children;
        using var visitor = new Visitor(new HttpClient { BaseAddress = new Uri($"http://localhost:{port + 1}") });
        Assert.Equal(3, processes.Count);
        Assert.Equal(HttpStatusCode.OK, (await visitor.ReadAsync("/kitchen", Cancelled)).Status);

        Kill(processes.Single(process => process.Command.Contains($"localhost:{port} ", StringComparison.Ordinal)).Id);
        await script.TellsAsync("A node has ended", Cancelled);
        Assert.Equal(HttpStatusCode.OK, (await visitor.ReadAsync("/kitchen", Cancelled)).Status);
        Kill(processes.Single(process => process.Command.StartsWith("redis-server", StringComparison.Ordinal)).Id);
        await script.TellsAsync("redis-server has ended", Cancelled);
        Assert.Equal(HttpStatusCode.OK, (await visitor.ReadAsync("/kitchen", Cancelled)).Status);

        script.Interrupt();

        await script.EndAsync(Cancelled);
        Assert.All(processes, process => Assert.False(Directory.Exists($"/proc/{process.Id}")));
    }

    private static void Kill(int id)
    {
        using var process = Process.GetProcessById(id);
        process.Kill();
    }

    /// <summary>The first of two; not of those that outgoing connections are given, nor of those that the script takes.</summary>
    private static int FreePorts()
    {
        while (true)
        {
            var port = Random.Shared.Next(10_000, 20_000);
            try
            {
                using var first = new TcpListener(IPAddress.Loopback, port);
                using var second = new TcpListener(IPAddress.Loopback, port + 1);
                first.Start();
                second.Start();
                return port;
            }
            catch (SocketException)
            {
            }
        }
    }

    private sealed class Script : IAsyncDisposable
    {
        private static readonly TimeSpan _patience = TimeSpan.FromMinutes(5); // it may have to build

        private readonly StringBuilder _told = new();
        private readonly Process _process;

        private Script(Process process)
        {
            _process = process;
            _process.OutputDataReceived += Take;
            _process.ErrorDataReceived += Take;
            _process.BeginOutputReadLine();
            _process.BeginErrorReadLine();
        }

        public string Told
        {
            get
            {
                lock (_told)
                    return _told.ToString();
            }
        }

        /// <summary>What it has started and what still runs.</summary>
        public IReadOnlyList<(int Id, string Command)> Children =>
        [
            .. File.ReadAllText($"/proc/{_process.Id}/task/{_process.Id}/children").Split(' ', StringSplitOptions.RemoveEmptyEntries)
                .Select(id => (int.Parse(id, CultureInfo.InvariantCulture), File.ReadAllText($"/proc/{id}/cmdline").Replace('\0', ' '))),
        ];

        // It leads a group of processes, and heeds the interrupt, as what a shell starts does; these tests may not.
        public static Script Start(int port, params string[] arguments) => new(Process.Start(new ProcessStartInfo("setsid", ["env", "--default-signal=INT", "./run.sh", .. arguments])
        {
            WorkingDirectory = RepositoryFolder.Path,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            Environment = { ["PORT"] = $"{port}", ["MSBUILDDISABLENODEREUSE"] = "1", ["UseSharedCompilation"] = "false" },
        })!);

        public async Task TellsAsync(string text, CancellationToken token)
        {
            using var limit = CancellationTokenSource.CreateLinkedTokenSource(token);
            limit.CancelAfter(_patience);
            while (!Told.Contains(text, StringComparison.Ordinal))
            {
                Assert.False(_process.HasExited || limit.IsCancellationRequested, $"It never told '{text}', but:\n{Told}");
                await Task.Delay(20, token);
            }
        }

        public async Task<int> EndAsync(CancellationToken token)
        {
            using var limit = CancellationTokenSource.CreateLinkedTokenSource(token);
            limit.CancelAfter(_patience);
            await _process.WaitForExitAsync(limit.Token);
            return _process.ExitCode;
        }

        /// <summary>What Ctrl-C does.</summary>
        public void Interrupt()
        {
            using var kill = Process.Start("kill", ["-INT", "--", $"-{_process.Id}"]);
            kill.WaitForExit();
            Assert.Equal(0, kill.ExitCode);
        }

        public async ValueTask DisposeAsync()
        {
            if (!_process.HasExited)
            {
                _process.Kill(entireProcessTree: true);
                await _process.WaitForExitAsync(CancellationToken.None);
            }

            _process.Dispose();
        }

        private void Take(object sender, DataReceivedEventArgs line)
        {
            lock (_told)
                _told.AppendLine(line.Data);
        }
    }
}
