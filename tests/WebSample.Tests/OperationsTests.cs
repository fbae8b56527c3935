using System.Diagnostics;
using System.Net;
using System.Text.Json;
using System.Text.RegularExpressions;
using BoundedCache;
using BoundedCache.Tests.Support;
using Microsoft.Extensions.DependencyInjection;

namespace WebSample.Tests;

/// <summary>
/// What the sample offers to those who operate it. Alone, for an exporter collects what every meter of its process reports,
/// also those of other tests' shops.
/// </summary>
[Collection(nameof(RunsAlone))]
public sealed partial class OperationsTests
{
    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    private static (string, string) NoDelay => ("Upstream:Delay", "00:00:00");

    [Fact]
    public async Task HealthIsThatOfTheCachesToo()
    {
        await using var shop = RunningShop.Open(NoDelay);
        using var visitor = shop.Enter();

        var health = await visitor.ReadAsync("/health", Cancelled);

        Assert.Equal((HttpStatusCode.OK, "Healthy"), (health.Status, health.Html));
    }

    [Fact]
    public async Task MetricsAreThoseOfEachCache()
    {
        await using var shop = RunningShop.Open(NoDelay);
        using var visitor = shop.Enter();
        await visitor.ReadAsync("/kitchen/products/3", Cancelled);

        var metrics = (await visitor.ReadAsync("/metrics", Cancelled)).Html;

        foreach (var cache in new[] { "default", "sessions" })
        {
            Assert.Matches($"bounded_cache_requests_total{{.*bounded_cache_name=\"{cache}\".*bounded_cache_request_result=\"miss\".*}} [1-9]", metrics);
            Assert.Matches($"bounded_cache_size_limit_bytes{{.*bounded_cache_name=\"{cache}\".*}} [1-9]", metrics);
        }
    }

    [Fact]
    public async Task VisitorsWhoAreLetInAreSeenInTheCache()
    {
        await using var shop = RunningShop.Open(NoDelay);
        using var visitor = shop.Enter();

        Assert.Contains("Visitors stroll", (await visitor.LetVisitorsInAsync(Cancelled)).Html);

        await Eventually.IsTrueAsync(() => shop.ShareOf("kitchen").Hits > 0 && shop.ShareOf("study").Evictions > 0, Cancelled);
    }

    [Theory]
    [InlineData("Development", HttpStatusCode.OK)]
    [InlineData("Production", HttpStatusCode.Forbidden)]
    public async Task ThePageAboutTheCachesIsOpenInDevelopmentOnly(string environment, HttpStatusCode expected)
    {
        await using var shop = RunningShop.Open(("environment", environment));
        using var visitor = shop.Enter();

        Assert.Equal(expected, (await visitor.ReadAsync("/cache", Cancelled)).Status);
    }

    [Fact, Trait("Run", "full")]
    public async Task PromtoolFindsNothingWrongWithTheMetrics()
    {
        await using var shop = RunningShop.Open(NoDelay, ("Cache:SweepInterval", "00:00:00.050"));
        using var visitor = shop.Enter();
        await visitor.LetVisitorsInAsync(Cancelled);
        await Eventually.IsTrueAsync(() => shop.ShareOf("study").Evictions > 0, Cancelled);
        var metrics = await MetricsOnceSweptAsync(visitor);

        // The runtime's own families fail the check.
        var ours = string.Join('\n', metrics.Split('\n').Where(line => OursOrItsComment().IsMatch(line))) + "\n";
        Assert.Contains("# TYPE bounded_cache_evictions_total counter", ours);
        using var promtool = Start("promtool", "check", "metrics");
        await promtool.StandardInput.WriteAsync(ours);
        promtool.StandardInput.Close();
        var told = await promtool.StandardOutput.ReadToEndAsync(Cancelled) + await promtool.StandardError.ReadToEndAsync(Cancelled);
        await promtool.WaitForExitAsync(Cancelled);

        Assert.Equal((0, ""), (promtool.ExitCode, told));
    }

    [Fact]
    public async Task AlertRulesAndDashboardNameMetricsThatThereAre()
    {
        // The age of what is evicted is told from 257 entries on.
        // The Redis of a cache beside the shop's need not answer for its instruments to be there.
        await using var shop = RunningShop.OpenWith(
            services => services.AddKeyedBoundedCacheRedisTier("beside", "127.0.0.1:1"),
            NoDelay,
            ("Cache:SweepInterval", "00:00:00.050"),
            ("Cache:MaxEntries", "300"));
        using var visitor = shop.Enter();
        var cache = shop.Services.GetRequiredService<BoundedDistributedCache>();
        for (var entry = 0; entry < 600; entry++)
            cache.Set($"entry{entry}", [1], new());

        // After those, or they would evict the tenant's entries, and there would be no tenant to tell of.
        await visitor.ReadAsync("/kitchen/products/3", Cancelled);
        var metrics = await MetricsOnceSweptAsync(visitor);

        var named = new[] { "prometheus-alerts.yml", "grafana-dashboard.json" }
            .SelectMany(file => MetricName().Matches(File.ReadAllText(RepositoryFolder.Docs(file))))
            .Select(match => match.Value)
            .Except(["bounded_cache_name", "bounded_cache_tenant", "bounded_cache_request_result", "bounded_cache_eviction_reason", "bounded_cache_redis_operation", "bounded_cache_redis_outcome"]) // Labels.
            .ToList();

        Assert.NotEmpty(named);
        Assert.All(named, name => Assert.Matches($"(?m)^{name}[{{ ]", metrics));
    }

