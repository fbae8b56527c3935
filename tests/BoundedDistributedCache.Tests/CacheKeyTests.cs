using System.Globalization;
using System.Numerics;
using System.Text;
using CsCheck;

namespace BoundedCache.Tests;

public sealed class CacheKeyTests
{
    // Few characters, so that whatever could be mistaken for something else turns up often.
    private static readonly Gen<string?> s_text = Gen.Frequency(
        (9, Gen.Char["aN0\\:?=&#u\uD83D\uDE00"].Array[0, 4].Select(units => (string?)new string(units))),
        (1, Gen.Const((string?)null)));

    private static readonly Gen<Input> s_input =
        from parts in s_text.Array[1, 3]
        from arguments in Gen.Dictionary(s_text.Select(text => "n" + text), s_text)[0, 3]
        select new Input(parts, arguments);

    [Fact]
    public void OrdinaryKeysAreReadable()
    {
        Assert.Equal("product", CacheKey.Of("product").ToString());
        Assert.Equal("product:42", CacheKey.Of("product", 42).ToString());
        Assert.Equal("mood:\U0001F600", CacheKey.Of("mood", "\U0001F600").ToString());
        Assert.Equal(
            "product:42?currency=EUR&page=1",
            CacheKey.Of("product", 42).With("page", 1).With("currency", "EUR").ToString());
    }

    [Fact]
    public void PassesWhereAStringIsAskedFor()
    {
        string key = CacheKey.Of("product", 42);

        Assert.Equal("product:42", key);
        Assert.Throws<ArgumentNullException>("key", () => (string)(CacheKey)null!);
    }

    [Fact]
    public void AKeyIsNotChangedByWhatIsBuiltFromIt()
    {
        var product = CacheKey.Of("product").With("id", 1);

        product.With("currency", "EUR");

        Assert.Equal("product?id=1", product.ToString());
    }

    [Fact]
    public void WhatCouldBeMistakenIsKeptApart()
    {
        string[] keys =
        [
            CacheKey.Of("a", "b:c"), CacheKey.Of("a:b", "c"), CacheKey.Of("a", "b", "c"), CacheKey.Of("a:b:c"),
            CacheKey.Of("a"), CacheKey.Of("a", ""), CacheKey.Of("a", null), CacheKey.Of("a", "\\N"), CacheKey.Of("a", "N"),
            CacheKey.Of(""), CacheKey.Of(null), CacheKey.Of("", ""), CacheKey.Of(null, null),
            CacheKey.Of("a").With("b", "c"), CacheKey.Of("a?b=c"), CacheKey.Of("a", "?b=c"), CacheKey.Of("a\\?b=c"),
            CacheKey.Of("a").With("b", "c&d=e"), CacheKey.Of("a").With("b", "c").With("d", "e"), CacheKey.Of("a").With("b=c&d", "e"),
            CacheKey.Of("a").With("b", null), CacheKey.Of("a").With("b", ""), CacheKey.Of("a").With("b=", ""),
            CacheKey.Of("\uD83D"), CacheKey.Of("\uD83E"), CacheKey.Of("\uFFFD"), CacheKey.Of("\\uD83D"),
            CacheKey.Of("\uD83D", "\uDE00"), CacheKey.Of("\uD83D\uDE00"),
        ];

        Assert.Distinct(keys);
        Assert.Distinct(keys.Select(Encoding.UTF8.GetBytes).Select(Convert.ToHexString));
    }

    [Fact]
    public void EveryKeyCanBeReadBackSoDifferentInputsGiveDifferentKeys() =>
        s_input.Sample(
            input =>
            {
                string key = input.Build();
                return key == input.Build() && Input.Parse(key).SameAs(input);
            },
            iter: 100_000);

    [Fact]
    public void TheOrderOfNamedArgumentsIsIrrelevant() =>
        Gen.Select(Gen.Dictionary(s_text.Select(text => "n" + text), s_text)[0, 6], Gen.Int).Sample((arguments, seed) =>
        {
            var shuffled = arguments.ToArray();
            new Random(seed).Shuffle(shuffled);
            return With(CacheKey.Of("k"), arguments).ToString() == With(CacheKey.Of("k"), shuffled).ToString();
        });

