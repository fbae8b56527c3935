using System.Buffers;
using Microsoft.Extensions.Caching.Distributed;

namespace BoundedCache.Stress.Tests.Support;

/// <summary>
/// Reads by every way that there is, and checks what it is given: whole, the key's own, not older than what was there
/// when the read began or than what this reader has seen, and not newer than what was written. One thread at a time.
/// </summary>
internal sealed class CheckedReader(Ledger ledger, Random random, bool ownsWhatItReads)
{
    private const int Held = 32;

    private readonly long[] _seen = new long[ledger.Keys];
    private readonly (byte[] Value, int Key, long Version)[] _held = new (byte[], int, long)[Held];
    private ArrayBufferWriter<byte> _whole = new();
    private PiecewiseWriter _pieces = new();

    /// <returns>The version; null where there is none. Of an empty value, the last that has ended.</returns>
    public long? Read(IBufferDistributedCache cache, string name, int key)
    {
        long floor = Math.Max(ledger.Ended(key), _seen[key]);
        byte[]? array = null;
        ReadOnlySpan<byte> value = default;
        bool found;
        switch (random.Next(6))
        {
            case 0:
                _whole.ResetWrittenCount();
                found = cache.TryGet(name, _whole);
                value = _whole.WrittenSpan;
                break;
            case 1:
                _whole.ResetWrittenCount();
                found = Result(cache.TryGetAsync(name, _whole));
                value = _whole.WrittenSpan;
                break;
            case 2:
                _pieces.Clear();
                found = cache.TryGet(name, _pieces);
                value = _pieces.Written;
                break;
            case 3:
                value = array = cache.GetAsync(name).GetAwaiter().GetResult();
                found = array is not null;
                break;
            default:
                value = array = cache.Get(name);
                found = array is not null;
                break;
        }

        if (!found)
        {
            return null;
        }

        if (CheckedWriter.IsEmpty(key))
        {
            Assert.Equal(0, value.Length);
            return ledger.Ended(key);
        }

        long version = VersionedValue.Read(value, key);
        long begun = ledger.Begun(key);
        Assert.True(version >= floor, $"Stale: version {version} of key {key} after {floor} (seen by this thread: {_seen[key]}).");
        Assert.True(version <= begun, $"Version {version} of key {key}, of which only {begun} have begun.");
        _seen[key] = version;
        if (array is not null)
        {
            Keep(array, key, version);
        }

        return version;
    }

    /// <summary>Checks again what earlier reads were given, and keeps nothing of it.</summary>
    public void LetGo()
    {
        _whole = new();
        _pieces = new();
        for (int i = 0; i < Held; i++)
        {
            CheckHeld(i);
            _held[i] = default;
        }
    }

    private static bool Result(ValueTask<bool> task) => task.IsCompletedSuccessfully ? task.Result : task.AsTask().GetAwaiter().GetResult();

    /// <summary>An array that is shared stays as it was, whatever becomes of its entry; one of the reader's own is his to spoil.</summary>
    private void Keep(byte[] array, int key, long version)
    {
        if (ownsWhatItReads)
        {
            array.AsSpan().Fill(0xFF);
            return;
        }

        int place = random.Next(Held);
        CheckHeld(place);
        _held[place] = (array, key, version);
    }

    private void CheckHeld(int place)
    {
        (byte[]? value, int key, long version) = _held[place];
        if (value is not null)
        {
            Assert.True(VersionedValue.Read(value, key) == version, $"The array of version {version} of key {key} was changed.");
        }
    }
}
