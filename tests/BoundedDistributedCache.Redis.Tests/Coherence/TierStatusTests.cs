namespace BoundedCache.Redis.Tests.Coherence;

/// <summary>What is told of the state.</summary>
public sealed class TierStatusTests
{
    [Fact]
    public void WhatHappensWhileAChangeIsToldIsToldAfterIt()
    {
        var told = new List<TierState>();
        TierStatus status = null!;
        status = new TierStatus(TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(1), (_, after) =>
        {
            if (after == TierState.Away)
                Task.Run(() => status.SetSilent(isSilent: false)).Wait();
            lock (told)
                told.Add(after);
        });

        status.SetSilent(isSilent: true);

        Assert.Equal([TierState.Away, TierState.Unconfirmed], told);
    }
}
