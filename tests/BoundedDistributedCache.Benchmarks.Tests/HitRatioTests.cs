using System.Buffers.Binary;
using System.IO.Compression;
using BoundedCache.Benchmarks.HitRatios;
using BoundedCache.Benchmarks.Peers;
using BoundedCache.Benchmarks.Reporting;

namespace BoundedCache.Benchmarks.Tests;

public sealed class HitRatioTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("traces").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void ATraceOfKeysIsReadAsTheyAre()
    {
        Trace trace = Trace.Load(Write("some-1.0.keys.gz", 1, 2, 70_000, 1));

        Assert.Equal("some-1.0", trace.Name);
        Assert.Equal([1u, 2, 70_000, 1], trace.Keys);
        Assert.Equal(70_001, trace.KeyCount);
    }

    [Fact]
    public void ASizedTraceHasTheKeyFirst()
    {
        Trace trace = Trace.Load(Write("some.sized.gz", 1, 512, 2, 1_024));

        Assert.Equal([1u, 2], trace.Keys);
        Assert.Equal([512u, 1_024], trace.Sizes!);
    }

    [Fact]
    public void ATimedTraceHasTheSecondFirst()
    {
        Trace trace = Trace.Load(Write("some.timed.gz", 0, 19, 3, 1));

        Assert.Equal([0u, 3], trace.Seconds!);
        Assert.Equal([19u, 1], trace.Keys);
    }

    [Fact]
    public void HalfAPairIsNoTrace() =>
        Assert.Throws<InvalidDataException>(() => Trace.Load(Write("some.sized.gz", 1, 512, 2)));

    [Fact]
    public void AnotherNameIsNoTrace() => Assert.Throws<InvalidDataException>(() => Trace.Load(Write("some.other.gz", 1)));

    [Theory]
    [InlineData(1, 0)]
    [InlineData(2, 2)]
    [InlineData(3, 5)]
    public void ExactLruHitsWhatWasUsedLast(int entries, long hits) =>
        Assert.Equal(hits, ExactLru.Hits([1, 2, 3, 2, 1, 3, 1, 2], 4, entries));

    [Fact]
    public void ExactLruGivesUpTheOldestUntilTheWeightFits()
    {
        ExactLru lru = new(4, maxEntries: 10, maxWeight: 10);
        lru.Request(1, 4);
        lru.Request(2, 4);
        lru.Request(1, 4);
        lru.Request(3, 6);

        Assert.True(lru.Request(1, 4));
        Assert.False(lru.Request(2, 4));
    }

    [Fact]
    public void ExactLruDoesNotStoreWhatIsTooHeavy()
    {
        ExactLru lru = new(3, maxEntries: 10, maxWeight: 10);
        lru.Request(1, 4);

        Assert.False(lru.Request(2, 11));
        Assert.False(lru.Request(2, 11));
        Assert.True(lru.Request(1, 4));
    }

    [Fact]
    public void TheChartHasBothPoliciesAmongThePeersAndExactLruLast()
    {
        Trace trace = Trace.Load(Write("some.keys.gz", [.. Enumerable.Range(0, 4_000).Select(i => (uint)(i * i % 1_000)), 999]));

        Chart chart = Assert.Single(HitRatioCommand.Run([trace]).Charts);

        Assert.Equal([PeerSet.Bounded, PeerSet.ScanResistant, .. PeerSet.WithLimit[1..], "exact LRU"], chart.Series.Select(series => series.Name));
        Assert.Equal("some\n@100", Assert.Single(chart.Groups));
        Assert.Equal(100.0 * ExactLru.Hits(trace.Keys, trace.KeyCount, 100) / trace.Keys.Length, Assert.Single(chart.Series[^1].Values));
    }

    private string Write(string name, params uint[] numbers)
    {
        string path = Path.Combine(_folder, name);
        using GZipStream stream = new(File.Create(path), CompressionLevel.Fastest);
        Span<byte> bytes = stackalloc byte[sizeof(uint)];
        foreach (uint number in numbers)
        {
            BinaryPrimitives.WriteUInt32LittleEndian(bytes, number);
            stream.Write(bytes);
        }

        return path;
    }
}
