namespace BoundedCache.Redis;

/// <summary>How the near tier stands to Redis. The order is that of the numbers in metrics.</summary>
internal enum TierState
{
    /// <summary>Redis answers, and messages of other nodes arrive.</summary>
    Connected = 0,

    /// <summary>Redis answers, and it is not certain that messages arrive: copies are neither served nor kept.</summary>
    Unconfirmed,

    /// <summary>Redis does not answer: copies are served, and nothing else is.</summary>
    Away,
}
