using System.Net;
using System.Text.Json;
using BoundedCache.AspNetCore.Dashboard;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.Caching.Distributed;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Time.Testing;

namespace BoundedCache.AspNetCore.Tests.Dashboard;

/// <summary>The stream of server-sent events, over a real socket.</summary>
public sealed class DashboardEventsTests
{
    // Milliseconds after which what did not come won't come.
    private const int Patience = 60_000;

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    [Fact(Timeout = Patience)]
    public async Task FiguresFollowOneAnother()
    {
        await using var site = await OpenAsync();
        using var listener = await Listener.JoinAsync(site);

        var first = await listener.NextAsync();
        site.Services.GetRequiredService<BoundedDistributedCache>().Set("key", [1]);

        Assert.Equal(0, EntriesIn(first));
        while (EntriesIn(await listener.NextAsync()) == 0)
        {
            // The sample that was under way when the entry was set.
        }
    }

    [Fact(Timeout = Patience)]
    public async Task AsManyListenAsMayAndTheNextIsToldSo()
    {
        await using var site = await OpenAsync();
        var listeners = new List<Listener>();
        for (var joined = 0; joined < DashboardSampler.MaxListeners; joined++)
            listeners.Add(await Listener.JoinAsync(site));

        using var refused = await site.AskAsync("/cache/events");
        Assert.Equal(HttpStatusCode.ServiceUnavailable, refused.StatusCode);
        Assert.NotNull(refused.Headers.RetryAfter);
        Assert.Contains($"{DashboardSampler.MaxListeners} clients", await refused.Content.ReadAsStringAsync(Cancelled));
        using var statistics = await site.AskAsync("/cache/statistics");
        Assert.Equal(HttpStatusCode.OK, statistics.StatusCode);

        listeners[0].Dispose();
        HttpStatusCode status;
        do
        {
            using var response = await site.AskAsync("/cache/events");
            status = response.StatusCode;
        }
        while (status == HttpStatusCode.ServiceUnavailable); // Until the server has noticed who left.

        Assert.Equal(HttpStatusCode.OK, status);
        listeners.ForEach(listener => listener.Dispose());
    }

    [Fact(Timeout = Patience)]
    public async Task StreamsEndWhenTheHostStops()
    {
        await using var site = await OpenAsync();
        using var listener = await Listener.JoinAsync(site);
        await listener.NextAsync();

        await site.StopAsync();

        while (await listener.NextAsync() is not null)
        {
            // What was on its way.
        }
    }

    [Fact(Timeout = Patience)]
    public async Task AStreamEndsAfterAWhileSoThatTheRightToLookIsJudgedAnew()
    {
        var clock = new FakeTimeProvider();
        await using var site = await Site.OpenAsync(
            app => app.MapBoundedCacheDashboard("/cache"), services => services.AddSingleton<TimeProvider>(clock), "Development");
        using var listener = await Listener.JoinAsync(site);
        await listener.NextAsync();

        clock.Advance(DashboardEndpoints.LongestStream);

        string? last = null;
        while (await listener.NextAsync() is { } next)
            last = next;
        Assert.Equal("over", last);
    }

    [Fact(Timeout = Patience)]
    public async Task AStreamWhoseTimeIsUpDuringAWriteEndsAfterIt()
    {
        var clock = new FakeTimeProvider();
        await using var site = await Site.OpenAsync(
            app =>
            {
                app.Use((context, next) =>
                {
                    context.Response.Body = new BodyThatTakesLong(context.Response.Body, cancelled =>
                    {
                        clock.Advance(DashboardEndpoints.LongestStream);

                        // As Kestrel does.
                        if (cancelled.IsCancellationRequested)
                            context.Abort();
                    });
                    return next(context);
                });
                app.MapBoundedCacheDashboard("/cache");
            },
            services => services.AddSingleton<TimeProvider>(clock),
            "Development");

        using var listener = await Listener.JoinAsync(site);
        var events = new List<string>();
        while (await listener.NextAsync() is { } next)
            events.Add(next);

        Assert.Equal(2, events.Count);
        Assert.Equal(0, EntriesIn(events[0]));
        Assert.Equal("over", events[1]);
    }

    private static Task<Site> OpenAsync() => Site.OpenAsync(app => app.MapBoundedCacheDashboard("/cache"), environment: "Development");

    private static int EntriesIn(string? sample)
    {
        using var json = JsonDocument.Parse(sample!);
        return json.RootElement.GetProperty("caches")[0].GetProperty("statistics").GetProperty("entries").GetInt32();
    }

    private sealed class Listener(HttpResponseMessage response, StreamReader reader) : IDisposable
    {
        public static async Task<Listener> JoinAsync(Site site)
        {
            var response = await site.AskAsync("/cache/events");
            Assert.Equal("text/event-stream", response.Content.Headers.ContentType?.ToString());
            return new Listener(response, new StreamReader(await response.Content.ReadAsStreamAsync(Cancelled)));
        }

        /// <summary>The data of the next event; null at the end of the stream.</summary>
        public async Task<string?> NextAsync()
        {
            while (await reader.ReadLineAsync(Cancelled) is { } line)
            {
                if (line.StartsWith("data: ", StringComparison.Ordinal))
                    return line["data: ".Length..];
            }

            return null;
        }

        public void Dispose()
        {
            reader.Dispose();
            response.Dispose();
        }
    }

    /// <summary>A response whose first flush is told of while it is under way.</summary>
    private sealed class BodyThatTakesLong(Stream body, Action<CancellationToken> meanwhile) : Stream
    {
        private bool _tookLong;

        public override bool CanRead => false;

        public override bool CanSeek => false;

        public override bool CanWrite => true;

        public override long Length => throw new NotSupportedException();

        public override long Position
        {
            get => throw new NotSupportedException();
            set => throw new NotSupportedException();
        }

        public override async Task FlushAsync(CancellationToken cancellationToken)
        {
            if (!_tookLong)
            {
                _tookLong = true;
                meanwhile(cancellationToken);
            }

            await body.FlushAsync(cancellationToken);
        }

        public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default) =>
            body.WriteAsync(buffer, cancellationToken);

        public override Task WriteAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
            body.WriteAsync(buffer, offset, count, cancellationToken);

        public override void Flush() => body.Flush();

        public override void Write(byte[] buffer, int offset, int count) => body.Write(buffer, offset, count);

        public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();
    }
}
