using BoundedCache.Tests.Support;

namespace BoundedCache.Tests.Faults;

/// <summary>
/// A process whose heap has a hard limit fills what the cache leaves of it, and goes on using the cache until the runtime
/// refused it memory; again and again. After each time it walks the structure, finds that what failed changed nothing, and
/// uses the cache as before.
/// </summary>
[Collection(nameof(RunsAlone))]
public sealed class OutOfMemoryTests
{
    private static readonly Dictionary<string, string> s_limitedHeap = new()
    {
        ["DOTNET_GCHeapHardLimit"] = (64 << 20).ToString("X"),
        ["DOTNET_gcServer"] = "0",
        ["DOTNET_gcConcurrent"] = "0",

        // The collector crashes where it fills the addresses that it reserved to their end (dotnet/runtime 129681): more of them.
        ["DOTNET_GCRegionRange"] = (1 << 30).ToString("X"),
    };

    // Where the compiler has put the one into the other, it goes by that one's name.
    private const string Entry = "Entry.|CacheStore.Set";
    private const string CopyOfAValue = "BoundedDistributedCache.Set|BoundedCachePartition.Set";

    [Fact]
    public void WhereNothingIsEvictedNothingIsMissing() =>
        AssertRefused(
            "Growing",
            CopyOfAValue, Entry, "EntryIndex.", "Tenant");

    [Fact]
    public void WhereEntriesAreEvictedOrderSuffersAndNothingElse() =>
        AssertRefused("Full", Entry, "VictimRanking.", "TenantRanking.");

    [Fact]
    public void WhereTheyAreEvictedFromProbationTheSame() =>
        AssertRefused("FullAndScanResistant", "Probation.", "GhostRing.");

    [Fact]
    public void ASweepThatCanNotMoveAllLeavesTheOthersWhereTheyAre() => AssertRefused("Sparse", "TryCompact ");

    [Fact]
    public void ThreadsThatShareACacheLeaveNothingHalfDone() => AssertRefused("Crowded", Entry);

    private static void AssertRefused(string kind, params string[] places)
    {
        string[] report = ChildProcess.Run(s_limitedHeap, ["shortage", kind, TestScale.Of(quick: 3, full: 9).ToString(), "1", .. places]);

        string surfaced = Assert.Single(report, line => line.StartsWith("surfaced ", StringComparison.Ordinal));
        Assert.NotEqual("surfaced 0", surfaced);
        foreach (string place in places)
        {
            Assert.Contains(report, line => place.Split('|').Any(either => line.StartsWith(either, StringComparison.Ordinal)));
        }
    }
}
