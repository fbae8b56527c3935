using BoundedCache.Tests.Support;
using CsCheck;

namespace BoundedCache.Tests;

/// <summary>
/// Random operations by several threads on a cache of a few entries: what is left is what a plain LRU would be left with
/// after the same operations in some order. Not by Clear, which is no single step: of what is set meanwhile, it may take the
/// later and leave the earlier.
/// </summary>
[Collection(nameof(RunsAlone))]
public class ParallelSampleTests
{
    private static readonly Gen<string> Keys = Gen.Int[0, 5].Select(i => $"k{i}");

    [Theory]
    [InlineData(1, 2)]
    [InlineData(2, 2)]
    [InlineData(3, 3)]
    [InlineData(4, 4)]
    public void LeavesWhatSomeOrderWouldHaveLeft(int maxEntries, int threads) =>
        Gen.Const(() => (TestCache.Make(maxEntries), new ReferenceLru(maxEntries, long.MaxValue))).SampleParallel(
            Gen.Select(Keys, Gen.Byte).Operation<BoundedDistributedCache, ReferenceLru>(
                set => $"Set({set.Item1}, {set.Item2})",
                (cache, set) => cache.Set(set.Item1, [set.Item2], TestCache.NoExpiry),
                (lru, set) => lru.Set(set.Item1, [set.Item2], null, null, default)),
            Keys.Operation<BoundedDistributedCache, ReferenceLru>(
                key => $"Get({key})",
                (cache, key) => { cache.Get(key); },
                (lru, key) => { lru.Use(key, default); }),
            Keys.Operation<BoundedDistributedCache, ReferenceLru>(
                key => $"Remove({key})", (cache, key) => cache.Remove(key), (lru, key) => lru.Remove(key)),
            equal: IsLike,
            maxParallelOperations: 4,
            iter: TestScale.Of(quick: 60, full: 1_200),
            threads: threads);

    /// <summary>Several orders are compared with the one cache at a time, and the walker wants it quiet.</summary>
    private static bool IsLike(BoundedDistributedCache cache, ReferenceLru lru)
    {
        lock (cache)
        {
            Integrity.Check(cache);
        }

        return cache.Count == lru.Count
            && cache.SizeBytes == lru.Bytes
            && lru.Entries.All(entry => cache.Get(entry.Key) is { } value && value.AsSpan().SequenceEqual(entry.Value));
    }
}
