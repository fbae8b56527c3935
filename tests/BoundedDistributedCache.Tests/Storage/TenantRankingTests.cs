using System.Reflection;
using BoundedCache.Expiration;
using BoundedCache.Storage;
using BoundedCache.Tests.Support;

namespace BoundedCache.Tests.Storage;

public sealed class TenantRankingTests
{
    private readonly RecencyClock _clock = new(isExact: false);
    private readonly ShardDirectory _shards;
    private readonly TenantRanking _ranking;
    private readonly Tenant _tenant;
    private int _joined;

    public TenantRankingTests()
    {
        _shards = new ShardDirectory(2_000, _clock, new Room(10_000, 10_000_000));
        _ranking = new TenantRanking(_shards, _clock);
        _tenant = _shards.Tenants.Hold("acme");
    }

    [Fact]
    public void TheOlderHalfGoesInTheOrderOfItsStampsWhateverItsShards()
    {
        Entry[] members = [.. Enumerable.Range(0, 40).Select(_ => Join())];
        for (int i = 0; i < members.Length; i++)
            Stamp(members[i], 1 + (i * 7 % 40));

        Assert.Equal(Enumerable.Range(1, 20), Ranked().Select(victim => (int)StampOf(victim)));
    }

    [Theory]
    [InlineData(1, 1)]
    [InlineData(8, 8)]
    [InlineData(12, 8)]
    [InlineData(15, 8)]
    [InlineData(18, 9)]
    public void AsManyAsAVisitTakesAreRankedAtLeast(int members, int ranked)
    {
        for (int i = 0; i < members; i++)
            Join();

        Assert.Equal(ranked, Ranked().Count);
    }

    [Fact]
    public void ATenantWithoutMembersHasNoVictim() => Assert.Empty(Ranked());

    // So many at a time are copied.
    [Fact]
    public void AllOfManyMembersAreRanked()
    {
        Entry[] members = [.. Enumerable.Range(0, 2_100).Select(_ => Join())];
        for (int i = 0; i < members.Length; i++)
            Stamp(members[i], 2_100 - i);

        Assert.Equal(Enumerable.Range(1, 1_050), Ranked().Select(victim => (int)StampOf(victim)));
    }

    [Fact]
    public void OfOneStampWhoJoinedFirstGoesFirst()
    {
        Entry[] members = [.. Enumerable.Range(0, 8).Select(_ => Join())];

        Assert.Equal(members, Ranked().Select(EntryOf));
    }

    // What a rank holds of a stamp is counted from a floor.
    [Theory]
    [InlineData(1L << 40)]
    [InlineData(1L << 61)]
    public void AClockThatIsFarAlongRanksAsOneThatJustBegan(long tick)
    {
        SetTick(tick);
        Entry[] members = [.. Enumerable.Range(0, 8).Select(_ => Join())];
        for (int i = 0; i < members.Length; i++)
            Stamp(members[i], tick - (i * 3));

        Assert.Equal(members.Reverse(), Ranked().Select(EntryOf));
    }

    [Fact]
    public void TheOldestOfAFreshRankingGoesWhateverItsStampIsByThenAndTheRestByTheirs()
    {
        for (int i = 0; i < 8; i++)
            Stamp(Join(), 10 + i);

        List<TenantVictim> ranked = Ranked();

        Assert.Equal([TenantVictim.Oldest, .. Enumerable.Range(11, 7)], ranked.Select(victim => victim.Stamp));
    }

    [Fact]
    public void WhatHasExpiredGoesBeforeTheOldestAndIsKnownAsThat()
    {
        Entry oldest = Join();
        Stamp(oldest, 1);
        Entry alive = Join(sliding: 20);
        Stamp(alive, 2);
        Entry expired = Join(sliding: 10);
        Stamp(expired, 3);

        List<TenantVictim> ranked = Ranked(now: 10);

        Assert.Equal([expired, oldest, alive], ranked.Select(EntryOf));
        Assert.Equal([TenantVictim.Expired, 1, 2], ranked.Select(victim => victim.Stamp));
    }

