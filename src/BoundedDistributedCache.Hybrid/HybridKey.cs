using System.Diagnostics.CodeAnalysis;

namespace BoundedCache.Hybrid;

/// <summary>
/// A pair (tenant, key) or (tenant, tag) in one string, for HybridCache, which knows no tenants:
/// <c>DEL tenant DEL key</c>, and for the host partition <c>DEL DEL key</c>. Injective, for no tenant's id has a control
/// character or is empty.
/// </summary>
/// <remarks>DEL, because it is the first control character that HybridCache takes in a key.</remarks>
internal static class HybridKey
{
    internal const string Wildcard = "*";

    /// <summary>By how many units at most a key grows.</summary>
    internal const int MaxOverhead = TenantIds.MaxLength + 2;

    private const char Mark = '\u007F';

    /// <param name="tenantId"><see langword="null"/>: the host partition.</param>
    /// <param name="key">Any key or tag.</param>
    internal static string Encode(string? tenantId, ReadOnlySpan<char> key) => string.Concat([Mark], tenantId, [Mark], key);

    /// <summary>The tag of everything in a partition; entries can't be given it otherwise, for HybridCache refuses a <c>*</c>.</summary>
    internal static string Everything(string? tenantId) => Encode(tenantId, Wildcard);

    /// <returns>Whether the string is a pair, and not a key that HybridCache made up for itself.</returns>
    internal static bool TryDecode(string encoded, out string? tenantId, [NotNullWhen(true)] out string? key)
    {
        var end = encoded.StartsWith(Mark) ? encoded.IndexOf(Mark, 1) : -1;
        (tenantId, key) = end switch
        {
            < 0 => (null, null),
            1 => (null, encoded[2..]),
            _ => (encoded[1..end], encoded[(end + 1)..]),
        };
        return key is not null;
    }
}
