using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace BoundedCache;

/// <summary>
/// Builds cache keys from parts and named arguments, so that different inputs never give the same key:
/// <c>CacheKey.Of("product", 42).With("currency", "EUR")</c> is <c>product:42?currency=EUR</c>.
/// </summary>
/// <remarks>
/// <para>Immutable, so safe for any number of threads.</para>
/// <para>
/// What counts is a value's text in the invariant culture (<c>42</c> and <c>"42"</c> are the same part): dates and
/// times as "O", numbers so that they round-trip, enums by name, <see cref="bool"/> as <c>true</c> and <c>false</c>.
/// <see langword="null"/> differs from an empty string. Values may be strings, <see cref="bool"/> and whatever is
/// <see cref="IFormattable"/>; the text of other objects is seldom unique, so they are refused.
/// </para>
/// <para>
/// Characters that would be ambiguous are escaped with <c>\</c>, lone surrogates too: keys are well-formed Unicode
/// and stay distinct in a cache that stores them as UTF-8. A key of more than 449 characters (as many as the SQL
/// Server cache takes) keeps its beginning, and the SHA-256 of the whole replaces the rest.
/// </para>
/// </remarks>
public sealed class CacheKey
{
    internal const int MaxLength = 449;

    // Escapes are \\ \: \? \= \& \N (null) and \uXXXX (a lone surrogate). So \# occurs in shortened keys only.
    private const string HashMark = @"\#";
    private const string Null = @"\N";

    private readonly string _parts;
    private readonly (string Name, string Value)[] _arguments; // in ordinal order of names; values are escaped

    private CacheKey(string parts, (string, string)[] arguments) => (_parts, _arguments) = (parts, arguments);

    /// <summary>Begins a key with its parts, whose order matters.</summary>
    /// <param name="part">The first part; by convention what kind of thing is cached.</param>
    /// <param name="more">Further parts.</param>
    /// <exception cref="ArgumentException">A part is neither a string, a bool nor <see cref="IFormattable"/>.</exception>
    public static CacheKey Of(object? part, params object?[]? more)
    {
        var parts = new StringBuilder();
        AppendEscaped(parts, Format(part, nameof(part)), @"\:?");
        foreach (var next in more ?? [null]) // Of("a", null) passes no array, and means a part that is null
            AppendEscaped(parts.Append(':'), Format(next, nameof(more)), @"\:?");
        return new(parts.ToString(), []);
    }

    /// <summary>Returns a key that has one named argument more; the order in which arguments are added is irrelevant.</summary>
    /// <param name="name">A name that this key does not have yet; not empty. Names are compared ordinally.</param>
    /// <param name="value">Its value.</param>
    /// <exception cref="ArgumentException">The name is empty or already there, or the value is neither a string,
    /// a bool nor <see cref="IFormattable"/>.</exception>
    public CacheKey With(string name, object? value)
    {
        ArgumentException.ThrowIfNullOrEmpty(name);
        var at = 0;
        while (at < _arguments.Length && string.CompareOrdinal(_arguments[at].Name, name) < 0)
            at++;
        if (at < _arguments.Length && _arguments[at].Name == name)
            throw new ArgumentException("The key has an argument of this name already; give each name once.", nameof(name));

        var text = new StringBuilder();
        AppendEscaped(text, Format(value, nameof(value)), @"\&");
        return new(_parts, [.. _arguments[..at], (name, text.ToString()), .. _arguments[at..]]);
    }

    /// <summary>The key, at most 449 characters long.</summary>
    public override string ToString()
    {
        var text = new StringBuilder(_parts);
        var separator = '?';
        foreach (var (name, value) in _arguments)
        {
            AppendEscaped(text.Append(separator), name, @"\=&");
            text.Append('=').Append(value);
            separator = '&';
        }
        return text.Length <= MaxLength ? text.ToString() : Shorten(text.ToString());
    }

    /// <summary>The same as <see cref="ToString"/>, so that a key may be passed where a string is asked for.</summary>
    /// <param name="key">The key.</param>
    public static implicit operator string(CacheKey key)
    {
        ArgumentNullException.ThrowIfNull(key);
        return key.ToString();
    }

    private static string Shorten(string text)
    {
        var hash = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text)));
        var kept = text.AsSpan(0, MaxLength - HashMark.Length - hash.Length);

        // Half an escape would swallow the mark's backslash, half a surrogate pair would not be Unicode.
        var backslashes = kept.Length - kept.TrimEnd('\\').Length;
        if (backslashes % 2 == 1 || char.IsHighSurrogate(kept[^1]))
            kept = kept[..^1];
        return string.Concat(kept, HashMark, hash);
    }

    private static string? Format(object? value, string parameter) => value switch
    {
        null => null,
        string text => text,
        bool truth => truth ? "true" : "false",
        DateTime or DateTimeOffset or DateOnly or TimeOnly => ((IFormattable)value).ToString("O", CultureInfo.InvariantCulture),
        IFormattable formattable => formattable.ToString(null, CultureInfo.InvariantCulture),
        _ => throw new ArgumentException(
            $"A value of the type {value.GetType()} has no text that is sure to identify it; pass a string, a bool or an IFormattable value.",
            parameter),
    };

    private static void AppendEscaped(StringBuilder target, string? text, string special)
    {
        if (text is null)
        {
            target.Append(Null);
            return;
        }

        for (var i = 0; i < text.Length; i++)
        {
            var unit = text[i];
            if (special.Contains(unit, StringComparison.Ordinal))
                target.Append('\\').Append(unit);
            else if (!char.IsSurrogate(unit))
                target.Append(unit);
            else if (i + 1 < text.Length && char.IsSurrogatePair(unit, text[i + 1]))
                target.Append(unit).Append(text[++i]);
            else
                target.Append(CultureInfo.InvariantCulture, $@"\u{(int)unit:X4}");
        }
    }
}
