using BoundedCache.Storage;
using static BoundedCache.Interleaving.Tests.Interleavings;

namespace BoundedCache.Interleaving.Tests;

/// <summary>
/// Reads take no lock: whatever writers do in the middle of one, it answers as a plain map would have at some instant.
/// </summary>
public class ReadTests
{
    [Fact]
    public void OfAKeyThatIsOverwritten() => Hold(() =>
    {
        World world = new();
        world.Set("k", 1);
        world.Set("l", 7);
        return new(
            [() => { world.Get("k"); world.Get("k"); }, () => { world.Set("k", 2); world.Set("k", 3, length: 9); }, () => world.Get("k")],
            () => world.Verify());
    });

    [Fact]
    public void OfAKeyThatIsRemovedAndWhoseSlotAnotherTakes() => Hold(() =>
    {
        World world = new();
        string[] keys = world.Keys(3, hash => (hash & 7) == 3);
        Array.ForEach(keys, key => world.Set(key, 1));
        return new(
            [() => { world.Get(keys[0]); world.Get(keys[1]); }, () => { world.Remove(keys[1]); world.Set(keys[1], 2); }, () => { world.Remove(keys[2]); world.Set("z", 3); }],
            () => world.Verify());
    });

    [Fact]
    public void WhileTheIndexGrows() => Hold(Growing);

    [Fact]
    public void MissesByTheTableAreCaught() => Catch(Fault.MissByTable, Growing);

    [Fact]
    public void WhileTheIndexShrinks() => Hold(Shrinking);

    [Fact]
    public void MissesByTheTableAreCaughtWhereItShrinks() => Catch(Fault.MissByTable, Shrinking);

    [Fact]
    public void WhileTheIndexGrowsAndAnotherWriterFollows() => Hold(() =>
    {
        World world = Grown(out string behind, out string before);
        return new(
            [() => { world.Get(behind); world.Get(before); }, () => world.Set("z9", 2), () => { world.Set(behind, 3); world.Remove(before); }],
            () => world.Verify());
    });

    [Fact]
    public void OfAnExpiredEntryThatIsOverwritten() => Hold(Overwritten);

    [Fact]
    public void ExpiredVerdictsWithoutTheSecondWalkAreCaught() => Catch(Fault.ExpiredWithoutSecondWalk, Overwritten);

    [Fact]
    public void OfAnExpiredEntryThatIsOverwrittenTwice() => Hold(() =>
    {
        World world = new();
        world.Set("k", 1, lifetime: 10);
        return new(
            [() => { world.Get("k"); world.Get("k"); }, () => { world.Set("k", 2, lifetime: 20); world.AdvanceTo(12); world.Set("k", 3, lifetime: 30); world.AdvanceTo(25); }],
            () => world.Verify());
    });

    [Fact]
    public void ThatTouchWhileASweepReclaims() => Hold(Swept);

    [Fact]
    public void LastAccessesThatAreStoredAreCaught() => Catch(Fault.LastAccessStored, Swept);

    [Fact]
    public void ThatTouchAtDifferentTimes() => Hold(Touched);

    [Fact]
    public void LastAccessesThatAreLoweredAreCaught() => Catch(Fault.LastAccessLowered, Touched);

    [Fact]
    public void WhileTheCacheIsCleared() => Hold(() =>
    {
        World world = new();
        world.Set("k", 1);
        world.Set("l", 7);
        return new(
            [() => { world.Get("k"); world.Set("k", 2); world.Get("k"); }, () => { world.Clear("k", "l"); world.Get("l"); }, () => world.Get("l")],
            () => world.Verify());
    });

    [Fact]
    public void WhileATenantIsCleared() => Hold(() =>
    {
        World world = new();
        world.Set("k", 1, tenant: "a");
        world.Set("l", 7, tenant: "a");
        world.Set("k", 3, tenant: "b");
        return new(
            [() => { world.Get("k", "a"); world.Set("k", 2, tenant: "a"); world.Get("k", "a"); }, () => world.ClearTenant("a", "k", "l"), () => world.Get("k", "b")],
            () => world.Verify());
    });

    [Fact]
    public void OfAKeyThatIsOverwrittenAsItIsRemoved() => Hold(OverwrittenAsItIsRemoved);

    [Fact]
    public void ValuesWrittenIntoEntriesThatLeftAreCaught() => Catch(Fault.OverwriteOfWhatLeft, OverwrittenAsItIsRemoved);

    private static Trial OverwrittenAsItIsRemoved()
    {
        World world = new();
        world.Set("k", 1);
        return new(
            [() => { world.Set("k", 2, length: 20); world.Get("k"); }, () => { world.Remove("k"); world.Set("l", 3); world.Get("k"); }],
            () => world.Verify());
    }

