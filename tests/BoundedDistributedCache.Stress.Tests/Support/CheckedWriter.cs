using System.Buffers;
using Microsoft.Extensions.Caching.Distributed;

namespace BoundedCache.Stress.Tests.Support;

/// <summary>
/// Writes by every way that there is, and enters what it does into the ledger. One thread at a time, and one writer for
/// each key.
/// </summary>
internal sealed class CheckedWriter(Ledger ledger, Random random, bool isolates)
{
    private byte[] _buffer = [];

    /// <summary>Some keys hold nothing but empty values, and no others do.</summary>
    public static bool IsEmpty(int key) => key % 16 == 15;

    /// <returns>The version.</returns>
    public long Set(IBufferDistributedCache cache, string name, int key, int length, DistributedCacheEntryOptions options)
    {
        length = IsEmpty(key) ? 0 : Math.Max(length, VersionedValue.ShortestLength);
        long version = ledger.Begin(key);
        if (random.Next(4) == 0)
        {
            SetSequence(cache, name, key, length, version, options);
        }
        else
        {
            SetArray(cache, name, key, length, version, options);
        }

        ledger.End(key, version);
        return version;
    }

    public void Remove(IBufferDistributedCache cache, string name, int key)
    {
        long version = ledger.Begin(key);
        if (random.Next(2) == 0)
        {
            cache.Remove(name);
        }
        else
        {
            cache.RemoveAsync(name).GetAwaiter().GetResult();
        }

        ledger.End(key, version);
    }

    /// <summary>Enters that a key of the writer's is gone.</summary>
    public void NoteGone(int key) => ledger.End(key, ledger.Begin(key));

    /// <summary>Keeps no memory that only writing needs.</summary>
    public void LetGo() => _buffer = [];

    private void SetSequence(IBufferDistributedCache cache, string name, int key, int length, long version, DistributedCacheEntryOptions options)
    {
        if (_buffer.Length < length)
        {
            _buffer = new byte[length];
        }

        // A sequence is copied before the call returns, so the buffer serves again.
        Write(_buffer.AsSpan(0, length), key, version);
        ReadOnlySequence<byte> sequence = new(_buffer, 0, length);
        if (random.Next(2) == 0)
        {
            cache.Set(name, sequence, options);
        }
        else
        {
            cache.SetAsync(name, sequence, options).AsTask().GetAwaiter().GetResult();
        }

        _buffer.AsSpan(0, length).Fill(0xEE);
    }

    private void SetArray(IBufferDistributedCache cache, string name, int key, int length, long version, DistributedCacheEntryOptions options)
    {
        byte[] value = new byte[length];
        Write(value, key, version);
        if (random.Next(2) == 0)
        {
            cache.Set(name, value, options);
        }
        else
        {
            cache.SetAsync(name, value, options).GetAwaiter().GetResult();
        }

        if (isolates)
        {
            value.AsSpan().Fill(0xEE);
        }
    }

    private static void Write(Span<byte> value, int key, long version)
    {
        if (value.Length > 0)
        {
            VersionedValue.Write(value, key, version);
        }
    }
}
