using BoundedCache.Expiration;
using StackExchange.Redis;

namespace BoundedCache.Redis;

/// <summary>
/// What is sent for each operation. Nothing here waits for one answer before it sends the next, and nothing is sent twice.
/// </summary>
/// <remarks>
/// A write is one transaction: the fields, the time to live, and the message to the other nodes. So no node can see the
/// message and then read what was there before, and none of the three happens without the others.
/// </remarks>
internal static class RedisCommands
{
    // Sets a time to live only where the entry still has the deadlines by which it was reckoned, and only a longer one: what
    // overwrote the entry meanwhile must not get that of the old one, and of two nodes the later use counts.
    private const string RenewScript =
        """
        local f = redis.call('HMGET', KEYS[1], 'absexp', 'sldexp')
        if f[1] ~= ARGV[1] or f[2] ~= ARGV[2] then return 0 end
        if redis.call('PTTL', KEYS[1]) < tonumber(ARGV[3]) then redis.call('PEXPIRE', KEYS[1], ARGV[3]) end
        return 1
        """;

    /// <summary>
    /// The time to live is asked for first: if the key is overwritten in between, what is believed of the new entry is at
    /// worst shorter than the truth, since it says its own deadlines or has kept that time to live.
    /// </summary>
    internal static async Task<StoredEntry?> ReadAsync(IDatabase database, RedisKey name)
    {
        var timeToLive = database.KeyTimeToLiveAsync(name);
        var fields = database.HashGetAsync(name, StoredEntry.Fields);
        await Task.WhenAll(timeToLive, fields).ConfigureAwait(false);
        return StoredEntry.From(await fields.ConfigureAwait(false), await timeToLive.ConfigureAwait(false));
    }

    internal static async Task<bool> WriteAsync(IDatabase database, RedisKey name, byte[] value, Deadlines deadlines, TimeSpan? timeToLive, RedisChannel channel, byte[] message)
    {
        var transaction = database.CreateTransaction();
        var set = transaction.HashSetAsync(name, StoredEntry.ToFields(value, deadlines));
        _ = timeToLive is { } left
            ? transaction.KeyExpireAsync(name, left, flags: CommandFlags.FireAndForget)
            : transaction.KeyPersistAsync(name, CommandFlags.FireAndForget);
        _ = transaction.PublishAsync(channel, message, CommandFlags.FireAndForget);
        return await CommitAsync(transaction, set).ConfigureAwait(false);
    }

    internal static async Task<bool> RemoveAsync(IDatabase database, RedisKey name, RedisChannel channel, byte[] message)
    {
        var transaction = database.CreateTransaction();
        var delete = transaction.KeyDeleteAsync(name);
        _ = transaction.PublishAsync(channel, message, CommandFlags.FireAndForget);
        return await CommitAsync(transaction, delete).ConfigureAwait(false);
    }

    /// <returns>Whether the entry is still the one with those deadlines.</returns>
    internal static async Task<bool> RenewAsync(IDatabase database, RedisKey name, long absolute, long sliding, TimeSpan timeToLive, bool useScript)
    {
        if (useScript)
        {
            var result = await database.ScriptEvaluateAsync(RenewScript, [name], [absolute, sliding, (long)timeToLive.TotalMilliseconds]).ConfigureAwait(false);
            return (long)result == 1;
        }

        var transaction = database.CreateTransaction();
        transaction.AddCondition(Condition.HashEqual(name, StoredEntry.AbsoluteField, absolute));
        transaction.AddCondition(Condition.HashEqual(name, StoredEntry.SlidingField, sliding));
        var expire = transaction.KeyExpireAsync(name, timeToLive, ExpireWhen.GreaterThanCurrentExpiry);
        Observe(expire);
        return await transaction.ExecuteAsync().ConfigureAwait(false);
    }

    // What a command of the transaction was answered counts too: one may be refused while the others are done.
    private static async Task<bool> CommitAsync(ITransaction transaction, Task command)
    {
        Observe(command);
        var isCommitted = await transaction.ExecuteAsync().ConfigureAwait(false);
        await command.ConfigureAwait(false);
        return isCommitted;
    }

    // Where the transaction throws, nobody comes to look at its commands.
    private static void Observe(Task task) =>
        task.ContinueWith(static failed => _ = failed.Exception, CancellationToken.None, TaskContinuationOptions.OnlyOnFaulted | TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
}