    [Fact]
    public void WhileASweepMovesEntries() => Hold(() =>
    {
        World world = Sparse(out string moved);
        return new(
            [() => { world.Get(moved); world.Get(moved); }, () => world.Sweep(moved), () => { world.Set(moved, 2); world.Remove(moved); }],
            () => world.Verify());
    });

    [Fact]
    public void AfterAClearThatASweepMovesEntriesUnder() => Hold(ClearedWhileMoved);

    [Fact]
    public void RemovalUpwardsIsCaught() => Catch(Fault.RemovalUpwards, ClearedWhileMoved);

    [Fact]
    public void AfterATenantsClearThatASweepMovesEntriesUnder() => Hold(TenantClearedWhileMoved);

    [Fact]
    public void MovesThatATenantsClearDoesNotNoticeAreCaught() => Catch(Fault.MovesUnnoticed, TenantClearedWhileMoved);

    private static Trial ClearedWhileMoved()
    {
        World world = Sparse(out string moved);
        return new(
            [() => { world.Clear(moved); world.Get(moved); }, () => world.Sweep(moved)],
            () => world.Verify());
    }

    private static Trial TenantClearedWhileMoved()
    {
        World world = Sparse(out string moved, tenant: "a");
        return new(
            [() => { world.ClearTenant("a", moved); world.Get(moved, "a"); }, () => world.Sweep([moved], ["a"])],
            () => world.Verify());
    }

    /// <summary>Four entries in four chunks of one shard: a sweep moves those of the upper two, the one it returns among them.</summary>
    private static World Sparse(out string moved, string? tenant = null)
    {
        World world = new(maxEntries: 600);
        string[] keys = world.Keys((3 * SlotChunk.Length) + 1, hash => hash >> 63 == 0, tenant);
        Array.ForEach(keys[..^1], key => world.SetUnnoted(key, 1, tenant));
        moved = keys[^1];
        world.Set(moved, 1, tenant: tenant);
        for (int i = 0; i < keys.Length - 1; i++)
        {
            if (i % SlotChunk.Length != 0)
            {
                world.Store.Remove(new Partition(tenant), keys[i]);
            }
        }

        return world;
    }

    /// <summary>Eight entries in eight buckets: the next doubles them. One key stands behind another in a chain.</summary>
    private static World Grown(out string behind, out string before)
    {
        World world = new();
        string[] chain = world.Keys(2, hash => (hash & 7) == 3);
        string[] others = world.Keys(6, hash => (hash & 7) is not 3);
        Array.ForEach([.. chain, .. others], key => world.Set(key, 1));
        (behind, before) = (chain[0], chain[1]);
        return world;
    }

    private static Trial Growing()
    {
        World world = Grown(out string behind, out string before);
        return new(
            [() => { world.Get(behind); world.Get(before); }, () => world.Set("z9", 2)],
            () => world.Verify());
    }

    /// <summary>Three entries in sixteen buckets: a sweep halves them.</summary>
    private static Trial Shrinking()
    {
        World world = new();
        string[] chain = world.Keys(2, hash => (hash & 15) == 3);
        string[] others = world.Keys(7, hash => (hash & 7) is not 3);
        Array.ForEach([.. chain, .. others], key => world.Set(key, 1));
        Array.ForEach(others[1..], key => world.Remove(key));
        return new(
            [() => { world.Get(chain[1]); world.Get(chain[0]); }, () => world.Sweep(chain)],
            () => world.Verify());
    }

    private static Trial Overwritten()
    {
        World world = new();
        world.Set("k", 1, lifetime: 10);
        return new(
            [() => { world.Get("k"); world.Get("k"); }, () => { world.Set("k", 2); world.AdvanceTo(12); }],
            () => world.Verify());
    }

    private static Trial Swept()
    {
        World world = new();
        world.Set("k", 1, sliding: 10);
        world.Set("l", 2, sliding: 100);
        world.AdvanceTo(5);
        return new(
            [() => world.Get("k"), () => { world.AdvanceTo(12); world.Sweep("k", "l"); world.Get("k"); }, () => { world.Get("k"); world.Get("k"); }],
            () => world.Verify());
    }

    private static Trial Touched()
    {
        World world = new();
        world.Set("k", 1, sliding: 10);
        world.AdvanceTo(5);
        return new(
            [() => world.Get("k"), () => { world.AdvanceTo(9); world.Get("k"); world.AdvanceTo(16); world.Get("k"); }],
            () => world.Verify());
    }
}
