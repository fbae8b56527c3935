using Polly.CircuitBreaker;
using StackExchange.Redis;

namespace BoundedCache.Redis;

/// <summary>What an exception of the client says of the effect of what was sent.</summary>
/// <remarks>
/// Exceptions of the client may hold keys, and those of the server what was sent: neither is passed on, only their kind.
/// </remarks>
internal static class RedisFailure
{
    private const int LongestCode = 24;
    private const string OfScript = "ERR Error running script";
    private const string InScript = ": -";
    private const string Discarded = "EXECABORT";
    private const string DiscardedBecause = "EXECABORT Transaction discarded because of: ";

    /// <summary>Whether Redis as a whole is to be left alone for a while, if it goes on so.</summary>
    internal static bool IsOutage(Exception exception) => exception switch
    {
        RedisServerException => IsOutage(CodeOf(exception)),
        RedisConnectionException or RedisTimeoutException or NotConnectedException => true,
        _ => false,
    };

    /// <summary>Whether a transaction was discarded, and the server does not say why.</summary>
    internal static bool IsDiscarded(RedisServerException exception) => CodeOf(exception) == Discarded;

    /// <param name="exception">What the client, the breaker or who looked for a connection threw.</param>
    /// <param name="lastFailure">What the connection failed with last, if that is known.</param>
    internal static RedisTierException Translate(Exception exception, string? lastFailure = null) => exception switch
    {
        RedisTierException known => known,
        BrokenCircuitException => Unavailable("it was asked in vain too often, and is left alone for a moment", lastFailure),
        NotConnectedException or ObjectDisposedException => Unavailable("there is no connection", lastFailure),
        RedisConnectionException { FailureType: ConnectionFailureType.UnableToResolvePhysicalConnection } => Unavailable("there is no connection", lastFailure),
        RedisConnectionException { CommandStatus: CommandStatus.WaitingInBacklog } => Unavailable("there is no connection", lastFailure),
        RedisTimeoutException { Commandstatus: CommandStatus.WaitingInBacklog } => Unavailable("there is no connection", lastFailure),
        RedisConnectionException lost => Unknown($"the connection was lost ({lost.FailureType})"),
        RedisTimeoutException => Unknown("there was no answer in time"),
        RedisServerException when IsOutage(CodeOf(exception)) => Unavailable($"it answered {CodeOf(exception)}"),
        RedisCommandException => new RedisTierException(RedisTierFailure.Refused, "The client does not send such an operation: its configuration rules a command out, or the server has none of that name. Nothing was sent, and nothing has changed."),
        RedisServerException => new RedisTierException(RedisTierFailure.Refused, $"Redis refused the operation: {CodeOf(exception)}. A write has not been done.{HintOf(CodeOf(exception))}"),
        _ => Unknown($"the client failed with {exception.GetType().Name}"),
    };

    private static RedisTierException Unavailable(string cause, string? lastFailure = null) => new(
        RedisTierFailure.Unavailable,
        $"Redis can't be reached: {cause}{(lastFailure is null ? "" : $" ({lastFailure})")}. Nothing was sent, and nothing has changed.");

    private static RedisTierException Unknown(string cause) => new(
        RedisTierFailure.OutcomeUnknown,
        $"Redis gave no answer: {cause}. A read has no result; a write may have been done, or may be done yet. It is not tried again by itself.");

    // Such a server refuses everything, and for a while: it loads its data, or is no primary any more.
    private static bool IsOutage(string code) => code is "LOADING" or "CLUSTERDOWN" or "MASTERDOWN" or "READONLY" or "TRYAGAIN";

    private static string HintOf(string code) => code switch
    {
        "OOM" => " It has no memory left: raise maxmemory, or choose an eviction policy.",
        "NOPERM" => " The account lacks a command, a channel or a key pattern that the tier needs.",
        "WRONGTYPE" => " What is there is no entry of a cache: choose an instance name of the cache's own.",
        "MISCONF" => " It can't write its file.",
        "NOREPLICAS" => " It has fewer replicas than it asks for.",
        Discarded => " It does not say why: it has no memory left, is no primary any more, still loads its data, can't write its file, or the account lacks a command.",
        _ => "",
    };

    // The first word, which names the kind; what follows may repeat arguments. Before version 7 what a command of a script was
    // answered comes after what is said of the script. Why a transaction was discarded is told where it came to be at its end.
    private static string CodeOf(Exception exception)
    {
        var message = exception.Message.AsSpan();
        if (message.StartsWith(OfScript) && message.IndexOf(InScript) is >= 0 and var found)
            message = message[(found + InScript.Length)..];
        else if (message.StartsWith(DiscardedBecause))
            message = message[DiscardedBecause.Length..];
        var length = message.IndexOfAnyExceptInRange('A', 'Z');
        return length is > 1 and <= LongestCode && message[length] == ' ' ? message[..length].ToString() : "ERR";
    }
}
