using BoundedCache.Expiration;
using StackExchange.Redis;

namespace BoundedCache.Redis;

/// <summary>
/// What is sent for each operation. Nothing here waits for one answer before it sends the next, and nothing that may have had
/// an effect is sent twice. Primaries alone are asked: a replica may be behind what this node wrote.
/// </summary>
/// <remarks>
/// A write is one step for everybody else: the fields, the time to live, and the message to the other nodes. So no node can
/// see the message and then read what was there before, and none of the three happens without the others. It is a script,
/// which is one message each way; where the server has none, a transaction, which is five. (Tasks that nobody waits for any
/// more, since another one threw first, need no care: the client looks at their exceptions itself.)
/// </remarks>
internal sealed class RedisCommands
{
    // A script is not undone where one of its commands is refused. The message does no harm without the rest, so it is first;
    // then comes what may be refused for want of memory, or since the key is of another type.
    private const string WriteScript =
        """
        redis.call('PUBLISH', ARGV[5], ARGV[6] .. KEYS[1])
        redis.call('HSET', KEYS[1], 'absexp', ARGV[1], 'sldexp', ARGV[2], 'data', ARGV[3])
        if ARGV[4] == '-1' then redis.call('PERSIST', KEYS[1]) else redis.call('PEXPIRE', KEYS[1], ARGV[4]) end
        return 1
        """;

    private const string ReadScript =
        """
        local f = redis.call('HMGET', KEYS[1], 'absexp', 'sldexp', 'data')
        f[4] = redis.call('PTTL', KEYS[1])
        return f
        """;

    private const string RemoveScript =
        """
        redis.call('PUBLISH', ARGV[1], ARGV[2] .. KEYS[1])
        redis.call('DEL', KEYS[1])
        return 1
        """;

    // Sets a time to live only where the entry still has the deadlines by which it was reckoned, and only a longer one: what
    // overwrote the entry meanwhile must not get that of the old one, and of two nodes the later use counts.
    private const string RenewScript =
        """
        local f = redis.call('HMGET', KEYS[1], 'absexp', 'sldexp')
        if f[1] ~= ARGV[1] or f[2] ~= ARGV[2] then return 0 end
        if redis.call('PTTL', KEYS[1]) < tonumber(ARGV[3]) then redis.call('PEXPIRE', KEYS[1], ARGV[3]) end
        return 1
        """;

    private volatile bool _hasNoScripts;

    /// <summary>It may be another server, or another account, so whether it has scripts is to be seen again.</summary>
    internal void TryScriptsAgain() => _hasNoScripts = false;

    /// <summary>
    /// The fields and the time to live at one moment; in one message each way, where two would take the server twice the
    /// trouble whenever they arrive apart.
    /// </summary>
    internal async Task<StoredEntry?> ReadAsync(IDatabase database, RedisKey name)
    {
        if (!_hasNoScripts)
        {
            try
            {
                var read = (RedisValue[]?)await database.ScriptEvaluateAsync(ReadScript, [name], flags: CommandFlags.DemandMaster).ConfigureAwait(false);
                return StoredEntry.From(read!, TimeToLiveOf((long)read![StoredEntry.Fields.Length]));
            }
            catch (Exception exception) when (HasNoScripts(exception))
            {
                _hasNoScripts = true;
            }
        }

        // The time to live is asked for first: if the key is overwritten in between, what is believed of the new entry is at
        // worst shorter than the truth, since it says its own deadlines or has kept that time to live.
        var timeToLive = database.KeyTimeToLiveAsync(name, CommandFlags.DemandMaster);
        var fields = await database.HashGetAsync(name, StoredEntry.Fields, CommandFlags.DemandMaster).ConfigureAwait(false);
        return StoredEntry.From(fields, await timeToLive.ConfigureAwait(false));
    }

    /// <param name="database">Where.</param>
    /// <param name="name">The key's name.</param>
    /// <param name="value">The value.</param>
    /// <param name="deadlines">When it expires.</param>
    /// <param name="timeToLive">Until when the key is to live; <see langword="null"/>: for good.</param>
    /// <param name="channel">Where the message goes.</param>
    /// <param name="messageHeader">What it begins with; the name follows.</param>
    internal async Task<bool> WriteAsync(IDatabase database, RedisKey name, byte[] value, Deadlines deadlines, TimeSpan? timeToLive, ChannelName channel, byte[] messageHeader)
    {
        RedisValue[] arguments =
        [
            StoredEntry.Field(deadlines.Absolute),
            StoredEntry.Field(deadlines.Sliding),
            value,
            timeToLive is { } left ? (long)left.TotalMilliseconds : StoredEntry.NotPresent,
            channel.ToServer,
            messageHeader,
        ];
        return await TryRunAsync(database, WriteScript, name, arguments).ConfigureAwait(false)
            ?? await WriteInTransactionAsync(database, name, value, deadlines, timeToLive, channel, messageHeader).ConfigureAwait(false);
    }

    internal async Task<bool> RemoveAsync(IDatabase database, RedisKey name, ChannelName channel, byte[] messageHeader) =>
        await TryRunAsync(database, RemoveScript, name, [channel.ToServer, messageHeader]).ConfigureAwait(false)
        ?? await RemoveInTransactionAsync(database, name, channel, messageHeader).ConfigureAwait(false);

