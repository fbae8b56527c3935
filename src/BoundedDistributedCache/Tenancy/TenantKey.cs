using System.Buffers;
using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Text;

namespace BoundedCache.Tenancy;

/// <summary>
/// Writes a pair (tenant, key) as one string, for caches that know keys only: <c>^tenant:key</c>. No two pairs give the
/// same string, nor the same bytes in UTF-8.
/// </summary>
/// <remarks>
/// <para>
/// In the tenant's part every unit but visible ASCII, and <c>^</c> and <c>:</c> too, is <c>^</c> with four hexadecimal
/// digits: it ends at the first colon, and is not mistaken for another by a cache that compares by collation.
/// In the key's part <c>^</c> is <c>^^</c> and a lone surrogate is <c>^</c> with four digits; the rest stays.
/// </para>
/// <para>
/// A key of the host partition stays as it is, unless it begins with <c>^</c>; then it is the key of the tenant
/// without an id, whom there is not. What such a cache keeps for the host is what it held before there were tenants.
/// </para>
/// </remarks>
internal static class TenantKey
{
    private const char Mark = '^';
    private const char End = ':';

    // '!' to '~' without mark and end
    private static readonly SearchValues<char> PlainInIds =
        SearchValues.Create("!\"#$%&'()*+,-./0123456789;<=>?@ABCDEFGHIJKLMNOPQRSTUVWXYZ[\\]_`abcdefghijklmnopqrstuvwxyz{|}~");

    /// <param name="tenantId"><see langword="null"/>: the host partition.</param>
    /// <param name="key">Any string.</param>
    internal static string Encode(string? tenantId, string key)
    {
        if (tenantId is null && !key.StartsWith(Mark))
            return key;
        if (!tenantId.AsSpan().ContainsAnyExcept(PlainInIds) && !key.Contains(Mark, StringComparison.Ordinal) && !key.AsSpan().ContainsAnyInRange('\uD800', '\uDFFF'))
            return $"{Mark}{tenantId}{End}{key}";

        var text = new StringBuilder().Append(Mark);
        foreach (var unit in tenantId.AsSpan())
        {
            if (PlainInIds.Contains(unit))
                text.Append(unit);
            else
                AppendNumber(text, unit);
        }

        text.Append(End);
        for (var i = 0; i < key.Length; i++)
        {
            var unit = key[i];
            if (unit == Mark)
                text.Append(Mark).Append(Mark);
            else if (!char.IsSurrogate(unit))
                text.Append(unit);
            else if (i + 1 < key.Length && char.IsSurrogatePair(unit, key[i + 1]))
                text.Append(unit).Append(key[++i]);
            else
                AppendNumber(text, unit);
        }

        return text.ToString();
    }

    /// <summary>Finds the pair that a string stands for.</summary>
    /// <param name="encoded">What <see cref="Encode"/> gave, or any string.</param>
    /// <param name="tenantId"><see langword="null"/>: the host partition.</param>
    /// <param name="key">The key.</param>
    /// <returns>Whether it stands for one: no other string stands for the same pair.</returns>
    internal static bool TryDecode(string encoded, out string? tenantId, [NotNullWhen(true)] out string? key)
    {
        (tenantId, key) = (null, encoded);
        if (!encoded.StartsWith(Mark))
            return true;

        var end = encoded.IndexOf(End, StringComparison.Ordinal);
        if (end < 0 || !TryUnescape(encoded.AsSpan(1, end - 1), out var id) || !TryUnescape(encoded.AsSpan(end + 1), out key))
        {
            key = null;
            return false;
        }

        tenantId = id.Length == 0 ? null : id;
        if (Encode(tenantId, key) == encoded && (tenantId is null || TenantIds.IsValid(tenantId)))
            return true;
        (tenantId, key) = (null, null);
        return false;
    }

    private static bool TryUnescape(ReadOnlySpan<char> escaped, [NotNullWhen(true)] out string? text)
    {
        var units = new StringBuilder(escaped.Length);
        text = null;
        for (var i = 0; i < escaped.Length; i++)
        {
            if (escaped[i] != Mark)
            {
                units.Append(escaped[i]);
            }
            else if (i + 1 < escaped.Length && escaped[i + 1] == Mark)
            {
                units.Append(escaped[++i]);
            }
            else if (i + 4 < escaped.Length && ushort.TryParse(escaped.Slice(i + 1, 4), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var unit))
            {
                units.Append((char)unit);
                i += 4;
            }
            else
            {
                return false;
            }
        }

        text = units.ToString();
        return true;
    }

    private static void AppendNumber(StringBuilder text, char unit) =>
        text.Append(CultureInfo.InvariantCulture, $"{Mark}{(int)unit:X4}");
}
