using System.Buffers;
using System.Collections.Concurrent;
using System.Text;
using Microsoft.Extensions.Caching.Distributed;

namespace BoundedCache.Tests.Support;

/// <summary>A provider of another make: knows keys only, and nothing of buffers.</summary>
internal class DictionaryCache : IDistributedCache, IDisposable
{
    private readonly ConcurrentDictionary<string, byte[]> _entries = new(StringComparer.Ordinal);

    public ICollection<string> Keys => _entries.Keys;

    /// <summary>What was asked for, whatever became of it.</summary>
    public ConcurrentQueue<string> Calls { get; } = new();

    public int Disposals { get; private set; }

    public byte[]? Get(string key) => _entries.GetValueOrDefault(Seen(nameof(Get), key));

    public Task<byte[]?> GetAsync(string key, CancellationToken token = default)
    {
        token.ThrowIfCancellationRequested();
        return Task.FromResult(_entries.GetValueOrDefault(Seen(nameof(GetAsync), key)));
    }

    public void Set(string key, byte[] value, DistributedCacheEntryOptions options) => _entries[Seen(nameof(Set), key)] = value;

    public Task SetAsync(string key, byte[] value, DistributedCacheEntryOptions options, CancellationToken token = default)
    {
        token.ThrowIfCancellationRequested();
        _entries[Seen(nameof(SetAsync), key)] = value;
        return Task.CompletedTask;
    }

    public void Refresh(string key) => Seen(nameof(Refresh), key);

    public Task RefreshAsync(string key, CancellationToken token = default)
    {
        Seen(nameof(RefreshAsync), key);
        return Task.CompletedTask;
    }

    public void Remove(string key) => _entries.TryRemove(Seen(nameof(Remove), key), out _);

    public Task RemoveAsync(string key, CancellationToken token = default)
    {
        _entries.TryRemove(Seen(nameof(RemoveAsync), key), out _);
        return Task.CompletedTask;
    }

    public void Dispose() => Disposals++;

    protected virtual string Stored(string key) => key;

    protected string Seen(string member, string key)
    {
        ArgumentNullException.ThrowIfNull(key);
        Calls.Enqueue(member);
        return Stored(key);
    }
}

/// <summary>One whose keys travel as UTF-8, as those of Redis do.</summary>
internal class Utf8Cache : DictionaryCache
{
    protected override string Stored(string key) => Encoding.UTF8.GetString(Encoding.UTF8.GetBytes(key));
}

/// <summary>One that takes and gives buffers too.</summary>
internal class BufferCache : Utf8Cache, IBufferDistributedCache
{
    public bool TryGet(string key, IBufferWriter<byte> destination)
    {
        Calls.Enqueue(nameof(TryGet));
        if (Get(key) is not { } value)
            return false;
        destination.Write(value);
        return true;
    }

    public ValueTask<bool> TryGetAsync(string key, IBufferWriter<byte> destination, CancellationToken token = default)
    {
        Calls.Enqueue(nameof(TryGetAsync));
        return new(TryGet(key, destination));
    }

    public void Set(string key, ReadOnlySequence<byte> value, DistributedCacheEntryOptions options)
    {
        Calls.Enqueue("Set of a sequence");
        Set(key, value.ToArray(), options);
    }

    public ValueTask SetAsync(string key, ReadOnlySequence<byte> value, DistributedCacheEntryOptions options, CancellationToken token = default)
    {
        Calls.Enqueue("SetAsync of a sequence");
        Set(key, value.ToArray(), options);
        return ValueTask.CompletedTask;
    }
}
