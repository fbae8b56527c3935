using StackExchange.Redis;

namespace BoundedCache.Redis;

/// <summary>A channel as the client is told of it, which puts a prefix before, and as the server knows it.</summary>
internal sealed record ChannelName(RedisChannel ToClient, byte[] ToServer);
