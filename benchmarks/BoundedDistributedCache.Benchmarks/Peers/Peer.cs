using BoundedCache.Benchmarks.Measuring;

namespace BoundedCache.Benchmarks.Peers;

/// <summary>A cache that takes part, and the loops over it.</summary>
internal abstract class Peer(string name) : IDisposable
{
    /// <summary>
    /// Loops are called once for as many keys, often enough for the compiler to make its best of them, seldom enough
    /// for the call to cost nothing.
    /// </summary>
    public const int Chunk = 1_024;

    public string Name => name;

    public abstract bool Get(string key);

    public abstract byte[]? Find(string key);

    public abstract void Set(string key, byte[] value);

    /// <summary>Reads all keys, which must be there.</summary>
    public abstract void Read(string[] keys);

    /// <summary>Reads keys, which must be there, but overwrites one in <paramref name="writeEvery"/>.</summary>
    public abstract void Mix(string[] keys, int writeEvery, byte[] value);

    public abstract void Write(string[] keys, byte[] value);

    /// <summary>Asks for keys in turn and sets the value of each that is missing.</summary>
    /// <returns>How many were there.</returns>
    public abstract long Replay(ReadOnlySpan<uint> requests, string[] keys, byte[][] values);

    /// <summary>Whether <see cref="Mix"/> overwrites the key in that place.</summary>
    public static bool IsWrite(int index, int writeEvery) => ((index % Chunk) + 1) % writeEvery == 0;

    /// <summary>Which of as many keys is the last that <see cref="Mix"/> overwrites.</summary>
    public static int LastWrite(int keys, int writeEvery)
    {
        int inLastChunk = (keys - 1) % Chunk;
        return keys - 1 - inLastChunk + ((inLastChunk + 1) / writeEvery * writeEvery) - 1;
    }

    public abstract void Dispose();
}

internal sealed class Peer<TCache>(string name, TCache cache, Action? dispose = null) : Peer(name)
    where TCache : struct, ICache
{
    public override bool Get(string key) => cache.Get(key);

    public override byte[]? Find(string key) => cache.Find(key);

    public override void Set(string key, byte[] value) => cache.Set(key, value);

    public override void Read(string[] keys)
    {
        int missed = 0;
        for (int first = 0; first < keys.Length; first += Chunk)
        {
            missed += Read(cache, keys.AsSpan(first, Math.Min(Chunk, keys.Length - first)));
        }

        RefuseIf(missed);
    }

    public override void Mix(string[] keys, int writeEvery, byte[] value)
    {
        int missed = 0;
        for (int first = 0; first < keys.Length; first += Chunk)
        {
            missed += Mix(cache, keys.AsSpan(first, Math.Min(Chunk, keys.Length - first)), writeEvery, value);
        }

        RefuseIf(missed);
    }

    public override void Write(string[] keys, byte[] value)
    {
        for (int first = 0; first < keys.Length; first += Chunk)
        {
            Write(cache, keys.AsSpan(first, Math.Min(Chunk, keys.Length - first)), value);
        }
    }

    public override long Replay(ReadOnlySpan<uint> requests, string[] keys, byte[][] values)
    {
        long hits = 0;
        foreach (uint key in requests)
        {
            if (cache.Get(keys[key]))
            {
                hits++;
            }
            else
            {
                cache.Set(keys[key], values[key]);
            }
        }

        return hits;
    }

    public override void Dispose() => dispose?.Invoke();

    private static int Read(TCache cache, ReadOnlySpan<string> keys)
    {
        int missed = 0;
        foreach (string key in keys)
        {
            if (!cache.Get(key))
            {
                missed++;
            }
        }

        return missed;
    }

    private static int Mix(TCache cache, ReadOnlySpan<string> keys, int writeEvery, byte[] value)
    {
        int missed = 0;
        int untilWrite = writeEvery;
        foreach (string key in keys)
        {
            if (--untilWrite == 0)
            {
                untilWrite = writeEvery;
                cache.Set(key, value);
            }
            else if (!cache.Get(key))
            {
                missed++;
            }
        }

        return missed;
    }

    private static void Write(TCache cache, ReadOnlySpan<string> keys, byte[] value)
    {
        foreach (string key in keys)
        {
            cache.Set(key, value);
        }
    }

    private static void RefuseIf(int missed)
    {
        if (missed > 0)
        {
            throw new RefusedException($"{missed} reads missed what had been set");
        }
    }
}
