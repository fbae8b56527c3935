using System.Text;
using BoundedCache.Tenancy;
using CsCheck;

namespace BoundedCache.Tests.Tenancy;

public sealed class TenantKeyTests
{
    [Theory]
    [InlineData("acme", "product:1", "^acme:product:1")]
    [InlineData("acme", "", "^acme:")]
    [InlineData("acme", "a^b", "^acme:a^^b")]
    [InlineData("acme", "größe", "^acme:größe")]
    [InlineData("a:b", "c", "^a^003Ab:c")]
    [InlineData("a^b", "c", "^a^005Eb:c")]
    [InlineData("Acme Ltd.", "c", "^Acme^0020Ltd.:c")]
    [InlineData("münchen", "c", "^m^00FCnchen:c")]
    [InlineData(null, "product:1", "product:1")]
    [InlineData(null, "", "")]
    [InlineData(null, "a^b:c", "a^b:c")]
    [InlineData(null, "^acme:product:1", "^:^^acme:product:1")]
    public void ATenantsKeyBeginsWithItsIdAndAHostKeyStaysUnlessItBeginsLikeThat(string? tenantId, string key, string expected) =>
        Assert.Equal(expected, TenantKey.Encode(tenantId, key));

    [Theory]
    [InlineData("product:1", null, "product:1")]
    [InlineData("^acme:product:1", "acme", "product:1")]
    [InlineData("^acme:", "acme", "")]
    [InlineData("^acme:a^^b", "acme", "a^b")]
    [InlineData("^a^003Ab:c", "a:b", "c")]
    [InlineData("^:^^acme:product:1", null, "^acme:product:1")]
    public void AStringIsReadAsThePairThatItIsWrittenFor(string encoded, string? tenantId, string key)
    {
        Assert.True(TenantKey.TryDecode(encoded, out string? readId, out string? readKey));
        Assert.Equal((tenantId, key), (readId, readKey));
    }

    [Fact]
    public void LoneSurrogatesAreReadBack() =>
        Assert.All(
            ["\uD83D", "x\uDE00y", "^\U0001F600\uDE00:"],
            key => Assert.Equal((true, "acme", key), (TenantKey.TryDecode(TenantKey.Encode("acme", key), out string? tenantId, out string? read), tenantId, read)));

    [Theory]
    [InlineData("^acme")]
    [InlineData("^")]
    [InlineData("^acme:^")]
    [InlineData("^acme:^x")]
    [InlineData("^acme:^D83")]
    [InlineData("^acme:^0041")]
    [InlineData("^acme:^d83d")]
    [InlineData("^a^0041:key")]
    [InlineData("^a^b:key")]
    [InlineData("^a^^b:key")]
    [InlineData("^a b:key")]
    [InlineData("^a^0007:key")]
    [InlineData("^:key")]
    public void WhatNoPairIsWrittenAsIsReadAsNone(string encoded)
    {
        Assert.False(TenantKey.TryDecode(encoded, out string? tenantId, out string? key));
        Assert.Equal((null, null), (tenantId, key));
    }

    [Fact]
    public void LoneSurrogatesAreWrittenAsNumbersAndPairsStay()
    {
        Assert.Equal("^acme:^D83D", TenantKey.Encode("acme", "\uD83D"));
        Assert.Equal("^acme:^DE00^D83Dx", TenantKey.Encode("acme", "\uDE00\uD83Dx"));
        Assert.Equal("^acme:\U0001F600^DE00", TenantKey.Encode("acme", "\U0001F600\uDE00"));
        Assert.Equal("^:^^^D83D", TenantKey.Encode(null, "^\uD83D"));
    }

    [Fact]
    public void EveryVisibleAsciiUnitOfAnIdStaysButMarkAndEnd() =>
        Assert.All(
            Enumerable.Range(0, 0x200).Select(unit => (char)unit),
            unit => Assert.Equal(unit is > ' ' and <= '~' and not '^' and not ':', TenantKey.Encode(unit.ToString(), "") == $"^{unit}:"));

    [Fact]
    public void NoTwoPairsGiveTheSameBytes() =>
        Gen.Select(Adversarial.Pair, Adversarial.Pair).Sample(AreTheSameOrGiveOtherBytes, iter: 50_000);

    [Fact]
    public void NoPairIsMistakenForOneWhoseIdEndsElsewhere() =>
        Adversarial.Pair.Where(pair => pair.TenantId is not null).SelectMany(pair => Adversarial.EndingElsewhere(pair).Select(other => (pair, other)))
            .Sample(AreTheSameOrGiveOtherBytes, iter: 50_000);

    [Fact]
    public void NoKeyIsMistakenForOneThatResemblesIt() =>
        Adversarial.Pair.Where(pair => pair.TenantId is not null)
            .SelectMany(pair => Adversarial.Resembling(pair.Key).Select(key => (pair, (pair.TenantId, key))))
            .Sample(AreTheSameOrGiveOtherBytes, iter: 50_000);

    [Fact]
    public void NoPairIsMistakenForTheHostsKeyThatReadsLikeIt() =>
        Gen.Select(Adversarial.Pair, Adversarial.Partition).Sample(
            (pair, partition) => AreTheSameOrGiveOtherBytes((pair, (partition, TenantKey.Encode(pair.TenantId, pair.Key)))),
            iter: 50_000);

    [Fact]
    public void WhatATenantsPairIsWrittenAsIsWellFormed() =>
        Adversarial.Pair.Where(pair => pair.TenantId is not null).Sample(pair =>
        {
            var encoded = TenantKey.Encode(pair.TenantId, pair.Key);
            return ThroughUtf8(encoded) == encoded;
        });

    private static bool AreTheSameOrGiveOtherBytes(((string? TenantId, string Key) One, (string? TenantId, string Key) Other) pairs)
    {
        var (one, other) = pairs;

        // A host key keeps what UTF-8 does to it.
        var isSame = one == other || (one.TenantId is null && other.TenantId is null && ThroughUtf8(one.Key) == ThroughUtf8(other.Key));
        return isSame || ThroughUtf8(TenantKey.Encode(one.TenantId, one.Key)) != ThroughUtf8(TenantKey.Encode(other.TenantId, other.Key));
    }

    private static string ThroughUtf8(string text) => Encoding.UTF8.GetString(Encoding.UTF8.GetBytes(text));
}