    [Fact]
    public void KeysAreWellFormedUnicodeOfLimitedLength() =>
        Gen.Char["a\\:\uD83D\uDE00"].Array[0, 600].Select(units => new string(units)).Sample(part =>
        {
            var key = CacheKey.Of("p", part).ToString();
            return key.Length <= CacheKey.MaxLength && Encoding.UTF8.GetString(Encoding.UTF8.GetBytes(key)) == key;
        });

    [Fact]
    public void ALongKeyKeepsItsBeginningAndAHashOfTheWhole()
    {
        var longest = new string('x', CacheKey.MaxLength - 2);
        Assert.Equal("p:" + longest, CacheKey.Of("p", longest).ToString());

        var key = CacheKey.Of("p", longest + "x").ToString();

        Assert.Equal(CacheKey.MaxLength, key.Length);
        Assert.StartsWith("p:xxx", key, StringComparison.Ordinal);
        Assert.Equal(key, CacheKey.Of("p", longest + "x").ToString());
        Assert.Distinct([key, CacheKey.Of("p", longest + "y").ToString(), CacheKey.Of("p", longest + "xx").ToString()]);
        Assert.NotEqual(key, CacheKey.Of("p", longest).With("x", "").ToString());
    }

    // Every way in which the cut can meet an escape or a surrogate pair, and the shortened key as input again.
    [Theory]
    [InlineData("\\")]
    [InlineData(":")]
    [InlineData("\uD83D")]
    [InlineData("\uD83D\uDE00")]
    [InlineData("\\:\uDE00")]
    public void AShortenedKeyEqualsNoOther(string repeated)
    {
        var repeats = string.Concat(Enumerable.Repeat(repeated, 600));
        for (var offset = 0; offset < 12; offset++)
        {
            var shortened = CacheKey.Of(new string('a', offset) + repeats).ToString();

            Assert.Contains("\\#", shortened, StringComparison.Ordinal);
            Assert.Equal(shortened, Encoding.UTF8.GetString(Encoding.UTF8.GetBytes(shortened)));
            Assert.Throws<FormatException>(() => Input.Parse(shortened)); // so no unshortened key looks like this
            Assert.NotEqual(shortened, CacheKey.Of(shortened).ToString());
        }
    }

    [Theory]
    [InlineData("de-DE")]
    [InlineData("ar-SA")]
    [InlineData("tr-TR")]
    public void ValuesAreFormattedWithoutTheCulture(string culture)
    {
        var before = CultureInfo.CurrentCulture;
        CultureInfo.CurrentCulture = CultureInfo.GetCultureInfo(culture);
        try
        {
            Assert.Equal("-1234567", CacheKey.Of(-1234567).ToString());
            Assert.Equal("1.5", CacheKey.Of(1.5m).ToString());
            Assert.Equal("0.30000000000000004", CacheKey.Of(0.1 + 0.2).ToString());
            Assert.Equal("0.1", CacheKey.Of(0.1f).ToString());
            Assert.Equal("true:false", CacheKey.Of(true, false).ToString());
            Assert.Equal("i", CacheKey.Of('i').ToString());
            Assert.Equal("Monday", CacheKey.Of(DayOfWeek.Monday).ToString());
            Assert.Equal("12345678-1234-1234-1234-123456789abc", CacheKey.Of(Guid.Parse("12345678-1234-1234-1234-123456789ABC")).ToString());
            Assert.Equal(@"2026-01-02T03\:04\:05.0000001Z", CacheKey.Of(new DateTime(2026, 1, 2, 3, 4, 5, DateTimeKind.Utc).AddTicks(1)).ToString());
            Assert.Equal(@"2026-01-02T03\:04\:05.0000000+02\:00", CacheKey.Of(new DateTimeOffset(2026, 1, 2, 3, 4, 5, TimeSpan.FromHours(2))).ToString());
            Assert.Equal("2026-01-02", CacheKey.Of(new DateOnly(2026, 1, 2)).ToString());
            Assert.Equal(@"03\:04\:05.0000000", CacheKey.Of(new TimeOnly(3, 4, 5)).ToString());
            Assert.Equal(@"1.02\:03\:04.0000001", CacheKey.Of(new TimeSpan(1, 2, 3, 4).Add(TimeSpan.FromTicks(1))).ToString());
        }
        finally
        {
            CultureInfo.CurrentCulture = before;
        }
    }