    [Fact, Trait("Run", "full")]
    public async Task PromtoolFindsNothingWrongWithTheAlertRules()
    {
        using var promtool = Start("promtool", "check", "rules", RepositoryFolder.Docs("prometheus-alerts.yml"));
        var told = await promtool.StandardOutput.ReadToEndAsync(Cancelled) + await promtool.StandardError.ReadToEndAsync(Cancelled);
        await promtool.WaitForExitAsync(Cancelled);

        Assert.True(promtool.ExitCode == 0, told);
    }

    [Fact, Trait("Run", "full")]
    public async Task PrometheusScrapesTheMetrics()
    {
        await using var shop = RunningShop.Open(NoDelay);
        using var visitor = shop.Enter();
        await visitor.LetVisitorsInAsync(Cancelled);
        var folder = Directory.CreateTempSubdirectory("prometheus");
        var port = FreePort();
        await File.WriteAllTextAsync(
            Path.Combine(folder.FullName, "prometheus.yml"),
            $"""
            global: {"{"} scrape_interval: 1s {"}"}
            scrape_configs:
              - job_name: shop
                static_configs: [{"{"} targets: ['{visitor.Http.BaseAddress!.Authority}'] {"}"}]
            """,
            Cancelled);
        using var prometheus = Start(
            "prometheus", $"--config.file={folder.FullName}/prometheus.yml", $"--storage.tsdb.path={folder.FullName}/data", $"--web.listen-address=127.0.0.1:{port}");
        _ = prometheus.StandardError.ReadToEndAsync(CancellationToken.None); // Lest it waits for somebody to read.
        using var http = new HttpClient { BaseAddress = new Uri($"http://127.0.0.1:{port}") };

        try
        {
            await Eventually.IsTrueAsync(
                async () => await AskAsync(http, "sum(bounded_cache_requests_total{bounded_cache_name=\"default\",bounded_cache_request_result=\"hit\"})") > 0, Cancelled);
            Assert.Equal(1, await AskAsync(http, "min(up)"));
            Assert.Equal(120, await AskAsync(http, "max(bounded_cache_entries_limit{bounded_cache_name=\"default\"})"));
        }
        finally
        {
            prometheus.Kill();
            await prometheus.WaitForExitAsync(CancellationToken.None);
            folder.Delete(recursive: true);
        }
    }

    private static async Task<string> MetricsOnceSweptAsync(Visitor visitor)
    {
        var metrics = "";
        await Eventually.IsTrueAsync(
            async () =>
            {
                metrics = (await visitor.ReadAsync("/metrics", Cancelled)).Html;
                return metrics.Contains("bounded_cache_sweep_duration", StringComparison.Ordinal);
            },
            Cancelled,
            "a sweep in the metrics");
        return metrics;
    }

    private static async Task<double> AskAsync(HttpClient prometheus, string query)
    {
        try
        {
            using var answer = JsonDocument.Parse(await prometheus.GetStringAsync(
                new Uri($"/api/v1/query?query={Uri.EscapeDataString(query)}", UriKind.Relative), Cancelled));
            var result = answer.RootElement.GetProperty("data").GetProperty("result");
            return result.GetArrayLength() == 0 ? 0 : double.Parse(result[0].GetProperty("value")[1].GetString()!);
        }
        catch (HttpRequestException)
        {
            return 0; // It does not listen yet.
        }
    }

    private static Process Start(string program, params string[] arguments)
    {
        try
        {
            return Process.Start(new ProcessStartInfo(program, arguments)
            {
                RedirectStandardInput = true,
                RedirectStandardOutput = true,
                RedirectStandardError = true,
            })!;
        }
        catch (System.ComponentModel.Win32Exception exception)
        {
            throw new InvalidOperationException($"'{program}' is needed and was not found. Install Prometheus (apt-get install prometheus).", exception);
        }
    }

    private static int FreePort()
    {
        using var listener = new System.Net.Sockets.TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }

    [GeneratedRegex("bounded_cache_[a-z_]+")]
    private static partial Regex MetricName();

    [GeneratedRegex("^(# [A-Z]+ )?bounded_cache_")]
    private static partial Regex OursOrItsComment();
}
