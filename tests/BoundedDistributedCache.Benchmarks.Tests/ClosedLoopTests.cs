using BoundedCache.Benchmarks.Measuring;
using BoundedCache.Benchmarks.Peers;
using BoundedCache.Benchmarks.Tiers;
using BoundedCache.Benchmarks.Workloads;
using Microsoft.Extensions.Caching.Distributed;

namespace BoundedCache.Benchmarks.Tests;

public sealed class ClosedLoopTests
{
    private static readonly string[] Keys = Workload.Keys(50);

    [Fact]
    public void NodesThatShareWhatTheyHoldKeepThePromise()
    {
        IDistributedCache shared = PeerSet.MakeBounded(1_000);
        ClosedLoop loop = Loop(shared, shared);

        loop.Fill();
        loop.Run();
        loop.Run();

        Assert.Equal(TimeSpan.Zero, loop.Check());
    }

    [Fact]
    public void NodesThatDoNotHearOfOneAnotherAreRefused()
    {
        IDistributedCache[] apart = [PeerSet.MakeBounded(1_000), PeerSet.MakeBounded(1_000)];
        ClosedLoop loop = Loop(apart);

        // What is there at first is the same on both.
        loop.Fill();
        foreach (string key in Keys)
        {
            apart[0].Set(key, apart[0].Get(key) ?? apart[1].Get(key)!, ClosedLoop.Expiry);
            apart[1].Set(key, apart[0].Get(key)!, ClosedLoop.Expiry);
        }

        loop.Run();

        Assert.Contains("out of date", Assert.Throws<RefusedException>(() => loop.Check()).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void ANodeThatDropsWhatItIsGivenIsRefused()
    {
        IDistributedCache small = PeerSet.MakeBounded(10);
        ClosedLoop loop = Loop(small, small);

        loop.Fill();
        loop.Run();

        Assert.Contains("missed", Assert.Throws<RefusedException>(() => loop.Check()).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void CallersAskForPopularKeysMoreOftenAndWriteTheirShare()
    {
        int[][] requests = ClosedLoop.Requests(keys: 1_000, callers: 4, each: 5_000, percentOfWrites: 10);
        int[] all = [.. requests.SelectMany(own => own)];

        Assert.InRange(all.Count(request => request < 0), 1_700, 2_300);
        Assert.All(all, request => Assert.InRange(request < 0 ? ~request : request, 0, 999));
        Assert.InRange(all.GroupBy(request => request < 0 ? ~request : request).Max(ofKey => ofKey.Count()), 2_000, 3_500);
        Assert.NotEqual(requests[0], requests[1]);
    }

    private static ClosedLoop Loop(params IDistributedCache[] nodes) =>
        new(nodes, Keys, ClosedLoop.Requests(Keys.Length, callers: 4, each: 2_000, percentOfWrites: 10), TimeSpan.Zero);
}
