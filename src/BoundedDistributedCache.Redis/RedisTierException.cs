namespace BoundedCache;

/// <summary>
/// An operation needed Redis and did not get what it needed. Holds neither the key nor the value, nor what the client
/// said, which may hold them.
/// </summary>
public sealed class RedisTierException : Exception
{
    /// <summary>Makes one that says that Redis can't be reached.</summary>
    public RedisTierException()
        : this(RedisTierFailure.Unavailable, "Redis can't be reached. Nothing was sent, and nothing has changed.")
    {
    }

    /// <summary>Makes one that says so in words of its own.</summary>
    /// <param name="message">The words.</param>
    public RedisTierException(string message)
        : this(RedisTierFailure.Unavailable, message)
    {
    }

    /// <summary>Makes one with a cause.</summary>
    /// <param name="message">The words.</param>
    /// <param name="innerException">The cause.</param>
    public RedisTierException(string message, Exception innerException)
        : base(message, innerException) => Failure = RedisTierFailure.Unavailable;

    /// <summary>Makes one for a given failure.</summary>
    /// <param name="failure">The failure.</param>
    /// <param name="message">The words.</param>
    public RedisTierException(RedisTierFailure failure, string message)
        : base(message) => Failure = failure;

    /// <summary>Why it failed, and what that says of its effect.</summary>
    public RedisTierFailure Failure { get; }
}
