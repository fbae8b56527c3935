using System.Globalization;
using System.Text;
using BoundedCache.Tenancy;
using BoundedCache.Tests.Support;
using BoundedCache.Tests.Tenancy;
using CsCheck;

namespace BoundedCache.Tests.Hostile;

/// <summary>
/// The one string of tenant and key, against a reader that was written from its description alone: what can be read back has
/// one meaning.
/// </summary>
public sealed class TenantEncodingTests
{
    private static readonly Gen<string> s_anyUnits = Gen.OneOf(
        Gen.Char.Array[0, 20],
        Gen.Char['\uD700', '\uE0FF'].Array[0, 8],
        Gen.Char["^:0D8E"].Array[0, 20]).Select(units => new string(units));

    [Fact]
    public void EveryPairCanBeReadBack() =>
        Adversarial.Pair.Sample(IsReadBack, iter: TestScale.Of(quick: 50_000, full: 2_000_000));

    [Fact]
    public void EveryPairOfAnyUnitsCanBeReadBack() =>
        Gen.Select(s_anyUnits, s_anyUnits).Select((id, key) => (TenantIds.IsValid(id) ? id : null, key))
            .Sample(IsReadBack, iter: TestScale.Of(quick: 50_000, full: 2_000_000));

    /// <summary>What somebody wrote himself is no pair's, or the one's that it reads as.</summary>
    [Fact]
    public void WhatIsReadAsAPairIsWhatThatPairIsWrittenAs() =>
        (from pair in Adversarial.Pair
         let encoded = TenantKey.Encode(pair.TenantId, pair.Key)
         from at in Gen.Int[0, encoded.Length]
         from length in Gen.Int[0, Math.Min(2, encoded.Length - at)]
         from inserted in s_anyUnits
         select encoded.Remove(at, length).Insert(at, inserted[..Math.Min(inserted.Length, 3)]))
        .Sample(
            text => !TryRead(text, out string? tenantId, out string key) || TenantKey.Encode(tenantId, key) == text,
            iter: TestScale.Of(quick: 100_000, full: 2_000_000));

    private static bool IsReadBack((string? TenantId, string Key) pair) =>
        TryRead(TenantKey.Encode(pair.TenantId, pair.Key), out string? tenantId, out string key) && (tenantId, key) == pair;

    /// <summary>False for what no pair is written as.</summary>
    private static bool TryRead(string text, out string? tenantId, out string key)
    {
        (tenantId, key) = (null, text);
        if (!text.StartsWith('^'))
        {
            return true;
        }

        int end = text.IndexOf(':', StringComparison.Ordinal);
        if (end < 0 || Unescape(text[1..end], doubled: false) is not { } id || Unescape(text[(end + 1)..], doubled: true) is not { } rest)
        {
            return false;
        }

        (tenantId, key) = (id.Length == 0 ? null : id, rest);
        return id.Length == 0
            ? key.StartsWith('^')
            : TenantIds.IsValid(id)
                && text[1..end] == string.Concat(id.Select(unit => unit is > ' ' and <= '~' and not '^' and not ':' ? unit.ToString() : Number(unit)));
    }

    private static string? Unescape(string text, bool doubled)
    {
        StringBuilder units = new();
        for (int i = 0; i < text.Length; i++)
        {
            if (text[i] != '^')
            {
                units.Append(text[i]);
            }
            else if (doubled && i + 1 < text.Length && text[i + 1] == '^')
            {
                units.Append('^');
                i++;
            }
            else if (i + 5 <= text.Length
                && ushort.TryParse(text.AsSpan(i + 1, 4), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out ushort unit)
                && Number((char)unit) == text.Substring(i, 5))
            {
                units.Append((char)unit);
                i += 4;
            }
            else
            {
                return null;
            }
        }

        // In a key, halves of surrogate pairs alone are numbers, and all of them are.
        string read = units.ToString();
        return !doubled || Escape(read) == text ? read : null;
    }

    private static string Escape(string key)
    {
        StringBuilder text = new();
        for (int i = 0; i < key.Length; i++)
        {
            bool isPair = i + 1 < key.Length && char.IsSurrogatePair(key[i], key[i + 1]);
            text.Append(isPair ? key.Substring(i++, 2) : key[i] == '^' ? "^^" : char.IsSurrogate(key[i]) ? Number(key[i]) : key[i].ToString());
        }

        return text.ToString();
    }

    private static string Number(char unit) => $"^{(int)unit:X4}";
}
