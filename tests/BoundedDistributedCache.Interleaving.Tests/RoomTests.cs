using System.Runtime.CompilerServices;
using BoundedCache.Storage;
using static BoundedCache.Interleaving.Tests.Interleavings;

namespace BoundedCache.Interleaving.Tests;

/// <summary>However Sets meet: never above a limit, at no point; each of them ends; and the quiet cache is whole.</summary>
public class RoomTests
{
    /// <summary>A cache of two shards, by entries, that holds a hundred such charges.</summary>
    internal const int Percent = 700;

    [Fact]
    public void OfTwoThatTakeTheLast() => Hold(LastOfRoom);

    [Fact]
    public void TakenWithoutLookingAgainIsCaught() => Catch(Fault.RoomTakenBlindly, LastOfRoom);

    [Fact]
    public void EntriesKeptByWhoeverGetsNoBytesAreCaught() => Catch(Fault.EntriesKeptWithoutBytes, LastOfRoom);

    [Fact]
    public void OfThreeInACacheOfTwoEntries() => Hold(() =>
    {
        World world = new(maxEntries: 2);
        world.Set("k", 1);
        world.Set("l", 2);
        return Bounded(
            world,
            [() => { world.Set("a", 3); world.Get("a"); }, () => { world.Set("b", 4); world.Remove("k"); }, () => { world.Get("k"); world.Get("l"); }],
            _ => true);
    });

    [Fact]
    public void OfAVictimThatIsRemoved() => Hold(VictimRemoved);

    [Fact]
    public void VictimsTakenByTheirStampAreCaught() => Catch(Fault.VictimByStamp, VictimRemoved);

    [Fact]
    public void OfATenantWhoseVictimsSlotAnotherTakes() => Hold(SlotOfVictimTaken);

    [Fact]
    public void VictimsOfATenantTakenByTheirStampAreCaught() => Catch(Fault.VictimByStamp, SlotOfVictimTaken);

    [Fact]
    public void OfTwoValuesOfMoreThanHalfTheCache() => Hold(() =>
    {
        World world = TwoShards(out string[] first, out string[] second);
        world.Set(first[0], 1, World.LengthFor(30 * Percent));
        world.Set(second[0], 2, World.LengthFor(30 * Percent));
        return Bounded(
            world,
            [() => world.Set(first[1], 3, World.LengthFor(60 * Percent)), () => world.Set(second[1], 4, World.LengthFor(60 * Percent))],
            _ => true);
    });

    [Fact]
    public void OfOneThatNeedsNearlyAllWhileOthersComeWithoutEnd() => Hold(ClaimedWhileOthersCome);

    [Fact]
    public void TheClaimOmittedIsCaught() => Catch(Fault.ClaimOmitted, ClaimedWhileOthersCome);

    [Fact]
    public void OfATenantsThatNeedsNearlyAllWhileOthersOfItsComeWithoutEnd() => Hold(ClaimedOfATenantWhileOthersCome);

    [Fact]
    public void TheTenantsClaimOmittedIsCaught() => Catch(Fault.TenantClaimOmitted, ClaimedOfATenantWhileOthersCome);

    [Fact]
    public void OfAnOverwriteThatNeedsNearlyAll() => Hold(OverwrittenInTheGate);

    [Fact]
    public void TheOwnKeyAsAVictimIsCaught() => Catch(Fault.OwnKeyAsVictim, OverwrittenInTheGate);

    [Fact]
    public void VisitsWithoutEndAreCaught() => Catch(Fault.VisitsWithoutEnd, OverwrittenInTheGate);

    [Fact]
    public void OfTwoThatOverwriteOneKey() => Hold(OverwrittenByTwo);

    [Fact]
    public void AValueWrittenAfterItsChargeIsCaught() => Catch(Fault.ValueAfterItsCharge, OverwrittenByTwo);

    [Fact]
    public void OfReadersThatEndProbationWhileItsVictimsAreTaken() => Hold(() =>
    {
        World world = new(maxEntries: 9, configure: ResistScans);
        foreach (string key in (string[])["k0", "l0", "m0", "n0", "o0", "p0", "q0", "r0", "s0"])
        {
            world.Set(key, 1);
        }

        return Bounded(
            world,
            [() => { world.Set("a0", 2); world.Get("a0"); }, () => { world.Set("b0", 3); world.Remove("l0"); }, () => { world.Get("k0"); world.Get("m0"); }],
            _ => true);
    });

