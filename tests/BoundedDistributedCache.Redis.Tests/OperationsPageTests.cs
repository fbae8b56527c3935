using BoundedCache.Tests.Support;

namespace BoundedCache.Redis.Tests;

/// <summary>docs/operations.md lists what others build upon.</summary>
public sealed class OperationsPageTests
{
    [Fact]
    public void ListsEveryInstrumentOfTheTierWithItsKindAndUnit() => Assert.Equal(
        OperationsPage.InstrumentsOf(factory => RedisTierMeter.Of(factory)).Order(StringComparer.Ordinal),
        OperationsPage.Instruments.Where(row => row.StartsWith(OperationsPage.OfRedis, StringComparison.Ordinal)).Order(StringComparer.Ordinal));
}
