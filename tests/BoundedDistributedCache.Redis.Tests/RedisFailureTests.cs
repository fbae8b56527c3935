using StackExchange.Redis;

namespace BoundedCache.Redis.Tests;

/// <summary>What is made of what the client and the server say.</summary>
public sealed class RedisFailureTests
{
    [Theory]
    [InlineData("READONLY You can't write against a read only replica. script: 5f, on @user_script:2.")]
    [InlineData("ERR Error running script (call to f_5f): @user_script:2: -READONLY You can't write against a read only replica.")]
    [InlineData("ERR Error running script (call to f_5f): @user_script:2: @user_script: 2: -READONLY You can't write against a read only replica.")]
    [InlineData("EXECABORT Transaction discarded because of: READONLY You can't write against a read only replica.")]
    [InlineData("LOADING Redis is loading the dataset in memory")]
    public void AServerThatTakesNoWritesForAWhileIsAnOutage(string message)
    {
        var exception = new RedisServerException(message);

        Assert.True(RedisFailure.IsOutage(exception));
        Assert.Equal(RedisTierFailure.Unavailable, RedisFailure.Translate(exception).Failure);
    }

    [Theory]
    [InlineData("OOM command not allowed when used memory > 'maxmemory'. script: 5f, on @user_script:2.", "maxmemory")]
    [InlineData("ERR Error running script (call to f_5f): @user_script:2: -OOM command not allowed when used memory > 'maxmemory'", "maxmemory")]
    [InlineData("EXECABORT Transaction discarded because of: OOM command not allowed when used memory > 'maxmemory'.", "raise maxmemory")]
    [InlineData("NOPERM this user has no permissions to run the 'secret' command", "account")]
    [InlineData("WRONGTYPE Operation against a key holding the wrong kind of value", "no entry of a cache")]
    [InlineData("EXECABORT Transaction discarded because of previous errors.", "no primary any more")]
    public void ARefusalSaysWhatIsAmissAndNothingOfWhatTheServerSaid(string message, string hint)
    {
        var exception = new RedisServerException(message);

        var translated = RedisFailure.Translate(exception);

        Assert.False(RedisFailure.IsOutage(exception));
        Assert.Equal(RedisTierFailure.Refused, translated.Failure);
        Assert.Contains(hint, translated.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("secret", translated.Message, StringComparison.Ordinal);
    }
}