    // A due time is a bound: what was used since is due, and alive.
    [Fact]
    public void WhatIsDueButAliveIsRankedByItsStamp()
    {
        Entry used = Join(sliding: 10);
        ((ExpiringEntry)used).TryUse(new Now(5, 5));
        Stamp(used, 9);
        Entry older = Join();
        Stamp(older, 8);

        Assert.Equal([older, used], Ranked(now: 10).Select(EntryOf));
    }

    [Fact]
    public void MembersAreRankedOnceAtMostAndOnlyByWhoMay()
    {
        Join();
        bool mayRank = false;
        Assert.False(_ranking.TryTakeVictim(_tenant, default, ref mayRank, out _));

        mayRank = true;
        Assert.True(_ranking.TryTakeVictim(_tenant, default, ref mayRank, out _));
        Assert.False(mayRank);
        Assert.False(_ranking.TryTakeVictim(_tenant, default, ref mayRank, out _));
    }

    [Fact]
    public void TheQueueIsUsedUpBeforeMembersAreRankedAnew()
    {
        for (int i = 0; i < 4; i++)
            Stamp(Join(), 10 + i);
        bool mayRank = true;
        Assert.True(_ranking.TryTakeVictim(_tenant, default, ref mayRank, out _));

        mayRank = true;
        Assert.True(_ranking.TryTakeVictim(_tenant, default, ref mayRank, out TenantVictim second));

        Assert.True(mayRank);
        Assert.Equal(11, second.Stamp);
    }

    [Fact]
    public void WhoWaitedWhileAnotherRankedTakesFromThatQueue()
    {
        Join();
        TenantVictim ofAnother = new(Place: 7, Stamp: 3);
        (bool Found, TenantVictim Victim) taken = default;
        Thread waiting = new(() =>
        {
            bool mayRank = true;
            taken.Found = _ranking.TryTakeVictim(_tenant, default, ref mayRank, out taken.Victim);
        });

        lock (_tenant.Ranking)
        {
            waiting.Start();
            Assert.True(SpinWait.SpinUntil(() => waiting.ThreadState.HasFlag(ThreadState.WaitSleepJoin), TimeSpan.FromSeconds(30)), "Nobody waits.");
            _tenant.Enqueue([ofAnother]);
        }

        waiting.Join();
        Assert.Equal((true, ofAnother), taken);
    }

    private List<TenantVictim> Ranked(long now = 0)
    {
        List<TenantVictim> victims = [];
        bool mayRank = true;
        while (_ranking.TryTakeVictim(_tenant, new Now(now, now), ref mayRank, out TenantVictim victim))
            victims.Add(victim);
        return victims;
    }

    private Entry Join(long? sliding = null)
    {
        string key = $"key{_joined++}";
        ulong hash = new KeyHasher(1).Hash(key);
        Entry entry = Entry.Of(hasTenant: true, key, (int)hash, [], sliding is { } window ? new Deadlines(Deadlines.None, window) : Deadlines.Never, default);
        Shard shard = _shards.GetOrMake(hash);
        Assert.True(_tenant.TryHold());
        shard.GrowIndex();
        shard.EnsureSlot(entry);
        Assert.Equal(Joining.Joined, shard.TryJoin(entry, _tenant, pastClaim: false, out _));
        shard.Link(entry, replaced: null, default, countsForRecency: false);
        return entry;
    }

    private void Stamp(Entry entry, long stamp) =>
        _shards.Find(new KeyHasher(1).Hash(entry.Key))!.TryGetChunk(entry.Slot)![entry.Slot].Stamp = stamp;

    private void SetTick(long tick)
    {
        FieldInfo lines = typeof(RecencyClock).GetField("_lines", BindingFlags.Instance | BindingFlags.NonPublic)!;
        object boxed = lines.GetValue(_clock)!;
        boxed.GetType().GetField("Tick")!.SetValue(boxed, tick);
        lines.SetValue(_clock, boxed);
    }

    private long StampOf(TenantVictim victim) => _shards.TryGetChunk(victim.Place)![ShardDirectory.SlotOf(victim.Place)].Stamp;

    private Entry EntryOf(TenantVictim victim) => _shards.TryGetChunk(victim.Place)![ShardDirectory.SlotOf(victim.Place)].Entry!;
}