    [Fact]
    public void NumbersThatDifferGiveKeysThatDiffer()
    {
        Gen.Double.Sample(number => double.Parse(CacheKey.Of(number), CultureInfo.InvariantCulture).Equals(number));

        var large = BigInteger.Pow(10, 100);
        Assert.NotEqual(CacheKey.Of(large).ToString(), CacheKey.Of(large + 1).ToString());
    }

    [Fact]
    public void BadInputGetsAClearErrorWithoutTheValue()
    {
        var key = CacheKey.Of("product").With("secret", 1);

        Assert.Throws<ArgumentNullException>("name", () => key.With(null!, 1));
        Assert.Throws<ArgumentException>("name", () => key.With("", 1));
        var twice = Assert.Throws<ArgumentException>("name", () => key.With("secret", 2)).Message;
        Assert.Contains("give each name once", twice, StringComparison.Ordinal);
        Assert.DoesNotContain("secret", twice, StringComparison.Ordinal);
        Assert.Contains("System.Object[]", Assert.Throws<ArgumentException>("part", () => CacheKey.Of(new object[] { "a" })).Message, StringComparison.Ordinal);
        Assert.Throws<ArgumentException>("more", () => CacheKey.Of("a", new object()));
        Assert.Throws<ArgumentException>("value", () => key.With("n", new object()));
    }

    private static CacheKey With(CacheKey key, IEnumerable<KeyValuePair<string, string?>> arguments) =>
        arguments.Aggregate(key, static (built, argument) => built.With(argument.Key, argument.Value));

    private sealed record Input(string?[] Parts, Dictionary<string, string?> Arguments)
    {
        public CacheKey Build() => With(CacheKey.Of(Parts[0], Parts[1..]), Arguments);

        public bool SameAs(Input other) =>
            Parts.SequenceEqual(other.Parts) &&
            Arguments.Count == other.Arguments.Count &&
            Arguments.All(argument => other.Arguments.TryGetValue(argument.Key, out var value) && value == argument.Value);

        /// <summary>Takes an unshortened key apart; a <see cref="FormatException"/> where it is none.</summary>
        public static Input Parse(string key)
        {
            var parts = new List<string?>();
            var arguments = new Dictionary<string, string?>();
            var text = new StringBuilder();
            string? name = null;
            var (isNull, inArguments) = (false, false);
            for (var i = 0; i <= key.Length; i++)
            {
                var unit = i < key.Length ? key[i] : '\0';
                if (unit == '\\')
                {
                    unit = ++i < key.Length ? key[i] : '\0';
                    isNull |= unit == 'N';
                    if (unit == 'u')
                    {
                        if (i + 5 > key.Length)
                            throw new FormatException();
                        text.Append((char)ushort.Parse(key.AsSpan(i + 1, 4), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture));
                        i += 4;
                    }
                    else if (unit != 'N')
                    {
                        text.Append(@"\:?=&".Contains(unit, StringComparison.Ordinal) ? unit : throw new FormatException());
                    }
                }
                else if (inArguments && name is null && unit == '=')
                {
                    (name, _) = (text.ToString(), text.Clear());
                }
                else if (i == key.Length || (inArguments ? unit == '&' : unit is ':' or '?'))
                {
                    if (inArguments)
                        arguments.Add(name!, isNull ? null : text.ToString());
                    else
                        parts.Add(isNull ? null : text.ToString());
                    (isNull, name, _) = (false, null, text.Clear());
                    inArguments |= unit == '?';
                }
                else
                {
                    text.Append(unit);
                }
            }
            return new([.. parts], arguments);
        }
    }
}
