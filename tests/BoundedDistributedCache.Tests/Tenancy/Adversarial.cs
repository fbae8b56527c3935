using BoundedCache.Tenancy;
using CsCheck;

namespace BoundedCache.Tests.Tenancy;

/// <summary>
/// Ids and keys that are likely to be mistaken for others: short, of few units, full of what encodings use, prefixes of one
/// another, and made of the encodings of others.
/// </summary>
internal static class Adversarial
{
    private static readonly Gen<string> Piece = Gen.OneOf(
        "a", "b", "^", ":", "^^", "^:", "003A", "005E", "D83D", " ", "é", "e\u0301", "\U0001F600", "*", "?", "/", "\\", "|", "\0");

    private static readonly Gen<string> KeyPiece = Gen.Frequency(
        (4, Piece),
        (1, Gen.OneOf("\uD83D", "\uDE00", "\uFFFD", "\uD83D\uD83D")));

    public static readonly Gen<string> TenantId = Piece.Array[1, 4].Select(string.Concat).Where(TenantIds.IsValid);

    public static readonly Gen<string?> Partition = Gen.Frequency((1, Gen.Const((string?)null)), (4, TenantId.Select(id => (string?)id)));

    private static readonly Gen<string> PlainKey = KeyPiece.Array[0, 4].Select(string.Concat);

    public static readonly Gen<string> Key = Gen.Frequency(
        (4, PlainKey),
        (2, Gen.Select(Partition, PlainKey, TenantKey.Encode)),
        (1, Gen.Select(TenantId, PlainKey, (id, key) => id + ":" + key)));

    public static readonly Gen<(string? TenantId, string Key)> Pair = Gen.Select(Partition, Key);

    /// <summary>A pair that looks the same when written one after the other, with one of the separators in use or none.</summary>
    public static Gen<(string? TenantId, string Key)> EndingElsewhere((string? TenantId, string Key) pair) =>
        from separator in Gen.OneOf("", ":", "^", "^:")
        let text = pair.TenantId + separator + pair.Key
        from at in Gen.Int[0, text.Length]
        let tenantId = text[..at]
        where TenantIds.IsValid(tenantId)
        select ((string?)tenantId, text[(text.AsSpan(at).StartsWith(separator) ? at + separator.Length : at)..]);

    /// <summary>A key that an encoding, or UTF-8, might make of this one.</summary>
    public static Gen<string> Resembling(string key) =>
        Gen.OneOf(("\uD83D", "\uDE00"), ("\uD83D", "\uFFFD"), ("\uD83D", "^D83D"), ("^", "^^"), ("^^", "^"), (":", "^003A"))
            .Select(change => key.Replace(change.Item1, change.Item2, StringComparison.Ordinal));
}
