namespace BoundedCache.Redis;

/// <summary>There was no connection to send anything on. Seen by the breaker only; callers get what it is translated into.</summary>
#pragma warning disable CA1032, CA1064 // never leaves this assembly
internal sealed class NotConnectedException() : Exception("There is no connection to Redis.");
#pragma warning restore CA1032, CA1064