    [Fact]
    public void OfVictimsOnProbationInAnotherShard() => Hold(() =>
    {
        World world = TwoShards(out string[] first, out string[] second, ResistScans);
        world.Set(first[0], 1, World.LengthFor(9 * Percent));
        foreach (string key in second[..9])
        {
            world.Set(key, 2, World.LengthFor(9 * Percent));
        }

        return Bounded(
            world,
            [
                () => { world.Get(first[0]); world.Set(first[1], 4, World.LengthFor(20 * Percent)); },
                () => { world.Set(second[9], 5, World.LengthFor(20 * Percent)); world.Get(second[9]); },
            ],
            _ => true);
    });

    [Fact]
    public void OfAnOverwriteOfWhatAloneIsOnProbation() => Hold(OverwrittenOnProbation);

    [Fact]
    public void TheOwnKeyOnProbationAsAVictimIsCaught() => Catch(Fault.OwnKeyOnProbationAsVictim, OverwrittenOnProbation);

    [Fact]
    public void OfATenantAtItsLimit() => Hold(() =>
    {
        World world = new(configure: options => options.MaxEntriesPerTenant = 2);
        world.Set("k", 1, tenant: "a");
        world.Set("l", 2, tenant: "a");
        world.Set("k", 9, tenant: "b");
        return Bounded(
            world,
            [() => world.Set("m", 3, tenant: "a"), () => world.Set("n", 4, tenant: "a"), () => { world.Remove("k", "a"); world.Get("k", "b"); }],
            key => key != "b/k",
            tenantEntries: 2);
    });

    [Fact]
    public void OfATenantOfOneEntryThatIsOverwritten() => Hold(() =>
    {
        World world = new(configure: options => options.MaxEntriesPerTenant = 1);
        world.Set("k", 1, tenant: "a");
        return Bounded(
            world,
            [() => { world.Set("k", 2, 50, tenant: "a"); world.Set("k", 3, tenant: "a"); }, () => { world.Get("k", "a"); world.Get("k", "a"); }],
            tenantEntries: 1);
    });

    [Fact]
    public void OfATenantThatComesAndGoes() => Hold(ComingAndGoing);

    [Fact]
    public void ARecordRetiredWhileItIsHeldIsCaught() => Catch(Fault.RetiredWhileHeld, ComingAndGoing);

    [Fact]
    public void OfATenantWhoseLimitIsLowered() => Hold(() =>
    {
        World world = new(configure: options => options.MaxEntriesPerTenant = 3);
        world.Set("k", 1, tenant: "a");
        world.Set("l", 2, tenant: "a");
        world.Set("m", 2, tenant: "a");
        return new(
            [
                () => world.Set("n", 3, tenant: "a"),
                () => { world.Store.Tenants.Publish(new TenantLimitTable(1, TenantLimitTable.None, new Dictionary<string, (long, long)>())); world.Sweep(); },
            ],
            () => world.Verify(_ => true));
    });

    private static Trial LastOfRoom()
    {
        World world = TwoShards(out string[] first, out string[] second);
        world.Set("zz", 9, World.LengthFor(60 * Percent));
        return Bounded(
            world,
            [() => world.Set(first[0], 1, World.LengthFor(30 * Percent)), () => world.Set(second[0], 2, World.LengthFor(30 * Percent))],
            _ => true);
    }

    /// <summary>Three stand in a queue of victims, the next of them is removed, and another victim is needed.</summary>
    private static Trial VictimRemoved()
    {
        World world = new(maxBytes: 100 * Percent);
        foreach (string key in (string[])["k0", "l0", "m0", "n0", "o0"])
        {
            world.Set(key, 1, World.LengthFor(24 * Percent));
        }

        return Bounded(
            world,
            [
                () => { world.Set("a0", 2, World.LengthFor(40 * Percent)); world.Get("a0"); },
                () => { world.Remove("l0"); world.Set("b0", 3, World.LengthFor(24 * Percent)); },
            ],
            _ => true);
    }

    /// <summary>The tenant's oldest is found to be a victim, goes, and an entry of the host takes its slot.</summary>
    private static Trial SlotOfVictimTaken()
    {
        World world = new(configure: options => options.MaxEntriesPerTenant = 2);
        world.Set("k", 1, tenant: "a");
        world.Set("l", 2, tenant: "a");
        return Bounded(
            world,
            [() => world.Set("m", 3, tenant: "a"), () => { world.Remove("k", "a"); world.Set("h", 4); world.Get("h"); }],
            key => key != "h",
            tenantEntries: 2);
    }

    /// <summary>
    /// One Set needs so much that it goes to the gate, and small ones go on until it is done: as fast as it drives
    /// others out, they would take the room.
    /// </summary>
    private static Trial ClaimedWhileOthersCome() =>
        WhileOthersCome(new World(maxEntries: 100, maxBytes: 100 * Percent), charge: 99 * Percent, tenant: null);

