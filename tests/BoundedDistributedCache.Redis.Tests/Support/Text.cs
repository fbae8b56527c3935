using System.Text;

namespace BoundedCache.Redis.Tests;

internal static class Text
{
    public static byte[] Bytes(string text) => Encoding.UTF8.GetBytes(text);

    public static string? Of(byte[]? bytes) => bytes is null ? null : Encoding.UTF8.GetString(bytes);
}
