using static BoundedCache.Interleaving.Tests.Interleavings;

namespace BoundedCache.Interleaving.Tests;

/// <summary>
/// Small caches, a few random operations on each of two or three threads, and random schedules for each. A program has a
/// few kinds of operations, keys and tenants only, so that its threads meet.
/// </summary>
public class RandomProgramTests
{
    private static readonly string[] Names = ["k", "l", "m", "n", "o"];
    private static readonly string?[] Tenants = [null, null, "a", "b"];

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    public void OfACacheOfSoManyEntries(int maxEntries)
    {
        for (int seed = 0; seed < TestScale.Of(quick: 250, full: 4_000); seed++)
        {
            Hold(() => Program(maxEntries, seed), seeds: 8, of: $"program {seed}");
        }
    }

    /// <summary>No miss is excused where nothing has to go: every answer must be a plain map's.</summary>
    [Fact]
    public void OfACacheWithRoomForAll()
    {
        for (int seed = 0; seed < TestScale.Of(quick: 500, full: 8_000); seed++)
        {
            Hold(() => ProgramWithRoomForAll(seed), seeds: 8, of: $"program {seed}");
        }
    }

    [Fact]
    public void OfTwoShardsThatAFewValuesFill()
    {
        for (int seed = 0; seed < TestScale.Of(quick: 250, full: 4_000); seed++)
        {
            Hold(() => ProgramOfTwoShards(seed), seeds: 8, of: $"program {seed}");
        }
    }

    /// <summary>The faults that need no scenario made for them.</summary>
    [Theory]
    [InlineData(nameof(Fault.RetiredWhileHeld))]
    [InlineData(nameof(Fault.VictimByStamp))]
    [InlineData(nameof(Fault.RoomTakenBlindly))]
    [InlineData(nameof(Fault.ExpiredWithoutSecondWalk))]
    [InlineData(nameof(Fault.ValueAfterItsCharge))]
    public void CatchCoarseFaults(string fault) => Catch(
        Enum.Parse<Fault>(fault),
        Enumerable.Range(0, 4_000).SelectMany(seed => (Func<Trial>[])[() => Program(1 + (seed % 4), seed), () => ProgramWithRoomForAll(seed), () => ProgramOfTwoShards(seed)]),
        seeds: 8);

    private static Trial Program(int maxEntries, int seed)
    {
        Random random = new(seed);
        int tenantEntries = random.Next(2) == 0 ? int.MaxValue : random.Next(1, maxEntries + 1);
        EvictionPolicy policy = (EvictionPolicy)random.Next(2);
        World world = new(maxEntries, configure: options =>
        {
            options.MaxEntriesPerTenant = tenantEntries == int.MaxValue ? null : tenantEntries;
            options.EvictionPolicy = policy;
        });
        Func<Action> anyOperation = Operations(random, world, Names, () => random.Next(1, 100));
        return Program(random, world, random.Next(maxEntries + 1), anyOperation, tenantEntries);
    }

    private static Trial ProgramWithRoomForAll(int seed)
    {
        Random random = new(seed);
        World world = new(maxEntries: 16);
        Func<Action> anyOperation = Operations(random, world, Names, () => random.Next(1, 100));
        return Program(random, world, random.Next(30), anyOperation, int.MaxValue, mayGo: false);
    }

    private static Trial ProgramOfTwoShards(int seed)
    {
        Random random = new(seed);
        World world = RoomTests.TwoShards(out string[] first, out string[] second);
        string[] keys = [.. first[..10], .. second[..10]];
        int[] percents = [2, 2, 3, 5, 10, 30, 60, 95];
        Func<Action> anyOperation = Operations(
            random, world, keys, () => World.LengthFor(percents[random.Next(percents.Length)] * RoomTests.Percent) - 200);
        return Program(random, world, random.Next(30), anyOperation, int.MaxValue);
    }

    private static Trial Program(Random random, World world, int before, Func<Action> anyOperation, int tenantEntries, bool mayGo = true)
    {
        for (; before > 0; before--)
        {
            anyOperation()();
        }

        Action[][] threads = [.. Enumerable.Range(0, random.Next(2, 4)).Select(_ =>
            Enumerable.Range(0, random.Next(1, 4)).Select(_ => anyOperation()).ToArray())];
        return RoomTests.Bounded(
            world,
            [.. threads.Select(operations => (Action)(() => Array.ForEach(operations, operation => operation())))],
            _ => mayGo,
            tenantEntries);
    }

    private static Func<Action> Operations(Random random, World world, string[] allKeys, Func<int> length)
    {
        string[] keys = [.. random.GetItems(allKeys, random.Next(1, allKeys.Length + 1)).Distinct()];
        string?[] tenants = [.. random.GetItems(Tenants, random.Next(1, Tenants.Length)).Distinct()];
        int[] kinds = random.GetItems([.. Enumerable.Range(0, 10)], random.Next(2, 8));
        long window = random.Next(2, 20);
        return () =>
        {
            string key = keys[random.Next(keys.Length)];
            string? tenant = tenants[random.Next(tenants.Length)];
            byte value = (byte)random.Next(1, 256);
            int bytes = length();
            return kinds[random.Next(kinds.Length)] switch
            {
                0 or 1 => () => world.Get(key, tenant),
                2 => () => world.Set(key, value, bytes, tenant: tenant),
                3 => () => world.Set(key, value, bytes, lifetime: window, tenant: tenant),
                4 => () => world.Set(key, value, bytes, sliding: window, tenant: tenant),
                5 => () => world.Remove(key, tenant),
                6 => () => world.Clear(keys, tenants),
                7 => () => world.ClearTenant("a", keys),
                8 => () => world.Sweep(keys, tenants),
                _ => () => world.AdvanceBy(window / 2),
            };
        };
    }
}
