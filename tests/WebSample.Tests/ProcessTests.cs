using System.Diagnostics;
using System.Net;
using System.Text.RegularExpressions;
using BoundedCache.Tests.Support;

namespace WebSample.Tests;

public sealed partial class ProcessTests
{
    [Fact]
    public async Task StartsByItselfAndSaysWhereItListens()
    {
        using var process = Process.Start(new ProcessStartInfo("dotnet")
        {
            ArgumentList =
            {
                typeof(Program).Assembly.Location,
                "--urls", "http://127.0.0.1:0",
                "--contentRoot", Path.Combine(RepositoryFolder.Path, "samples", "WebSample"),
            },
            RedirectStandardOutput = true,
        })!;
        try
        {
            var cancelled = TestContext.Current.CancellationToken;
            string? line;
            do
            {
                line = await process.StandardOutput.ReadLineAsync(cancelled);
                Assert.True(line is not null, "The process ended before it said where it listens.");
            }
            while (!line.StartsWith("The shop is open", StringComparison.Ordinal));

            using var visitor = new Visitor(new HttpClient { BaseAddress = new Uri(Address().Match(line).Value) });
            Assert.Equal("upstream", (await visitor.ReadAsync("/kitchen/products/3", cancelled)).Origin);
            Assert.Equal("cache", (await visitor.ReadAsync("/kitchen/products/3", cancelled)).Origin);
            Assert.Equal(HttpStatusCode.OK, (await visitor.ReadAsync("/shop.css", cancelled)).Status);
        }
        finally
        {
            process.Kill();
            await process.WaitForExitAsync(CancellationToken.None);
        }
    }

    [GeneratedRegex("http://[^ ]+")]
    private static partial Regex Address();
}
