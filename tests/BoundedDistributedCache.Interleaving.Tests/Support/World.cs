using BoundedCache.Expiration;
using BoundedCache.Storage;
using Microsoft.Extensions.Options;

namespace BoundedCache.Interleaving.Tests;

/// <summary>
/// A cache under a clock of the test's own, whose operations are noted as they begin and end. Values are told by their
/// first byte.
/// </summary>
internal sealed class World
{
    private const int KeyLength = 2;

    private readonly ManualClock _clock = new();
    private readonly KeyHasher _hasher = new(seed: 1);

    [ThreadStatic]
    private static long t_timeRead;

    public World(int maxEntries = 16, long maxBytes = 1 << 20, Action<BoundedDistributedCacheOptions>? configure = null)
    {
        BoundedDistributedCacheOptions options = new() { MaxEntries = maxEntries, MaxBytes = maxBytes };
        configure?.Invoke(options);
        Limits = (maxEntries, maxBytes);
        Cache = new BoundedDistributedCache(Options.Create(options), _clock, null, null, _hasher);
    }

    public BoundedDistributedCache Cache { get; }

    public CacheStore Store => Cache.Storage;

    public (int Entries, long Bytes) Limits { get; }

    public History History { get; } = new();

    /// <summary>The length of a value that is charged so much with its key.</summary>
    public static int LengthFor(long charge) => (int)(charge - Charge.Of(KeyLength, 0, expires: false));

    /// <summary>Keys in the order of their hashes' likeness to what is asked for.</summary>
    public string[] Keys(int count, Func<ulong, bool> where, string? tenant = null) =>
        [.. Enumerable.Range(0, 1_000).Select(i => $"{(char)('a' + (i / 32))}{(char)('0' + (i % 32))}")
            .Where(key => where(_hasher.Hash(new Partition(tenant), key))).Take(count)];

    public void Set(string key, byte value, int length = 1, long? lifetime = null, long? sliding = null, string? tenant = null)
    {
        byte[] bytes = new byte[length];
        bytes[0] = value;
        Now now = new(_clock.Ticks, _clock.Ticks);
        Deadlines deadlines = new(
            lifetime is { } ticks ? now.Utc + ticks : Deadlines.None,
            sliding ?? Deadlines.None);
        History.Add(new Operation(OperationKind.Set, key, tenant)
        {
            Value = value,
            Time = now.Utc,
            Absolute = deadlines.Absolute,
            Sliding = deadlines.Sliding,
        }, operation =>
        {
            AdmissionReport report = default;
            Store.Set(new Partition(tenant), key, bytes, deadlines, now, ref report);
            operation.WasRefused = report.IsRefused;
        });
    }

    /// <summary>Where there are too many to make sense of.</summary>
    public void SetUnnoted(string key, int length, string? tenant = null)
    {
        AdmissionReport report = default;
        Store.Set(new Partition(tenant), key, new byte[length], Deadlines.Never, default, ref report);
    }

    public byte Get(string key, string? tenant = null)
    {
        Operation get = new(OperationKind.Get, key, tenant);
        History.Add(get, operation =>
        {
            t_timeRead = -1;
            operation.Value = Store.Use(new Partition(tenant), key)?.Value[0] ?? 0;
            operation.Time = t_timeRead;
        });
        return get.Value;
    }

    public void Remove(string key, string? tenant = null) =>
        History.Add(new Operation(OperationKind.Remove, key, tenant), _ => Store.Remove(new Partition(tenant), key));

    public void Clear(params string[] keys) => Clear(keys, [null]);

    public void Clear(string[] keys, string?[] tenants) => History.AddForEach(
        [.. tenants.SelectMany(tenant => keys.Select(key => new Operation(OperationKind.Remove, key, tenant)))],
        () => Store.RemoveWhere(pattern: null, hostOnly: false));

    public void ClearTenant(string tenant, params string[] keys) => History.AddForEach(
        [.. keys.Select(key => new Operation(OperationKind.Remove, key, tenant))],
        () => Store.RemoveWhere(tenant, pattern: null));

    public void Sweep(params string[] keys) => Sweep(keys, [null]);

    public void Sweep(string[] keys, string?[] tenants)
    {
        Now now = new(_clock.Ticks, _clock.Ticks);
        History.AddForEach(
            [.. tenants.SelectMany(tenant => keys.Select(key => new Operation(OperationKind.Expire, key, tenant) { Time = now.Utc }))],
            () => Store.Sweep(now, CancellationToken.None));
    }

    public void AdvanceTo(long ticks) => AdvanceBy(ticks - _clock.Ticks);

    /// <summary>Moves the clock, in one instant.</summary>
    public void AdvanceBy(long ticks) => History.Add(new Operation(OperationKind.Advance, "", null), operation =>
    {
        Scheduled.Point();
        operation.Time = _clock.Ticks += ticks;
    });

    /// <summary>Every key's history must make sense, and the quiet cache be whole.</summary>
    /// <param name="mayGo">Entries that limits may have driven out.</param>
    public void Verify(Func<string, bool>? mayGo = null)
    {
        Integrity.Check(Cache);
        foreach ((string? tenant, string key) in History.Keys)
        {
            Get(key, tenant);
        }

        History.ThrowUnlessLinearizable(mayGo ?? (_ => false));
    }

    private sealed class ManualClock : TimeProvider
    {
        public long Ticks { get; set; }

        public override DateTimeOffset GetUtcNow()
        {
            Scheduled.Point();
            t_timeRead = Ticks;
            return new DateTimeOffset(Ticks, TimeSpan.Zero);
        }
    }
}
