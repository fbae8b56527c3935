using CsCheck;

namespace BoundedCache.Hybrid.Tests;

public sealed class HybridKeyTests
{
    private static readonly Gen<string> s_text = Gen.Char["a^*:\u007F\0\uD83D\uDE00"].Array[0, 4].Select(units => new string(units));

    private static readonly Gen<string?> s_tenantId = Gen.Char["a^*:é "].Array[0, 3].Select(units => units.Length == 0 ? null : new string(units));

    [Fact]
    public void EveryPairCanBeReadBackSoDifferentPairsGiveDifferentStrings() => Gen.Select(s_tenantId, s_text).Sample(
        (tenantId, key) => HybridKey.TryDecode(HybridKey.Encode(tenantId, key), out var decodedId, out var decodedKey)
            && (decodedId, decodedKey) == (tenantId, key),
        iter: 100_000);

    [Theory]
    [InlineData("__MSFT_HCT__*")]
    [InlineData("__MSFT_HCT__\u007Facme\u007Fprices")]
    [InlineData("price")]
    [InlineData("")]
    [InlineData("\u007F")]
    public void WhatIsNoPairIsNotTakenForOne(string key)
    {
        Assert.False(HybridKey.TryDecode(key, out var tenantId, out var decoded));
        Assert.Equal((null, null), (tenantId, decoded));
    }

    [Fact]
    public void AKeyGrowsByTheOverheadAtMost() =>
        Assert.Equal(HybridKey.MaxOverhead, HybridKey.Encode(new string('t', 256), "").Length);

    [Fact]
    public void EverythingIsATagOfItsPartitionThatNoEntryCanHaveOtherwise()
    {
        Assert.Equal(HybridKey.Encode("acme", "*"), HybridKey.Everything("acme"));
        Assert.Equal(HybridKey.Encode(null, "*"), HybridKey.Everything(null));
    }
}
