using BoundedCache.Storage;
using BoundedCache.Tests.Support;
using CsCheck;

namespace BoundedCache.Tests.Hostile;

/// <summary>
/// Patterns and keys that were made to be costly. No clock is asked: the sizes are such that a matcher which goes back to
/// earlier stars would not come to an end in a lifetime, and what a pattern takes is told by what it allocates.
/// </summary>
public sealed class PatternTests
{
    private const int Million = 1_000_000;

    private static readonly Gen<char> s_unit = Gen.OneOf(
        Gen.Char["ab"], Gen.Char["?*"], Gen.Char["\\^[]{}.+$|\0"], Gen.Char["\uD83D\uDE00\uFFFD\u0301é"]);

    private static readonly Gen<string> s_text = Gen.OneOf(
        s_unit.Array[0, 12].Select(units => new string(units)),
        Gen.Select(s_unit.Array[1, 3], Gen.Int[1, 12]).Select((units, times) => Times(new string(units), times)));

    public static TheoryData<string, string, bool> Costly => new()
    {
        { Times("*a", Million / 2), Run(Million), true },
        { Times("*a", Million / 2) + "*b", Run(Million), false },
        { Times("*a", Million / 2) + "*b", Run(Million) + "b", true },
        { Times("*a", 1_000) + "*?b", Run(Million), false },
        { Times("*a", 1_000) + "*b*", Run(Million) + "ab", true },
        { Times("*?", Million / 2), Run(Million), true },
        { Times("*?", Million / 2) + "b", Run(Million), false },
        { Times("?*", Million / 2), Run((Million / 2) - 1), false },
        { new string('*', Million), "", true },
        { new string('*', Million) + "b", Run(Million), false },
        { new string('?', Million), Run(Million), true },
        { new string('?', Million), Run(Million - 1), false },
        { new string('?', Million), Run(Million + 1), false },
        { "*" + new string('?', Million) + "*", Run(Million + 1), true },
        { Run(Million), Run(Million), true },
        { Run(Million), Run(Million - 1) + "b", false },
        { Times("*a?", 300_000) + "b", Times("aa", Million / 2), false },
        { "*" + Run(500) + "b*", Run(Million), false },
        { "*" + Times("a?", 100) + "b*", Run(Million / 10), false },
        { Times("*aab", 250_000), Times("aaab", 250_000), true },
        { Times("*\uD83D", 1_000) + "*\uDE00x", Times("\uD83D\uDE00", Million / 2), false },
        { Times("*\\", 1_000) + "*", new string('\\', Million), true },
    };

    [Theory]
    [MemberData(nameof(Costly), DisableDiscoveryEnumeration = true)]
    public void APatternThatWasMadeToBeCostlyComesToAnEnd(string pattern, string key, bool expected)
    {
        var before = GC.GetAllocatedBytesForCurrentThread();
        KeyPattern compiled = new(pattern);

        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 200L * (pattern.Length + 100));
        Assert.Equal(expected, compiled.Matches(key));
    }

    [Fact]
    public void ARemovalBySuchAPatternTakesWhatItMatchesAndNothingElse()
    {
        using BoundedDistributedCache cache = TestCache.Make(1_000);
        string[] keys = [Run(Million), Run(Million) + "b", Times("aaab", 250_000), new string('\\', Million), "", "a", "b", "aab", "*", "?", "\uD83D"];
        foreach (string text in new[] { Times("*a", Million / 2), new string('?', Million), "*" + Run(500) + "b*", new string('*', Million), "*\\*", "*?" })
        {
            Assert.All(keys, key => cache.Set(key));
            Assert.All(keys, key => cache.ForTenant("acme").Set(key, [1], TestCache.NoExpiry));
            KeyPattern pattern = new(text);
            int matching = keys.Count(key => pattern.Matches(key));

            Assert.Equal(2 * matching, cache.RemoveByPattern(text));

            Assert.Equal(2 * (keys.Length - matching), cache.Count);
        }

        Integrity.Check(cache);
    }

    [Fact]
    public void NothingIsAnEscape()
    {
        Assert.True(new KeyPattern("\\*").Matches("\\x"));
        Assert.False(new KeyPattern("\\*").Matches("*"));
        Assert.True(new KeyPattern("[?]").Matches("[a]"));
        Assert.False(new KeyPattern("[ab]").Matches("a"));
        Assert.False(new KeyPattern(".").Matches("a"));
        Assert.False(new KeyPattern("\\?").Matches("?"));
    }

    [Fact]
    public void AnyPatternAgreesWithThePlainDefinitionOnAnyKey() =>
        Gen.Select(s_text.Array[0, 4], s_text.Array[0, 4])
            .Select((pattern, key) => (Pattern: string.Concat(pattern), Key: string.Concat(key)))
            .Sample(sample => Agrees(sample.Pattern, sample.Key), iter: TestScale.Of(quick: 100_000, full: 1_000_000));

    /// <summary>A key that matches, or nearly: the pattern with its wild cards filled, and a few units changed in both.</summary>
    [Fact]
    public void AMutatedPatternAgreesWithThePlainDefinitionOnAMutatedKey() =>
        (from pattern in s_text.Array[1, 6].Select(string.Concat)
         from fillers in s_text.Array[8]
         from key in Mutations(Fill(pattern, fillers))
         from mutated in Mutations(pattern)
         select (Pattern: mutated, Key: key))
        .Sample(sample => Agrees(sample.Pattern, sample.Key), iter: TestScale.Of(quick: 100_000, full: 1_000_000));

    private static bool Agrees(string pattern, string key) => new KeyPattern(pattern).Matches(key) == PlainPattern.Matches(pattern, key);

    private static Gen<string> Mutations(string text) =>
        from at in Gen.Int[0, text.Length].Array[0, 2]
        from unit in s_unit
        from kind in Gen.Int[0, 2]
        select at.Aggregate(text, (mutated, place) => Mutate(mutated, Math.Min(place, mutated.Length), unit, kind));

    private static string Mutate(string text, int at, char unit, int kind) => kind switch
    {
        0 => text.Insert(at, unit.ToString()),
        1 when at < text.Length => text.Remove(at, 1),
        2 when at < text.Length => text.Remove(at, 1).Insert(at, unit.ToString()),
        _ => text,
    };

    private static string Fill(string pattern, string[] fillers) =>
        string.Concat(pattern.Select((unit, i) => unit switch
        {
            '*' => fillers[i % fillers.Length],
            '?' => "z",
            _ => unit.ToString(),
        }));

    private static string Run(int length) => new('a', length);

    private static string Times(string text, int times) => string.Concat(Enumerable.Repeat(text, times));
}
