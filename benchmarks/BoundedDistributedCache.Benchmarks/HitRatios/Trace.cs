using System.Buffers.Binary;
using System.IO.Compression;

namespace BoundedCache.Benchmarks.HitRatios;

/// <summary>
/// Requests as they came. A file is gzip of little-endian 32-bit unsigned integers: one key a request
/// (<c>NAME.keys.gz</c>), pairs of a key and its size in bytes (<c>NAME.sized.gz</c>), or pairs of the second and the key
/// (<c>NAME.timed.gz</c>). Keys are numbers from 0 or 1 on without large gaps.
/// </summary>
internal sealed record Trace(string Name, uint[] Keys, uint[]? Sizes = null, uint[]? Seconds = null)
{
    /// <summary>One more than the largest key.</summary>
    public int KeyCount { get; } = Keys.Length == 0 ? 0 : checked((int)Keys.Max() + 1);

    /// <exception cref="InvalidDataException">It is no such file.</exception>
    public static Trace Load(string path)
    {
        string[] parts = Path.GetFileName(path).Split('.');
        string name = string.Join('.', parts[..^2]);
        uint[] numbers = Numbers(path);
        switch (parts[^2])
        {
            case "keys":
                return new Trace(name, numbers);
            case "sized":
                (uint[] keys, uint[] sizes) = Pairs(numbers, path);
                return new Trace(name, keys, Sizes: sizes);
            case "timed":
                (uint[] seconds, uint[] timedKeys) = Pairs(numbers, path);
                return new Trace(name, timedKeys, Seconds: seconds);
            default:
                throw new InvalidDataException($"'{path}' is named like no trace: NAME.keys.gz, NAME.sized.gz or NAME.timed.gz.");
        }
    }

    /// <summary>All traces of a folder, by name.</summary>
    /// <exception cref="InvalidDataException">There are none, or one is no trace.</exception>
    public static IReadOnlyList<Trace> LoadAll(string directory) => [.. FilesIn(directory).Select(Load)];

    /// <exception cref="InvalidDataException">There are none.</exception>
    public static IReadOnlyList<string> FilesIn(string directory)
    {
        string[] files = [.. Directory.EnumerateFiles(directory, "*.gz").Order(StringComparer.Ordinal)];
        return files.Length > 0 ? files : throw new InvalidDataException($"The folder '{directory}' holds no trace: NAME.keys.gz, NAME.sized.gz or NAME.timed.gz.");
    }

    private static uint[] Numbers(string path)
    {
        using GZipStream stream = new(File.OpenRead(path), CompressionMode.Decompress);
        using MemoryStream bytes = new();
        stream.CopyTo(bytes);
        if (bytes.Length % sizeof(uint) != 0)
        {
            throw new InvalidDataException($"'{path}' holds no whole number of 32-bit integers.");
        }

        ReadOnlySpan<byte> all = bytes.GetBuffer().AsSpan(0, (int)bytes.Length);
        uint[] numbers = new uint[all.Length / sizeof(uint)];
        for (int i = 0; i < numbers.Length; i++)
        {
            numbers[i] = BinaryPrimitives.ReadUInt32LittleEndian(all[(i * sizeof(uint))..]);
        }

        return numbers;
    }

    private static (uint[] First, uint[] Second) Pairs(uint[] numbers, string path)
    {
        if (numbers.Length % 2 != 0)
        {
            throw new InvalidDataException($"'{path}' holds half a pair.");
        }

        uint[] first = new uint[numbers.Length / 2];
        uint[] second = new uint[numbers.Length / 2];
        for (int i = 0; i < first.Length; i++)
        {
            (first[i], second[i]) = (numbers[2 * i], numbers[(2 * i) + 1]);
        }

        return (first, second);
    }
}
