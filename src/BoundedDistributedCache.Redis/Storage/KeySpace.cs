using System.Text;
using BoundedCache.Storage;
using BoundedCache.Tenancy;
using StackExchange.Redis;

namespace BoundedCache.Redis;

/// <summary>
/// How keys are named in Redis: the instance name, then the pair (tenant, key) as any foreign cache gets it. Injective,
/// and can be undone.
/// </summary>
internal sealed class KeySpace(string instanceName)
{
    // Bytes that are no UTF-8 must not pass for the replacement character.
    private static readonly UTF8Encoding Strict = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    internal string InstanceName => instanceName;

    /// <exception cref="ArgumentException">The key is not well-formed UTF-16.</exception>
    internal string NameOf(Partition partition, string key)
    {
        // UTF-8 has no lone surrogates: what stands for one would stand for all of them.
        if (!IsWellFormed(key))
            throw new ArgumentException("The key is not well-formed UTF-16: it has half of a surrogate pair, which Redis can't tell from another. Write binary data in text, as Base64 for example.", nameof(key));
        return instanceName + TenantKey.Encode(partition.TenantId, key);
    }

    /// <returns>Whether the name is one of this cache's.</returns>
    internal bool TryParse(ReadOnlySpan<byte> name, out Partition partition, out string key)
    {
        (partition, key) = (Partition.Host, "");
        string text;
        try
        {
            text = Strict.GetString(name);
        }
        catch (DecoderFallbackException)
        {
            return false;
        }

        if (!text.StartsWith(instanceName, StringComparison.Ordinal) || !TenantKey.TryDecode(text[instanceName.Length..], out var tenantId, out var decoded))
            return false;
        (partition, key) = (new Partition(tenantId), decoded);
        return true;
    }

    /// <summary>
    /// What <c>SCAN</c> is to look for: all names that a pattern over a partition's keys may match, and others. Each name
    /// is compared with the pattern itself before anything is made of it.
    /// </summary>
    internal RedisValue GlobOf(string? tenantId, string pattern)
    {
        // A tenant's prefix is what is left of the name of its empty key. Keys of the host that begin with the mark are
        // written in another way than the others, so a pattern that may match them is looked for everywhere.
        var prefix = Escape(instanceName + (tenantId is null ? "" : TenantKey.Encode(tenantId, "")));
        if (tenantId is null && (pattern.Length == 0 || pattern[0] is '*' or '?' or '^'))
            return prefix + "*";

        var glob = new StringBuilder(prefix);
        foreach (var unit in pattern)
        {
            switch (unit)
            {
                // Redis counts bytes, of which one unit is up to three; and a mark is written twice in a tenant's key.
                case '*' or '?' or '^':
                    glob.Append('*');
                    break;
                case '[' or ']' or '\\':
                    glob.Append('\\').Append(unit);
                    break;
                default:
                    glob.Append(char.IsSurrogate(unit) ? '*' : unit);
                    break;
            }
        }

        return glob.ToString();
    }

    internal static bool IsWellFormed(string text)
    {
        for (var i = text.AsSpan().IndexOfAnyInRange('\uD800', '\uDFFF'); i >= 0 && i < text.Length; i++)
        {
            if (!char.IsSurrogate(text[i]))
                continue;
            if (i + 1 == text.Length || !char.IsSurrogatePair(text[i], text[i + 1]))
                return false;
            i++;
        }

        return true;
    }

    private static string Escape(string text)
    {
        var escaped = new StringBuilder(text.Length);
        foreach (var unit in text)
        {
            if (unit is '*' or '?' or '[' or ']' or '\\')
                escaped.Append('\\');
            escaped.Append(unit);
        }

        return escaped.ToString();
    }
}
