namespace BoundedCache;

/// <summary>Why an operation on the Redis tier failed, and what that says of its effect.</summary>
public enum RedisTierFailure
{
    /// <summary>Redis can't be reached. Nothing was sent, and nothing has changed.</summary>
    Unavailable = 0,

    /// <summary>No place was free in time: too many operations wait for Redis already. Nothing was sent, and nothing has changed.</summary>
    Busy,

    /// <summary>
    /// What was sent got no answer. A read has no result; a write may have been done, or may be done yet. The copy in this
    /// process was dropped, and other nodes will be told to drop theirs. Not tried again by itself.
    /// </summary>
    OutcomeUnknown,

    /// <summary>Redis refused it, for want of memory for example. A write has not been done.</summary>
    Refused,
}
