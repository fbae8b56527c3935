using System.Buffers;
using System.Text;
using BoundedCache.Tenancy;
using BoundedCache.Tests.Support;
using CsCheck;
using Microsoft.Extensions.Caching.Distributed;
using Microsoft.Extensions.DependencyInjection;

namespace BoundedCache.Tests.Tenancy;

/// <summary>
/// Whatever partitions do with one cache, each sees what it would see with a cache of its own. After every operation every
/// pair of the run is read and compared with that.
/// </summary>
public sealed class IsolationTests
{
    private const int Operations = 13;
    private const int Clear = 11;
    private const int RemoveByPattern = 12;

    // Partitions and keys of pairs that read alike, for random ones seldom meet.
    private static readonly Gen<(string?[] Partitions, string[] Keys, (int Partition, int Key, int Operation)[] Steps)> Scenario =
        from pair in Adversarial.Pair.Where(pair => pair.TenantId is not null)
        from alike in Adversarial.EndingElsewhere(pair)
        from resembling in Adversarial.Resembling(pair.Key)
        from other in Adversarial.Pair
        from steps in Gen.Select(Gen.Int[0, 3], Gen.Int[0, 4], Gen.Int[0, Operations - 1]).Array[1, 30]
        select ((string?[])[pair.TenantId, alike.TenantId, other.TenantId, null],
            (string[])[pair.Key, alike.Key, resembling, other.Key, TenantKey.Encode(pair.TenantId, pair.Key)],
            steps);

    public static TheoryData<string> Providers => ["bounded", "foreign", "foreign, UTF-8", "foreign, UTF-8, buffers"];

    [Theory]
    [MemberData(nameof(Providers))]
    public void NoOperationOfOnePartitionChangesOrRevealsWhatIsInAnother(string kind) =>
        Scenario.Sample(scenario => Run(kind, scenario.Partitions, scenario.Keys, scenario.Steps), iter: TestScale.Of(1_000, 30_000));

    private static void Run(string kind, string?[] partitions, string[] keys, (int Partition, int Key, int Operation)[] steps)
    {
        using var provider = Add(kind).AddBoundedCacheTenants().BuildServiceProvider();
        var tenants = provider.GetRequiredService<ITenantContext>();
        var cache = provider.GetRequiredService<IDistributedCache>();
        var isBounded = kind == "bounded";
        var isUtf8 = kind.Contains("UTF-8", StringComparison.Ordinal);
        var model = new Dictionary<(string?, string), byte[]>();

        // The host's keys reach a provider as they are, so they mean what that provider takes them for.
        (string?, string) Identity(string? partition, string key) => partition is null && isUtf8 && !key.StartsWith('^')
            ? (null, Encoding.UTF8.GetString(Encoding.UTF8.GetBytes(key)))
            : (partition, key);

        var number = 0;
        foreach (var (p, k, operation) in steps)
        {
            var (partition, key) = (partitions[p], keys[k]);
            byte[] value = [.. BitConverter.GetBytes(++number)];
            using (Enter(tenants, partition))
            {
                switch (operation)
                {
                    case < 8:
                        if (Apply(cache, key, value, operation))
                            model[Identity(partition, key)] = value;
                        else
                            model.Remove(Identity(partition, key));
                        break;
                    case Clear when isBounded && partition is not null:
                        Assert.True(provider.GetRequiredService<IBoundedCacheAdmin>().ClearTenantAsync(partition, CancellationToken.None).IsCompletedSuccessfully);
                        RemoveWhere(model, pair => pair.Item1 == partition);
                        break;
                    case RemoveByPattern when isBounded:
                        Assert.True(provider.GetRequiredService<IBoundedCacheAdmin>().RemoveByPatternAsync("*a*", CancellationToken.None).IsCompletedSuccessfully);
                        RemoveWhere(model, pair => pair.Item1 == partition && pair.Item2.Contains('a', StringComparison.Ordinal));
                        break;
                    default:
                        cache.Refresh(key);
                        break;
                }
            }

            foreach (var otherPartition in partitions)
            {
                using var scope = Enter(tenants, otherPartition);
                foreach (var otherKey in keys)
                    Assert.True(Read(cache, otherKey, number).AsSpan().SequenceEqual(model.GetValueOrDefault(Identity(otherPartition, otherKey))));
            }
        }
    }

    private static IServiceCollection Add(string kind) => kind switch
    {
        "bounded" => new ServiceCollection().AddBoundedDistributedCache(),
        "foreign" => new ServiceCollection().AddSingleton<IDistributedCache, DictionaryCache>(),
        "foreign, UTF-8" => new ServiceCollection().AddSingleton<IDistributedCache, Utf8Cache>(),
        _ => new ServiceCollection().AddSingleton<IDistributedCache, BufferCache>(),
    };

    /// <summary>Sets the value, returning true, or removes it, by one of the members that do so.</summary>
    private static bool Apply(IDistributedCache cache, string key, byte[] value, int member)
    {
        var options = new DistributedCacheEntryOptions();
        var buffers = cache as IBufferDistributedCache;
        switch (member)
        {
            case 0:
                cache.Remove(key);
                return false;
            case 1:
                Assert.True(cache.RemoveAsync(key, CancellationToken.None).IsCompletedSuccessfully);
                return false;
            case 2 or 3 when buffers is not null:
                buffers.Set(key, new ReadOnlySequence<byte>(value), options);
                return true;
            case 4 or 5 when buffers is not null:
                Assert.True(buffers.SetAsync(key, new ReadOnlySequence<byte>(value), options, CancellationToken.None).IsCompletedSuccessfully);
                return true;
            case 6:
                Assert.True(cache.SetAsync(key, value, options, CancellationToken.None).IsCompletedSuccessfully);
                return true;
            default:
                cache.Set(key, value, options);
                return true;
        }
    }

    private static byte[]? Read(IDistributedCache cache, string key, int member)
    {
        if (member % 2 == 0)
            return member % 4 == 0 ? cache.Get(key) : cache.GetAsync(key, CancellationToken.None).GetAwaiter().GetResult();
        if (cache is not IBufferDistributedCache buffers)
            return cache.Get(key);

        var writer = new ArrayBufferWriter<byte>();
        var isThere = member % 4 == 1 ? buffers.TryGet(key, writer) : buffers.TryGetAsync(key, writer, CancellationToken.None).Result;
        return isThere ? writer.WrittenSpan.ToArray() : null;
    }

    private static IDisposable Enter(ITenantContext tenants, string? partition) => partition is null ? tenants.UseHost() : tenants.Use(partition);

    private static void RemoveWhere(Dictionary<(string?, string), byte[]> model, Func<(string?, string), bool> condition)
    {
        foreach (var pair in model.Keys.Where(condition).ToList())
            model.Remove(pair);
    }
}
