using System.Text;
using BoundedCache.Tests.Support;
using CsCheck;

namespace BoundedCache.Tests.Hostile;

/// <summary>
/// Input that somebody chose so that the key which is built from it equals another's: parts that read like separators,
/// escapes and shortened keys, and inputs one unit apart, around the length at which keys are shortened.
/// </summary>
public sealed class BuiltKeyTests
{
    private static readonly Gen<string> s_piece = Gen.OneOf(
        Gen.OneOf("\\", ":", "?", "=", "&", "\\N", "\\#", "\\u", "\\uD83D", "#", "N", "a", "\uD83D", "\uDE00", "\U0001F600", "\uFFFD", "\0"),
        Gen.Char["0123456789abcdef"].Array[64].Select(hash => "\\#" + new string(hash)));

    private static readonly Gen<string?> s_text = Gen.Frequency(
        (1, Gen.Const((string?)null)),
        (6, s_piece.Array[0, 5].Select(pieces => (string?)string.Concat(pieces))),
        (3, Gen.Select(s_piece, Gen.Int[CacheKey.MaxLength - 12, CacheKey.MaxLength + 4], s_piece.Array[0, 3]).Select(
            (filler, length, end) => (string?)(Repeat(filler, length) + string.Concat(end)))));

    private static readonly Gen<Input> s_input =
        from parts in s_text.Array[1, 3]
        from name in s_piece
        from value in s_text
        from hasArgument in Gen.Bool
        select new Input(parts, hasArgument ? name : null, value);

    [Fact]
    public void TwoInputsThatDifferGiveKeysThatDifferAlsoInUtf8() =>
        (from one in s_input
         from other in Gen.OneOf(s_input, Neighbours(one))
         select (one, other))
        .Sample(
            pair =>
            {
                (string one, string other) = (pair.one.Build(), pair.other.Build());
                return one.Length <= CacheKey.MaxLength && (pair.one.Equals(pair.other) ? one == other : ThroughUtf8(one) != ThroughUtf8(other));
            },
            iter: TestScale.Of(quick: 20_000, full: 500_000));

    /// <summary>A key as a part of another, as it is and cut in two at any place.</summary>
    [Fact]
    public void WhatWasBuiltOnceIsAnInputLikeAnyOther() =>
        (from input in s_input
         let key = input.Build()
         from at in Gen.Int[0, key.Length]
         select (input, key, at))
        .Sample(
            sample =>
            {
                string whole = CacheKey.Of(sample.key).ToString();
                string halves = CacheKey.Of(sample.key[..sample.at], sample.key[sample.at..]).ToString();
                bool isItself = sample.input.Equals(new Input([sample.key], null, null));
                return whole != halves && (isItself || whole != sample.key) && (halves != sample.key || sample.input.Equals(new Input([sample.key[..sample.at], sample.key[sample.at..]], null, null)));
            },
            iter: TestScale.Of(quick: 20_000, full: 500_000));

    /// <summary>One unit more, fewer or other, in one of the parts; or a part moved into the next.</summary>
    private static Gen<Input> Neighbours(Input input) =>
        from part in Gen.Int[0, input.Parts.Length - 1]
        let text = input.Parts[part] ?? ""
        from at in Gen.Int[0, text.Length]
        from inserted in s_piece
        from kind in Gen.Int[0, 3]
        select kind switch
        {
            0 => input.With(part, text.Insert(at, inserted)),
            1 when at < text.Length => input.With(part, text.Remove(at, 1)),
            2 when at < text.Length => input.With(part, text.Remove(at, 1).Insert(at, inserted)),
            _ => new Input([.. input.Parts[..part], text[..at], text[at..], .. input.Parts[(part + 1)..]], input.Name, input.Value),
        };

    private static string Repeat(string filler, int length) =>
        string.Concat(Enumerable.Repeat(filler, (length / filler.Length) + 1))[..length];

    private static string ThroughUtf8(string text) => Encoding.UTF8.GetString(Encoding.UTF8.GetBytes(text));

    private sealed record Input(string?[] Parts, string? Name, string? Value)
    {
        public string Build()
        {
            CacheKey key = CacheKey.Of(Parts[0], Parts[1..]);
            return Name is null ? key : key.With(Name, Value);
        }

        public Input With(int part, string text) => this with { Parts = [.. Parts[..part], text, .. Parts[(part + 1)..]] };

        public bool Equals(Input? other) =>
            other is not null && Parts.SequenceEqual(other.Parts) && Name == other.Name && (Name is null || Value == other.Value);

        public override int GetHashCode() => Parts.Length;
    }
}
