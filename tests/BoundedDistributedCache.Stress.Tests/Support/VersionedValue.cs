using System.Buffers.Binary;
using System.IO.Hashing;

namespace BoundedCache.Stress.Tests.Support;

/// <summary>A value that says whose it is, which one, how long it is, and whether it is whole.</summary>
/// <remarks>
/// <code>
/// 0         8     12       16        24
/// checksum  key   length   version   filling, another byte for each version
/// </code>
/// </remarks>
internal static class VersionedValue
{
    public const int ShortestLength = 24;

    public static void Write(Span<byte> value, int key, long version)
    {
        BinaryPrimitives.WriteInt32LittleEndian(value[8..], key);
        BinaryPrimitives.WriteInt32LittleEndian(value[12..], value.Length);
        BinaryPrimitives.WriteInt64LittleEndian(value[16..], version);
        value[ShortestLength..].Fill((byte)((version * 31) + key));
        BinaryPrimitives.WriteUInt64LittleEndian(value, XxHash3.HashToUInt64(value[8..]));
    }

    /// <summary>The version in a value of that key; fails where it is another's, or not as it was written.</summary>
    public static long Read(ReadOnlySpan<byte> value, int key)
    {
        Assert.True(value.Length >= ShortestLength, $"A value of {value.Length} bytes was never written.");
        int found = BinaryPrimitives.ReadInt32LittleEndian(value[8..]);
        int length = BinaryPrimitives.ReadInt32LittleEndian(value[12..]);
        long version = BinaryPrimitives.ReadInt64LittleEndian(value[16..]);
        ulong checksum = BinaryPrimitives.ReadUInt64LittleEndian(value);
        Assert.True(
            checksum == XxHash3.HashToUInt64(value[8..]) && length == value.Length,
            $"Torn: {value.Length} bytes under key {key}, whose head says key {found}, version {version}, {length} bytes.");
        Assert.True(found == key, $"Another's: version {version} of key {found} under key {key}.");
        return version;
    }
}
