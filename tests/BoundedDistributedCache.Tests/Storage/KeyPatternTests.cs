using BoundedCache.Storage;
using BoundedCache.Tests.Support;
using CsCheck;

namespace BoundedCache.Tests.Storage;

public sealed class KeyPatternTests
{
    [Theory]
    [InlineData("", "", true)]
    [InlineData("", "a", false)]
    [InlineData("product:1", "product:1", true)]
    [InlineData("product:1", "product:12", false)]
    [InlineData("product:1", "Product:1", false)]
    [InlineData("*", "", true)]
    [InlineData("*", "anything", true)]
    [InlineData("**", "", true)]
    [InlineData("product:*", "product:", true)]
    [InlineData("product:*", "product", false)]
    [InlineData("*:eur", "product:1:eur", true)]
    [InlineData("*:eur", "product:1:eur:x", false)]
    [InlineData("a*a", "a", false)]
    [InlineData("a*a", "aa", true)]
    [InlineData("ab*bc", "abc", false)]
    [InlineData("*b*", "abc", true)]
    [InlineData("*ab*ab*", "aab", false)]
    [InlineData("*ab*ab*", "abxab", true)]
    [InlineData("?", "", false)]
    [InlineData("?", "a", true)]
    [InlineData("?", "ab", false)]
    [InlineData("*?", "", false)]
    [InlineData("*?*?*", "a", false)]
    [InlineData("*?*?*", "ab", true)]
    [InlineData("*b?d*", "abcd", true)]
    [InlineData("*b?d*", "bbbd", true)]
    [InlineData("*b?d*", "abd", false)]
    public void StarStandsForAnyRunAndQuestionMarkForOneUnit(string pattern, string key, bool expected) =>
        Assert.Equal(expected, new KeyPattern(pattern).Matches(key));

    [Fact]
    public void ComparesUtf16UnitsOrdinally()
    {
        Assert.False(new KeyPattern("?").Matches("\U0001F600"));
        Assert.True(new KeyPattern("??").Matches("\U0001F600"));
        Assert.False(new KeyPattern("caf\u00E9").Matches("cafe\u0301"));
        Assert.False(new KeyPattern("*\u00E9*").Matches("cafe\u0301"));
        Assert.False(new KeyPattern("*\u00AD*").Matches("abc"));
        Assert.True(new KeyPattern("*\uD83D").Matches("x\uD83D"));
    }

    [Fact]
    public void AgreesWithThePlainDefinition() =>
        (from pattern in Gen.Char["ab?*"].Array[0, 12]
         from key in Gen.Char["ab?*"].Array[0, 24]
         select (Pattern: new string(pattern), Key: new string(key)))
        .Sample(
            sample => new KeyPattern(sample.Pattern).Matches(sample.Key) == PlainPattern.Matches(sample.Pattern, sample.Key),
            iter: 100_000);

    [Fact]
    public void AgreesWithThePlainDefinitionForKeysMadeFromThePattern() =>
        (from pattern in Gen.Char["ab?*"].Array[0, 12]
         from fillers in Gen.Char["ab"].Array[0, 3].Array[12]
         select (Pattern: new string(pattern), Fillers: fillers))
        .Sample(
            sample => new KeyPattern(sample.Pattern).Matches(Fill(sample.Pattern, sample.Fillers)),
            iter: 20_000);

    [Fact]
    public void MatchingAllocatesNothing()
    {
        var pattern = new KeyPattern("*a?c*d*e?");
        Assert.True(pattern.Matches("xxabcxxdxxef"));

        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var i = 0; i < 100; i++)
            pattern.Matches("xxabcxxdxxef");

        Assert.Equal(before, GC.GetAllocatedBytesForCurrentThread());
    }

    private static string Fill(string pattern, char[][] fillers) =>
        string.Concat(pattern.Select((unit, i) => unit switch
        {
            '*' => new string(fillers[i]),
            '?' => "z",
            _ => unit.ToString(),
        }));
}