    /// <summary>The same where the cache would have room for both, and the tenant's limit has not.</summary>
    private static Trial ClaimedOfATenantWhileOthersCome() => WhileOthersCome(
        new World(maxEntries: 100, maxBytes: 100 * Percent, options => options.MaxBytesPerTenant = 91 * Percent), charge: 90 * Percent, tenant: "a");

    private static Trial WhileOthersCome(World world, int charge, string? tenant)
    {
        for (int i = 0; i < 50; i++)
        {
            world.SetUnnoted(KeyOf(i), World.LengthFor(2 * Percent));
        }

        bool isDone = false;
        return Bounded(
            world,
            [
                () => { world.Set("kk", 2, World.LengthFor(charge), tenant: tenant); isDone = true; },
                () =>
                {
                    for (int i = 0; !isDone; i++)
                    {
                        world.SetUnnoted(KeyOf(i % 50), World.LengthFor(2 * Percent), tenant);
                        Scheduled.GiveWay();
                    }
                },
            ],
            _ => true);

        static string KeyOf(int i) => $"{(char)('a' + (i / 10))}{i % 10}";
    }

    /// <summary>The key's own entry is the only one in its shard, and the oldest: all others have to go, and it may not.</summary>
    private static Trial OverwrittenInTheGate()
    {
        World world = TwoShards(out string[] first, out string[] second);
        string own = first[0];
        world.Set(own, 1, World.LengthFor(Percent));
        foreach (string key in second)
        {
            world.Set(key, 2, World.LengthFor(4 * Percent));
        }

        return Bounded(
            world,
            [() => world.Set(own, 3, World.LengthFor(98 * Percent)), () => { world.Get(own); world.Get(own); }],
            key => key != own);
    }

    /// <summary>Each writes charge and value into the entry that is there: both of them one's, or both the other's.</summary>
    private static Trial OverwrittenByTwo()
    {
        World world = new();
        world.Set("k", 1);
        return Bounded(
            world,
            [() => world.Set("k", 2, length: 9), () => world.Set("k", 3, length: 90), () => { world.Get("k"); world.Get("k"); }]);
    }

    /// <summary>The key's own entry is the oldest on probation, and all others in the way of its new value.</summary>
    private static Trial OverwrittenOnProbation()
    {
        World world = new(maxBytes: 100 * Percent, configure: ResistScans);
        foreach (string key in (string[])["k0", "l0", "m0", "n0", "o0", "p0", "q0", "r0", "s0"])
        {
            world.Set(key, 1, World.LengthFor(10 * Percent));
        }

        return Bounded(
            world,
            [() => world.Set("k0", 4, World.LengthFor(50 * Percent)), () => { world.Get("k0"); world.Get("l0"); world.Get("k0"); }],
            key => key != "k0");
    }

    private static Trial ComingAndGoing()
    {
        World world = new();
        world.Set("k", 1, tenant: "a");
        return Bounded(
            world,
            [() => world.Set("l", 2, tenant: "a"), () => { world.Remove("k", "a"); world.Set("m", 3, tenant: "a"); }, () => world.Remove("l", "a")]);
    }

    private static void ResistScans(BoundedDistributedCacheOptions options) => options.EvictionPolicy = EvictionPolicy.ScanResistant;

    internal static World TwoShards(out string[] first, out string[] second, Action<BoundedDistributedCacheOptions>? configure = null)
    {
        World world = new(maxEntries: 2 * ShardDirectory.ExactEntries, maxBytes: 100 * Percent, configure);
        first = world.Keys(24, hash => hash >> 63 == 0);
        second = world.Keys(24, hash => hash >> 63 == 1);
        return world;
    }

    internal static Trial Bounded(World world, Action[] threads, Func<string, bool>? mayGo = null, int tenantEntries = int.MaxValue) => new(
        threads,
        () => world.Verify(mayGo),
        () =>
        {
            (long maxEntries, long maxBytes) = world.Limits;
            Assert.InRange(world.Cache.Count, 0, maxEntries);
            Assert.InRange(world.Cache.SizeBytes, 0, maxBytes);
            if (world.Store.Tenants.Find("a") is { } tenant)
            {
                Assert.InRange(UsedBy(tenant).Entries, 0, tenantEntries);
            }
        });

    [UnsafeAccessor(UnsafeAccessorKind.Field, Name = "_used")]
    private static extern ref RoomAmount UsedBy(Tenant tenant);
}
