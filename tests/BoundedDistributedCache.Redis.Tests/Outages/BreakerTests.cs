using Microsoft.Extensions.DependencyInjection;
using StackExchange.Redis;

namespace BoundedCache.Redis.Tests.Outages;

/// <summary>What the circuit breaker makes of answers that are late.</summary>
public sealed class BreakerTests(SharedServer shared)
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task WhatWasSentBeforeItOpenedIsNoTrialAfterwards()
    {
        var status = new TierStatus(TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(1), (_, _) => { });
        await using var connection = new RedisConnection(new RedisTierOptions { Configuration = shared.Server.Address }, new ServiceCollection().BuildServiceProvider(), () => { }, () => { });
        await connection.GetDatabaseAsync();
        using var gate = new Gate(100, TimeSpan.FromSeconds(1));
        var operations = new RedisOperations(connection, gate, status);
        var late = new TaskCompletionSource<bool>();
        var lateRead = ReadAsync(late.Task);
        for (var i = 0; i < 10; i++)
            await Assert.ThrowsAsync<RedisTierException>(() => ReadAsync(Task.FromException<bool>(new RedisTimeoutException("", CommandStatus.Sent))));
        Assert.Equal(TierState.Away, status.State);
        await Task.Delay(TimeSpan.FromSeconds(1.2), Token); // Polly's clock is the system's, and it leaves Redis alone for a second.

        late.SetException(new RedisTimeoutException("", CommandStatus.Sent));
        await Assert.ThrowsAsync<RedisTierException>(() => lateRead);

        Assert.True(await ReadAsync(Task.FromResult(true)));
        Assert.NotEqual(TierState.Away, status.State);

        Task<bool> ReadAsync(Task<bool> answer) => operations.RunAsync(OperationKind.Read, "key", static (_, answer) => answer, answer, Token);
    }
}
