using System.Collections.Concurrent;
using BoundedCache.Benchmarks.Measuring;
using BoundedCache.Benchmarks.Peers;
using BoundedCache.Benchmarks.Throughput;
using BoundedCache.Benchmarks.Workloads;

namespace BoundedCache.Benchmarks.Tests;

/// <summary>A cache that doesn't do the work can't look fast.</summary>
public sealed class WorkTests
{
    private static readonly string[] Keys = Workload.Keys(3_000);

    [Fact]
    public void OneThatDropsReadsIsRefused()
    {
        using Peer<Faulty> peer = new("faulty", new Faulty([], _ => true));

        Assert.Contains("missed", RefusalOf(peer, Mix.ReadOnly), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData((int)Mix.Reads90)]
    [InlineData((int)Mix.Reads50)]
    [InlineData((int)Mix.Overwrites)]
    public void OneThatDropsOverwritesIsRefusedThoughEveryReadHits(int mix)
    {
        Dictionary<string, byte[]> held = Keys.ToDictionary(key => key, _ => new byte[1]);
        using Peer<Faulty> peer = new("faulty", new Faulty(held, _ => true));

        Assert.Contains("lost", RefusalOf(peer, (Mix)mix), StringComparison.Ordinal);
    }

    [Fact]
    public void OneThatDropsATenthOfTheNewKeysIsRefused()
    {
        int sets = 0;
        using Peer<Faulty> peer = new("faulty", new Faulty([], _ => ++sets % 10 == 0));

        Assert.NotNull(RefusalOf(peer, Mix.NewKeys));
    }

    [Fact]
    public void OneThatDropsOnlyTheNewKeysItIsNotTimedOnIsRefusedToo()
    {
        using Peer<Faulty> peer = new("faulty", new Faulty([], key => !Keys.Contains(key)));

        Assert.Contains("dropped", RefusalOf(peer, Mix.NewKeys), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData((int)Mix.Reads90)]
    [InlineData((int)Mix.Overwrites)]
    [InlineData((int)Mix.NewKeys)]
    public void OneThatDropsASetWhileAnotherIsUnderWayIsRefused(int mix)
    {
        using Peer<Contended> peer = new("faulty", new Contended(new ContendedState(dropsWhatOverlaps: true)));

        Assert.NotNull(RefusalOfTwoThreads(peer, (Mix)mix));
    }

    [Theory]
    [InlineData((int)Mix.Reads90)]
    [InlineData((int)Mix.Overwrites)]
    [InlineData((int)Mix.NewKeys)]
    public void OneThatKeepsThemBothIsNot(int mix)
    {
        using Peer<Contended> peer = new("sound", new Contended(new ContendedState(dropsWhatOverlaps: false)));

        Assert.Null(RefusalOfTwoThreads(peer, (Mix)mix));
    }

    [Theory]
    [InlineData((int)Mix.Reads90)]
    [InlineData((int)Mix.Overwrites)]
    public void WhatIsSetToSeeThatItStaysIsNotTheInstanceThatIsAskedForLater(int mix)
    {
        Dictionary<string, (string Key, byte[] Value)> held = [];
        using Peer<Noting> peer = new("noting", new Noting(held));
        string[] asked = Workload.Requests(Keys, 1, 2_000, Work.WriteEvery((Mix)mix))[0];

        Assert.Null(Contest.Run([Work.Contestant(peer, (Mix)mix, [asked])], Scale.Tiny)[0].Refusal);

        Assert.All(asked, key => Assert.NotSame(held[key].Key, key));
    }

    [Theory]
    [InlineData((int)Mix.ReadOnly)]
    [InlineData((int)Mix.Reads90)]
    [InlineData((int)Mix.Reads50)]
    [InlineData((int)Mix.Overwrites)]
    [InlineData((int)Mix.NewKeys)]
    public void OneThatDoesTheWorkIsNot(int mix)
    {
        using Peer<Faulty> peer = new("sound", new Faulty(Keys.ToDictionary(key => key, _ => new byte[1]), _ => false));

        Assert.Null(RefusalOf(peer, (Mix)mix));
    }

    [Fact]
    public void OneThatDoesNotHoldWhatItWasFilledWithIsRefused()
    {
        using Peer<Faulty> peer = new("faulty", new Faulty([], key => key == Keys[7]));

        Assert.Throws<RefusedException>(() => Work.Fill(peer, Keys, [Workload.Value]));
    }

    private static string? RefusalOf(Peer peer, Mix mix) => Contest.Run([Work.Contestant(peer, mix, [Keys])], Scale.Tiny)[0].Refusal;

    /// <summary>The second thread goes on alone after the first one's end, so what it has set last is there in any case.</summary>
    private static string? RefusalOfTwoThreads(Peer peer, Mix mix)
    {
        string[][] requests = [[.. Keys.Take(1_000)], [.. Keys.Skip(1_000)]];
        Array.ForEach(Keys, key => peer.Set(key, Workload.Value));
        return Contest.Run([Work.Contestant(peer, mix, requests)], Scale.Tiny)[0].Refusal;
    }

    private sealed class ContendedState(bool dropsWhatOverlaps)
    {
        private int _underWay;

        public ConcurrentDictionary<string, byte[]> Held { get; } = [];

        public void Set(string key, byte[] value)
        {
            bool isAlone = Interlocked.Increment(ref _underWay) == 1;

            // Whoever else can run comes to his own Set while this one is under way, on one core too.
            Thread.Yield();
            if (isAlone || !dropsWhatOverlaps)
            {
                Held[key] = value;
            }

            Interlocked.Decrement(ref _underWay);
        }
    }

    private readonly struct Contended(ContendedState state) : ICache
    {
        public bool Get(string key) => state.Held.ContainsKey(key);

        public byte[]? Find(string key) => state.Held.GetValueOrDefault(key);

        public void Set(string key, byte[] value) => state.Set(key, value);
    }

    /// <summary>Holds the instance of the last write, as some caches do.</summary>
    private readonly struct Noting(Dictionary<string, (string Key, byte[] Value)> held) : ICache
    {
        public bool Get(string key) => true;

        public byte[]? Find(string key) => held[key].Value;

        public void Set(string key, byte[] value) => held[key] = (key, value);
    }

    private readonly struct Faulty(Dictionary<string, byte[]> held, Func<string, bool> drops) : ICache
    {
        public bool Get(string key) => held.ContainsKey(key);

        public byte[]? Find(string key) => held.GetValueOrDefault(key);

        public void Set(string key, byte[] value)
        {
            if (!drops(key))
            {
                held[key] = value;
            }
        }
    }
}
