namespace BoundedCache.Tests.Tenancy;

public sealed class TenantIdsTests
{
    private static readonly string Longest = new('x', 256);

    public static TheoryData<string> Valid =>
    [
        "a", " ", "acme", "Acme Ltd.", "a:b", "^", "..", "münchen", "客户", "\U0001F600", Longest, string.Concat(Enumerable.Repeat("\U0001F600", 128)), "\u200B",
    ];

    // By their units, for lone surrogates do not survive in the names of tests.
    public static TheoryData<int[], string> Invalid => new()
    {
        { [], "is empty" },
        { [.. Longest.Select(unit => (int)unit), 'x'], "has 257" },
        { ['a', 0], "control character at 1" },
        { ['\n'], "control character at 0" },
        { [0x7F], "control character at 0" },
        { ['a', 'b', 0x9F], "control character at 2" },
        { [0xD83D], "half of a surrogate pair at 0" },
        { [0xDE00, 0xD83D], "half of a surrogate pair at 0" },
        { [0xD83D, 0xDE00, 0xDE00], "half of a surrogate pair at 2" },
        { [0xD83D, 'a'], "half of a surrogate pair at 0" },
    };

    [Theory]
    [MemberData(nameof(Valid))]
    public void AnIdIs1To256WellFormedUnitsWithoutControlCharacters(string id)
    {
        Assert.True(TenantIds.IsValid(id));
        TenantIds.ThrowIfInvalid(id, "tenant");
    }

    [Theory]
    [MemberData(nameof(Invalid))]
    public void WhatIsWrongWithAnIdIsSaid(int[] units, string expected)
    {
        var id = new string([.. units.Select(unit => (char)unit)]);

        var exception = Assert.Throws<ArgumentException>(() => TenantIds.ThrowIfInvalid(id, "tenant"));

        Assert.False(TenantIds.IsValid(id));
        Assert.Contains(expected, exception.Message, StringComparison.Ordinal);
        Assert.Equal("tenant", exception.ParamName);
    }

    [Fact]
    public void NullIsNoId()
    {
        Assert.False(TenantIds.IsValid(null));
        Assert.Equal("tenant", Assert.Throws<ArgumentNullException>(() => TenantIds.ThrowIfInvalid(null, "tenant")).ParamName);
    }

    [Fact]
    public void AMessageDoesNotRepeatTheId() =>
        Assert.DoesNotContain("secret", Assert.Throws<ArgumentException>(() => TenantIds.ThrowIfInvalid("secret\n", "tenant")).Message, StringComparison.Ordinal);
}