    /// <returns>Whether the entry is still the one with those deadlines.</returns>
    internal async Task<bool> RenewAsync(IDatabase database, RedisKey name, long absolute, long sliding, TimeSpan timeToLive)
    {
        RedisValue[] arguments = [absolute, sliding, (long)timeToLive.TotalMilliseconds];
        return await TryRunAsync(database, RenewScript, name, arguments).ConfigureAwait(false)
            ?? await RenewInTransactionAsync(database, name, absolute, sliding, timeToLive).ConfigureAwait(false);
    }

    /// <returns>Whether it returned 1; <see langword="null"/> where the server has no scripts, so that nothing was done.</returns>
    private async ValueTask<bool?> TryRunAsync(IDatabase database, string script, RedisKey name, RedisValue[] arguments)
    {
        if (_hasNoScripts)
            return null;
        try
        {
            return (long)await database.ScriptEvaluateAsync(script, [name], arguments, CommandFlags.DemandMaster).ConfigureAwait(false) == 1;
        }
        catch (Exception exception) when (HasNoScripts(exception))
        {
            _hasNoScripts = true;
            return null;
        }
    }

    // Less than zero: it does not expire, or is not there.
    private static TimeSpan? TimeToLiveOf(long milliseconds) => milliseconds < 0 ? null : TimeSpan.FromMilliseconds(milliseconds);

    // Ruled out by the client's configuration, so that it was not sent.
    private static bool HasNoScripts(Exception exception) =>
        exception is RedisCommandException
            ? exception.Message.Contains("command-map", StringComparison.Ordinal)
            : exception is RedisServerException answer && HasNoScripts(answer);

    // Not known, not allowed to this account, or (Garnet) switched off. What a script's own commands are answered reads
    // otherwise.
    private static bool HasNoScripts(RedisServerException exception) =>
        exception.Message.StartsWith("ERR unknown command", StringComparison.OrdinalIgnoreCase)
        || exception.Message.StartsWith("ERR This instance has Lua scripting support disabled", StringComparison.Ordinal)
        || (exception.Message.StartsWith("NOPERM", StringComparison.Ordinal) && exception.Message.Contains("'eval", StringComparison.OrdinalIgnoreCase));

    private static Task<bool> WriteInTransactionAsync(IDatabase database, RedisKey name, byte[] value, Deadlines deadlines, TimeSpan? timeToLive, ChannelName channel, byte[] messageHeader)
    {
        var transaction = database.CreateTransaction();
        var set = transaction.HashSetAsync(name, StoredEntry.ToFields(value, deadlines));
        _ = timeToLive is { } left
            ? transaction.KeyExpireAsync(name, left, flags: CommandFlags.FireAndForget)
            : transaction.KeyPersistAsync(name, CommandFlags.FireAndForget);
        return PublishAndCommitAsync(database, transaction, set, name, channel, messageHeader);
    }

    private static Task<bool> RemoveInTransactionAsync(IDatabase database, RedisKey name, ChannelName channel, byte[] messageHeader)
    {
        var transaction = database.CreateTransaction();
        return PublishAndCommitAsync(database, transaction, transaction.KeyDeleteAsync(name), name, channel, messageHeader);
    }

    private static async Task<bool> RenewInTransactionAsync(IDatabase database, RedisKey name, long absolute, long sliding, TimeSpan timeToLive)
    {
        var transaction = database.CreateTransaction();
        transaction.AddCondition(Condition.HashEqual(name, StoredEntry.AbsoluteField, absolute));
        transaction.AddCondition(Condition.HashEqual(name, StoredEntry.SlidingField, sliding));
        _ = transaction.KeyExpireAsync(name, timeToLive, ExpireWhen.GreaterThanCurrentExpiry);
        return await transaction.ExecuteAsync(CommandFlags.DemandMaster).ConfigureAwait(false);
    }

    // What a command of the transaction was answered counts too: one may be refused while the others are done.
    private static async Task<bool> PublishAndCommitAsync(
        IDatabase database, ITransaction transaction, Task command, RedisKey name, ChannelName channel, byte[] messageHeader)
    {
        byte[] message = [.. messageHeader, .. (byte[])name!];
        _ = transaction.PublishAsync(channel.ToClient, message, CommandFlags.FireAndForget);
        try
        {
            var isCommitted = await transaction.ExecuteAsync(CommandFlags.DemandMaster).ConfigureAwait(false);
            await command.ConfigureAwait(false);
            return isCommitted;
        }
        catch (RedisServerException exception) when (RedisFailure.IsDiscarded(exception))
        {
            throw await ReasonOfAsync(database, name).ConfigureAwait(false) ?? exception;
        }
    }

    // Why a transaction was discarded the server has told the client, which keeps it to itself. So it is asked by a write
    // that changes nothing, since no time to live is shorter: what refuses all writes refuses this one too.
    private static async Task<RedisServerException?> ReasonOfAsync(IDatabase database, RedisKey name)
    {
        try
        {
            await database.KeyExpireAsync(name, TimeSpan.FromMilliseconds(1), ExpireWhen.GreaterThanCurrentExpiry, CommandFlags.DemandMaster).ConfigureAwait(false);
            return null;
        }
        catch (RedisServerException exception) when (RedisFailure.IsOutage(exception))
        {
            return exception;
        }
        catch (Exception)
        {
            return null; // nothing was done, whatever became of the question
        }
    }
}
