using BoundedCache.AspNetCore.Dashboard;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Testing;
using Microsoft.Extensions.Time.Testing;

namespace BoundedCache.AspNetCore.Tests.Dashboard;

public sealed class DashboardSamplerTests
{
    private readonly FakeTimeProvider _clock = new();
    private readonly FakeLogger _logger = new();
    private int _taken;

    // Milliseconds after which what did not come won't come.
    private const int Patience = 60_000;

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    [Fact]
    public void NothingIsTakenWhileNobodyListens()
    {
        var sampler = NewSampler();

        _clock.Advance(TimeSpan.FromMinutes(1));

        Assert.False(sampler.IsRunning);
        Assert.Equal(0, _taken);
    }

    [Fact(Timeout = Patience)]
    public async Task AllWhoListenShareOneSample()
    {
        var sampler = NewSampler();
        using var first = sampler.TryListen()!;
        Assert.Equal([1], await first.Samples.ReadAsync(Cancelled));

        using var second = sampler.TryListen()!;
        Assert.Equal([1], await second.Samples.ReadAsync(Cancelled)); // At once, what the others have.
        Assert.Equal([1], sampler.TakeOrReuse());

        await PassAsync(first);
        Assert.NotEqual([1], await first.Samples.ReadAsync(Cancelled));
        Assert.NotEqual([1], await second.Samples.ReadAsync(Cancelled));
    }

    [Fact(Timeout = Patience)]
    public async Task SamplingEndsWithTheLastListenerAndBeginsAnewWithTheNext()
    {
        var sampler = NewSampler();
        var first = sampler.TryListen()!;
        var second = sampler.TryListen()!;
        await first.Samples.ReadAsync(Cancelled);

        first.Dispose();
        Assert.True(sampler.IsRunning);
        second.Dispose();
        second.Dispose();
        Assert.False(sampler.IsRunning);
        var taken = _taken;
        _clock.Advance(TimeSpan.FromMinutes(1));
        Assert.Equal(taken, _taken);

        using var third = sampler.TryListen()!;
        Assert.Equal([(byte)(taken + 1)], await third.Samples.ReadAsync(Cancelled));
    }

    [Fact(Timeout = Patience)]
    public async Task WhoDoesNotKeepUpGetsTheNewest()
    {
        var sampler = NewSampler();
        using var quick = sampler.TryListen()!;
        using var slow = sampler.TryListen()!;
        for (var sample = 1; sample < 5; sample++)
        {
            await quick.Samples.ReadAsync(Cancelled);
            await PassAsync(quick);
        }

        Assert.Equal(1, slow.Samples.Count);
        Assert.InRange((await slow.Samples.ReadAsync(Cancelled))[0], 5, byte.MaxValue);
    }

    [Fact(Timeout = Patience)]
    public async Task AFailureEndsTheStreamsIsToldAndDoesNotLast()
    {
        var fails = true;
        var sampler = new DashboardSampler(() => fails ? throw new InvalidOperationException("Broken.") : [7], _clock, _logger);
        using var first = sampler.TryListen()!;

        await first.Samples.Completion.WaitAsync(Cancelled);
        fails = false;
        using var second = sampler.TryListen()!;
        first.Dispose();

        Assert.Equal([7], await second.Samples.ReadAsync(Cancelled));
        Assert.True(sampler.IsRunning);
        Assert.Equal((201, LogLevel.Error), (_logger.LatestRecord.Id.Id, _logger.LatestRecord.Level));
    }

    [Fact(Timeout = Patience)]
    public async Task AFailureThatLastsIsToldOnce()
    {
        var fails = true;
        var sampler = new DashboardSampler(() => fails ? throw new InvalidOperationException("Broken.") : [7], _clock, _logger);

        await ConnectAsync();
        await ConnectAsync();
        Assert.Equal(1, _logger.Collector.Count);

        fails = false;
        using (var listening = sampler.TryListen()!)
            await listening.Samples.ReadAsync(Cancelled);
        fails = true;
        await ConnectAsync();
        Assert.Equal(2, _logger.Collector.Count);

        async Task ConnectAsync()
        {
            using var listening = sampler.TryListen()!;
            await listening.Samples.Completion.WaitAsync(Cancelled);
        }
    }

    private DashboardSampler NewSampler() => new(() => [(byte)Interlocked.Increment(ref _taken)], _clock, _logger);

    /// <summary>Has the clock go on until the sampler, which may not wait for it yet, has noticed.</summary>
    private async Task PassAsync(DashboardSampler.Listening listening)
    {
        while (listening.Samples.Count == 0)
        {
            Cancelled.ThrowIfCancellationRequested();
            _clock.Advance(DashboardSampler.Interval);
            await Task.Yield();
        }
    }
}
