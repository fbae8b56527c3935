using System.Text;

namespace BoundedCache.Redis;

internal enum DropMessageKind : byte
{
    /// <summary>Drop what you hold of this key.</summary>
    Key = (byte)'K',

    /// <summary>Drop all that you hold.</summary>
    All = (byte)'A',

    /// <summary>Nothing; the sender sees whether it comes back.</summary>
    Probe = (byte)'P',
}

/// <summary>What nodes tell one another: a kind, the sender's id, and the name of a key in Redis or the number of a probe.</summary>
internal static class DropMessage
{
    private const int SenderLength = 16;
    private const int HeaderLength = 1 + SenderLength;

    /// <summary>What a message that names a key begins with; the name follows.</summary>
    internal static byte[] HeaderOfKey(Guid sender)
    {
        var header = new byte[HeaderLength];
        WriteHeader(header, DropMessageKind.Key, sender);
        return header;
    }

    internal static byte[] OfKey(Guid sender, string name) => [.. HeaderOfKey(sender), .. Encoding.UTF8.GetBytes(name)];

    internal static byte[] OfAll(Guid sender)
    {
        var message = new byte[HeaderLength];
        WriteHeader(message, DropMessageKind.All, sender);
        return message;
    }

    internal static byte[] OfProbe(Guid sender, long number)
    {
        var message = new byte[HeaderLength + sizeof(long)];
        WriteHeader(message, DropMessageKind.Probe, sender);
        BitConverter.TryWriteBytes(message.AsSpan(HeaderLength), number);
        return message;
    }

    /// <returns>Whether it is a message; what is none says nothing of who sent it or why.</returns>
    internal static bool TryParse(ReadOnlySpan<byte> message, out DropMessageKind kind, out Guid sender, out ReadOnlySpan<byte> content)
    {
        (kind, sender) = (default, default);
        content = default;
        if (message.Length < HeaderLength)
            return false;

        kind = (DropMessageKind)message[0];
        sender = new Guid(message.Slice(1, SenderLength));
        content = message[HeaderLength..];
        return kind is DropMessageKind.Key or DropMessageKind.All
            || (kind == DropMessageKind.Probe && content.Length == sizeof(long));
    }

    internal static long NumberOf(ReadOnlySpan<byte> content) => BitConverter.ToInt64(content);

    private static void WriteHeader(byte[] message, DropMessageKind kind, Guid sender)
    {
        message[0] = (byte)kind;
        sender.TryWriteBytes(message.AsSpan(1, SenderLength));
    }
}
