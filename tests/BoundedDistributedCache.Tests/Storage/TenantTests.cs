using BoundedCache.Storage;

namespace BoundedCache.Tests.Storage;

public sealed class TenantTests
{
    private const long Charge = 100;

    private readonly SlotChunk _chunk = new();
    private readonly TenantLimitTable _limits = Limits(edition: 1, maxEntries: 10);

    [Fact]
    public void ARecordThatIsHeldIsNotRetiredWhenItsLastMemberLeaves()
    {
        Tenant tenant = WithMembers(1);
        Assert.True(tenant.TryHold());

        Assert.False(tenant.Leave(_chunk, 0, Charge, Change.Removal));

        Assert.True(tenant.LetGo());
        Assert.False(tenant.TryHold());
    }

    [Fact]
    public void WhoBringsItToNothingRetiresItOnce()
    {
        Tenant tenant = WithMembers(2);

        Assert.False(tenant.Leave(_chunk, 1, Charge, Change.Removal));
        Assert.True(tenant.Leave(_chunk, 0, Charge, Change.Removal));
        Assert.False(tenant.TryHold());
    }

    [Fact]
    public void TheFirstWhoJoinsPaysForTheRecord()
    {
        Tenant tenant = Make();

        Assert.True(Join(tenant));
        Assert.False(Join(tenant));
        Assert.True(tenant.IsPaid);
    }

    [Fact]
    public void AnOlderEditionOfTheLimitsIsNotFollowedAgain()
    {
        Tenant tenant = WithMembers(5);
        Assert.Equal(new RoomAmount(2, 0), tenant.Missing(new RoomAmount(1, Charge), Limits(edition: 2, maxEntries: 4), pastClaim: false));

        Assert.Equal(new RoomAmount(2, 0), tenant.Missing(new RoomAmount(1, Charge), _limits, pastClaim: false));
    }

    [Fact]
    public void WhatIsHeldBeyondALoweredLimitIsMissingToo()
    {
        Tenant tenant = WithMembers(9);
        TenantLimitTable lowered = Limits(edition: 2, maxEntries: 4);

        Assert.Equal(new RoomAmount(6, 0), tenant.Missing(new RoomAmount(1, Charge), lowered, pastClaim: false));
        Assert.Equal(new RoomAmount(5, 0), tenant.Missing(new RoomAmount(0, -10), lowered, pastClaim: false));
        Assert.Equal(new RoomAmount(5, 0), tenant.Excess(lowered));
    }

    [Fact]
    public void AClaimKeepsOthersFromNoMoreThanTheyNeed()
    {
        Tenant tenant = WithMembers(5);
        tenant.Claim(new RoomAmount(10, 0));

        Assert.Equal(new RoomAmount(2, 0), tenant.Missing(new RoomAmount(2, Charge), _limits, pastClaim: false));
        Assert.Equal(RoomAmount.None, tenant.Missing(new RoomAmount(2, Charge), _limits, pastClaim: true));
    }

    [Fact]
    public void ARankingOfManyMoreMembersThanAreLeftIsDropped()
    {
        Tenant tenant = WithMembers(10);
        tenant.Enqueue([.. Enumerable.Repeat(new TenantVictim(0, 1), 14)]);
        tenant.Leave(_chunk, 9, Charge, Change.Removal);
        tenant.Leave(_chunk, 8, Charge, Change.Removal);
        Assert.True(tenant.TryTakeVictim(out _));

        tenant.Leave(_chunk, 7, Charge, Change.Removal);
        tenant.Leave(_chunk, 6, Charge, Change.Removal);
        Assert.True(tenant.TryTakeVictim(out _));

        tenant.Leave(_chunk, 5, Charge, Change.Removal);
        Assert.False(tenant.TryTakeVictim(out _));
    }

    [Theory]
    [InlineData(TenantLimitTable.None, 600, 0)]
    [InlineData(10_000, 1, 1)]
    [InlineData(10_000, 31, 31)]
    [InlineData(10_000, 47, 31 + 8)]
    public void WithALimitItTellsTheClockThatItTurnsOver(long maxEntries, int joining, int times)
    {
        TenantLimitTable limits = Limits(1, maxEntries);
        Tenant tenant = Make(limits);
        SlotChunk[] chunks = [.. Enumerable.Range(0, 10).Select(_ => Chunk())];
        int told = 0;
        for (int i = 0; i < joining; i++)
        {
            tenant.TryHold();
            tenant.TryJoin(chunks[i / SlotChunk.Length], i % SlotChunk.Length, Charge, limits, pastClaim: false, out _, out bool beginsEpoch);
            told += beginsEpoch ? 1 : 0;
        }

        // One in two from 32 on.
        Assert.Equal(times, told);
    }

    private static TenantLimitTable Limits(long edition, long maxEntries) =>
        new(maxEntries, TenantLimitTable.None, new Dictionary<string, (long, long)>()) { Edition = edition };

    private static SlotChunk Chunk()
    {
        SlotChunk chunk = new();
        chunk.Prepare(new TenantEntry("key", 1, []));
        return chunk;
    }

    private Tenant Make(TenantLimitTable? limits = null)
    {
        _chunk.Prepare(new TenantEntry("key", 1, []));
        return new Tenant("acme", new TenantTally(), limits ?? _limits, shards: null!);
    }

    private Tenant WithMembers(int count)
    {
        Tenant tenant = Make();
        for (int i = 0; i < count; i++)
        {
            Join(tenant, i);
        }

        return tenant;
    }

    private bool Join(Tenant tenant, int place = 0)
    {
        Assert.True(tenant.TryHold());
        Assert.Equal(Joining.Joined, tenant.TryJoin(_chunk, place, Charge, _limits, pastClaim: false, out bool pays, out _));
        return pays;
    }
}
