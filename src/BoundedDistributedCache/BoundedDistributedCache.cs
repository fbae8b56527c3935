using System.Buffers;
using System.Diagnostics.Metrics;
using System.Runtime.CompilerServices;
using BoundedCache.Diagnostics;
using BoundedCache.Expiration;
using BoundedCache.Storage;
using Microsoft.Extensions.Caching.Distributed;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace BoundedCache;

/// <summary>
/// A distributed cache in the memory of the process, whose entries and bytes never exceed their limits. At a limit it
/// drops what is least recently used, or what <see cref="BoundedDistributedCacheOptions.EvictionPolicy"/> says; the new
/// entry is always stored, unless it is larger than the whole cache.
/// </summary>
/// <remarks>
/// <para>
/// All members may be called by any thread at any time. Every operation on one key takes effect at one instant between
/// its call and its return. Reads take no lock. Asynchronous members complete before they return, and whatever they
/// throw they throw through the task.
/// </para>
/// <para>
/// Arrays are shared with callers, not copied, unless <see cref="BoundedDistributedCacheOptions.IsolateValues"/> is
/// set: do not write to one that was stored or returned. An empty value is a value.
/// </para>
/// <para>
/// After <see cref="Dispose"/> every member but that one throws <see cref="ObjectDisposedException"/>.
/// </para>
/// </remarks>
public sealed partial class BoundedDistributedCache : IBufferDistributedCache, IDisposable
{
    private const int SweepsRemembered = 16;

    private static readonly Task<byte[]?> Missing = Task.FromResult<byte[]?>(null);

    private readonly CacheStore _store;
    private readonly ReadCounters _reads = new();
    private readonly CacheClock _clock;
    private readonly TimeProvider _timeProvider;
    private readonly TolerantLogger _logger;
    private readonly PressureWatch _pressure = new();
    private readonly RefusalWatch _refusals = new();
    private readonly CacheMeter? _meter;
    private readonly string _name;
    private readonly int _maxEntries;
    private readonly long _maxBytes;
    private readonly int _maxTenantsInMetrics;
    private readonly bool _isolateValues;
    private readonly TimeSpan? _defaultSliding;
    private readonly TimeSpan? _defaultRelative;
    private volatile bool _isDisposed;
    private int _toldOfLiveEviction;
    private int _toldOfTenantAtLimit;
    private long _rejections;
    private SweepStatistics[] _sweeps = [];

    /// <summary>Makes a cache. The options are read once, here.</summary>
    /// <param name="options">The limits and defaults.</param>
    /// <param name="timeProvider">What expiration goes by; the system's time where it is <see langword="null"/>.</param>
    /// <param name="logger">Where the cache tells of evictions and of values that are too large; may be <see langword="null"/>.</param>
    /// <param name="meterFactory">
    /// Makes the meter <c>BoundedDistributedCache</c>, one for all caches that are given this factory; no metrics where it is
    /// <see langword="null"/>. It does not keep the cache alive.
    /// </param>
    /// <exception cref="ArgumentNullException"><paramref name="options"/> is <see langword="null"/>.</exception>
    /// <exception cref="OptionsValidationException">An option is out of its range.</exception>
    public BoundedDistributedCache(
        IOptions<BoundedDistributedCacheOptions> options,
        TimeProvider? timeProvider = null,
        ILogger<BoundedDistributedCache>? logger = null,
        IMeterFactory? meterFactory = null)
        : this(options, timeProvider, logger, meterFactory, KeyHasher.WithRandomSeed())
    {
    }

    internal BoundedDistributedCache(
        IOptions<BoundedDistributedCacheOptions> options,
        TimeProvider? timeProvider,
        ILogger<BoundedDistributedCache>? logger,
        IMeterFactory? meterFactory,
        KeyHasher hasher)
    {
        ArgumentNullException.ThrowIfNull(options);
        BoundedDistributedCacheOptions values = options.Value;
        BoundedDistributedCacheOptionsValidator.ThrowIfInvalid(values);
        _name = values.Name;
        _maxEntries = values.MaxEntries;
        _maxBytes = values.MaxBytes;
        _maxTenantsInMetrics = values.MaxTenantsInMetrics;
        _isolateValues = values.IsolateValues;
        _defaultSliding = values.DefaultSlidingExpiration;
        _defaultRelative = values.DefaultAbsoluteExpirationRelativeToNow;
        _timeProvider = timeProvider ?? TimeProvider.System;
        _logger = new TolerantLogger(logger);
        _clock = new CacheClock(_timeProvider);
        _store = new CacheStore(_maxEntries, _maxBytes, _clock, hasher, values.EvictionPolicy);
        FollowTenantLimits(values);
        _meter = meterFactory is null ? null : CacheMeter.Of(meterFactory);
        _meter?.Add(this);
    }

    /// <summary>
    /// How many entries the cache holds: never more than its limit. Expired ones count until they are dropped.
    /// </summary>
    public int Count
    {
        get
        {
            ThrowIfDisposed();
            return _store.Count;
        }
    }

    /// <summary>
    /// How many bytes of memory the entries take, with keys, values and bookkeeping: never more than the limit.
    /// </summary>
    public long SizeBytes
    {
        get
        {
            ThrowIfDisposed();
            return _store.SizeBytes;
        }
    }

    internal CacheStore Storage => _store;

    internal string Name => _name;

    /// <summary>What a host sweeps this with; <see langword="null"/> where none has begun. Also one that has ended.</summary>
    internal SweepLoop? Sweeper
    {
        get => Volatile.Read(ref field);
        set => Volatile.Write(ref field, value);
    }

    /// <summary>The last sweeps that ran to their end, newest first.</summary>
    internal IReadOnlyList<SweepStatistics> RecentSweeps => Volatile.Read(ref _sweeps);

    /// <summary>Has the limits of tenants follow options that were validated.</summary>
    internal void FollowTenantLimits(BoundedDistributedCacheOptions options)
    {
        long maxEntries = options.MaxEntriesPerTenant ?? TenantLimitTable.None;
        long maxBytes = options.MaxBytesPerTenant ?? TenantLimitTable.None;
        _store.Tenants.Publish(new TenantLimitTable(
            maxEntries,
            maxBytes,
            options.Tenants.ToDictionary(
                tenant => tenant.Key,
                tenant => (tenant.Value.MaxEntries ?? maxEntries, tenant.Value.MaxBytes ?? maxBytes),
                StringComparer.Ordinal)));
    }

    /// <inheritdoc/>
    /// <exception cref="ArgumentNullException"><paramref name="key"/> is <see langword="null"/>.</exception>
    public byte[]? Get(string key) => Get(Partition.Host, key);

    /// <inheritdoc/>
    /// <exception cref="ArgumentNullException"><paramref name="key"/> is <see langword="null"/>.</exception>
    public Task<byte[]?> GetAsync(string key, CancellationToken token = default) => GetAsync(Partition.Host, key, token);

    /// <summary>Writes the value to <paramref name="destination"/>, and nothing where there is none.</summary>
    /// <param name="key">The key.</param>
    /// <param name="destination">What the value is written to. What it throws reaches the caller.</param>
    /// <returns>Whether there is a value.</returns>
    /// <exception cref="ArgumentNullException">An argument is <see langword="null"/>.</exception>
    public bool TryGet(string key, IBufferWriter<byte> destination) => TryGet(Partition.Host, key, destination);

    /// <inheritdoc cref="TryGet(string, IBufferWriter{byte})"/>
    /// <param name="key">The key.</param>
    /// <param name="destination">What the value is written to. What it throws reaches the caller.</param>
    /// <param name="token">Cancels the operation before it begins.</param>
    public ValueTask<bool> TryGetAsync(string key, IBufferWriter<byte> destination, CancellationToken token = default) =>
        TryGetAsync(Partition.Host, key, destination, token);

    /// <inheritdoc/>
    /// <exception cref="ArgumentNullException">An argument is <see langword="null"/>.</exception>
    public void Set(string key, byte[] value, DistributedCacheEntryOptions options) => Set(Partition.Host, key, value, options);

    /// <summary>Stores a copy of the value, made before this returns.</summary>
    /// <param name="key">The key.</param>
    /// <param name="value">The value; may be empty.</param>
    /// <param name="options">When the entry expires.</param>
    /// <exception cref="ArgumentNullException">An argument is <see langword="null"/>.</exception>
    public void Set(string key, ReadOnlySequence<byte> value, DistributedCacheEntryOptions options) =>
        Set(Partition.Host, key, value, options);

    /// <inheritdoc/>
    /// <exception cref="ArgumentNullException">An argument is <see langword="null"/>.</exception>
    public Task SetAsync(string key, byte[] value, DistributedCacheEntryOptions options, CancellationToken token = default) =>
        SetAsync(Partition.Host, key, value, options, token);

    /// <inheritdoc cref="Set(string, ReadOnlySequence{byte}, DistributedCacheEntryOptions)"/>
    /// <param name="key">The key.</param>
    /// <param name="value">The value; may be empty.</param>
    /// <param name="options">When the entry expires.</param>
    /// <param name="token">Cancels the operation before it begins.</param>
    public ValueTask SetAsync(string key, ReadOnlySequence<byte> value, DistributedCacheEntryOptions options, CancellationToken token = default) =>
        SetAsync(Partition.Host, key, value, options, token);

    /// <summary>
    /// Uses the entry without reading it: a sliding window begins anew, and the entry is the most recently used. Neither
    /// a hit nor a miss; nothing happens where there is no entry.
    /// </summary>
    /// <param name="key">The key.</param>
    /// <exception cref="ArgumentNullException"><paramref name="key"/> is <see langword="null"/>.</exception>
    public void Refresh(string key) => Refresh(Partition.Host, key);

    /// <inheritdoc cref="Refresh(string)"/>
    /// <param name="key">The key.</param>
    /// <param name="token">Cancels the operation before it begins.</param>
    public Task RefreshAsync(string key, CancellationToken token = default) => RefreshAsync(Partition.Host, key, token);

    /// <inheritdoc/>
    /// <exception cref="ArgumentNullException"><paramref name="key"/> is <see langword="null"/>.</exception>
    public void Remove(string key) => Remove(Partition.Host, key);

    /// <inheritdoc/>
    /// <exception cref="ArgumentNullException"><paramref name="key"/> is <see langword="null"/>.</exception>
    public Task RemoveAsync(string key, CancellationToken token = default) => RemoveAsync(Partition.Host, key, token);

    /// <summary>
    /// Removes every entry of this cache, those of all tenants among them and of no other level, one after the other: what
    /// was there at the call, and was not set again meanwhile, is gone when this returns. Others may read and write all
    /// the while.
    /// </summary>
    public void Clear()
    {
        ThrowIfDisposed();
        _store.RemoveWhere(pattern: null, hostOnly: false);
    }

    /// <summary>
    /// Removes the entries of this cache whose keys match a pattern, those of all tenants among them and of no other
    /// level, one after the other: what was there at the call, and was not set again meanwhile, is gone when this
    /// returns. Looks at every key, in a time linear in its length.
    /// </summary>
    /// <param name="pattern">
    /// What the whole key is compared with, ordinally: <c>*</c> stands for any number of UTF-16 units, <c>?</c> for one.
    /// </param>
    /// <returns>How many entries were removed; ones that had expired but were still held count too.</returns>
    /// <exception cref="ArgumentNullException"><paramref name="pattern"/> is <see langword="null"/>.</exception>
    public int RemoveByPattern(string pattern)
    {
        ArgumentNullException.ThrowIfNull(pattern);
        ThrowIfDisposed();
        return _store.RemoveWhere(new KeyPattern(pattern), hostOnly: false);
    }

    /// <summary>
    /// Drops the entries that have expired, and the memory of structures that fewer entries do not need. A host does so
    /// at every <see cref="BoundedDistributedCacheOptions.SweepInterval"/>; without one, call it when it suits.
    /// </summary>
    /// <returns>How many entries were dropped.</returns>
    public int RemoveExpired() => Sweep(CancellationToken.None);

    /// <summary>What the cache did and what it holds.</summary>
    /// <returns>A snapshot.</returns>
    public CacheStatistics GetStatistics()
    {
        ThrowIfDisposed();
        return Statistics();
    }

    /// <summary>
    /// One tenant's part of this cache: entries with the same key in different parts have nothing to do with one another,
    /// and none of them is what this cache's own members find.
    /// </summary>
    /// <param name="tenantId">1 to 256 UTF-16 units, well-formed and without control characters.</param>
    /// <returns>The part, which is cheap to make.</returns>
    /// <exception cref="ArgumentNullException"><paramref name="tenantId"/> is <see langword="null"/>.</exception>
    /// <exception cref="ArgumentException"><paramref name="tenantId"/> is no valid id.</exception>
    public BoundedCachePartition ForTenant(string tenantId)
    {
        TenantIds.ThrowIfInvalid(tenantId, nameof(tenantId));
        ThrowIfDisposed();
        return new BoundedCachePartition(this, tenantId);
    }

    /// <summary>Drops all entries. May be called repeatedly, and while other members run.</summary>
    public void Dispose()
    {
        _isDisposed = true;
        _store.RemoveWhere(pattern: null, hostOnly: false);
        _meter?.Remove(this);
    }

    // What the public members, partitions and decorators do for one partition.

    internal byte[]? Get(Partition partition, string key) => Read(partition, key) is { } entry ? Isolated(entry.Value) : null;

    internal Task<byte[]?> GetAsync(Partition partition, string key, CancellationToken token)
    {
        try
        {
            ThrowIfNullOrCancelled(key, token);
            return Read(partition, key) is { } entry ? Task.FromResult<byte[]?>(Isolated(entry.Value)) : Missing;
        }
        catch (Exception exception)
        {
            return Failed<byte[]?>(exception, token);
        }
    }

    internal bool TryGet(Partition partition, string key, IBufferWriter<byte> destination)
    {
        ArgumentNullException.ThrowIfNull(destination);
        if (Read(partition, key) is not { } entry)
        {
            return false;
        }

        destination.Write(entry.Value);
        return true;
    }

    internal ValueTask<bool> TryGetAsync(Partition partition, string key, IBufferWriter<byte> destination, CancellationToken token)
    {
        try
        {
            ThrowIfNullOrCancelled(key, token);
            return new ValueTask<bool>(TryGet(partition, key, destination));
        }
        catch (Exception exception)
        {
            return new ValueTask<bool>(Failed<bool>(exception, token));
        }
    }

    internal void Set(Partition partition, string key, byte[] value, DistributedCacheEntryOptions options)
    {
        ArgumentNullException.ThrowIfNull(key);
        ArgumentNullException.ThrowIfNull(value);
        ArgumentNullException.ThrowIfNull(options);
        ThrowIfDisposed();
        if (Admits(partition, key, value.Length, options, out Deadlines deadlines, out Now now))
        {
            Store(partition, key, Isolated(value), deadlines, now);
        }
    }

    internal void Set(Partition partition, string key, ReadOnlySequence<byte> value, DistributedCacheEntryOptions options)
    {
        ArgumentNullException.ThrowIfNull(key);
        ArgumentNullException.ThrowIfNull(options);
        ThrowIfDisposed();
        if (Admits(partition, key, value.Length, options, out Deadlines deadlines, out Now now))
        {
            Store(partition, key, value.ToArray(), deadlines, now);
        }
    }

    internal Task SetAsync(Partition partition, string key, byte[] value, DistributedCacheEntryOptions options, CancellationToken token)
    {
        try
        {
            ThrowIfNullOrCancelled(key, token);
            Set(partition, key, value, options);
            return Task.CompletedTask;
        }
        catch (Exception exception)
        {
            return Failed<bool>(exception, token);
        }
    }

    internal ValueTask SetAsync(Partition partition, string key, ReadOnlySequence<byte> value, DistributedCacheEntryOptions options, CancellationToken token)
    {
        try
        {
            ThrowIfNullOrCancelled(key, token);
            Set(partition, key, value, options);
            return ValueTask.CompletedTask;
        }
        catch (Exception exception)
        {
            return new ValueTask(Failed<bool>(exception, token));
        }
    }

    internal void Refresh(Partition partition, string key)
    {
        ArgumentNullException.ThrowIfNull(key);
        ThrowIfDisposed();
        _store.Use(partition, key);
    }

    internal Task RefreshAsync(Partition partition, string key, CancellationToken token)
    {
        try
        {
            ThrowIfNullOrCancelled(key, token);
            Refresh(partition, key);
            return Task.CompletedTask;
        }
        catch (Exception exception)
        {
            return Failed<bool>(exception, token);
        }
    }

    internal void Remove(Partition partition, string key)
    {
        ArgumentNullException.ThrowIfNull(key);
        ThrowIfDisposed();
        _store.Remove(partition, key);
    }

    internal Task RemoveAsync(Partition partition, string key, CancellationToken token)
    {
        try
        {
            ThrowIfNullOrCancelled(key, token);
            Remove(partition, key);
            return Task.CompletedTask;
        }
        catch (Exception exception)
        {
            return Failed<bool>(exception, token);
        }
    }

    internal RoomAmount UsedBy(string tenantId)
    {
        ThrowIfDisposed();
        return _store.UsedBy(tenantId);
    }

    internal int RemoveWhere(string? tenantId, string? pattern)
    {
        ThrowIfDisposed();
        return _store.RemoveWhere(tenantId, pattern is null ? null : new KeyPattern(pattern));
    }

    internal CacheStatistics StatisticsOf(string tenantId)
    {
        ThrowIfDisposed();
        return Statistics(tenantId);
    }

    /// <summary>
    /// The tenants that take most bytes, the largest first. Looks at every tenant that holds anything.
    /// </summary>
    internal IReadOnlyList<TenantStatistics> LargestTenants(int atMost)
    {
        ThrowIfDisposed();
        return [.. Largest(atMost)];
    }

    /// <summary>For whoever collects metrics; <see langword="null"/> once the cache is disposed.</summary>
    internal CacheStatistics? StatisticsForMetrics() => _isDisposed ? null : Statistics();

    /// <summary>The tenants that metrics are to name.</summary>
    internal IEnumerable<TenantStatistics> TenantsInMetrics() =>
        _isDisposed || _maxTenantsInMetrics == 0 ? [] : Largest(_maxTenantsInMetrics);

    /// <summary>The time since a live entry went for a limit of the cache; <see langword="null"/> where none did.</summary>
    internal TimeSpan? SinceLastEviction() =>
        _store.LastEviction() is { Stamp: > 0 } last ? TimeSpan.FromTicks(Math.Max(0, _clock.Read().Monotonic - last.At)) : null;

    /// <summary>What <see cref="RemoveExpired"/> does, until it is cancelled.</summary>
    /// <exception cref="OperationCanceledException">It was cancelled; what was dropped until then stays dropped.</exception>
    internal int Sweep(CancellationToken cancellationToken)
    {
        ThrowIfDisposed();
        DateTimeOffset startedAt = _timeProvider.GetUtcNow();
        long start = _timeProvider.GetTimestamp();
        int removed = _store.Sweep(_clock.Read(), cancellationToken);
        TimeSpan duration = _timeProvider.GetElapsedTime(start);
        Remember(startedAt, duration, removed);
        _meter?.Swept(_name, duration);
        return removed;
    }

    /// <summary>Two sweeps may end at once; the last is the one with the higher number.</summary>
    private void Remember(DateTimeOffset startedAt, TimeSpan duration, int removed)
    {
        SweepStatistics[] before;
        SweepStatistics[] after;
        do
        {
            before = Volatile.Read(ref _sweeps);
            long number = before is [{ } last, ..] ? last.Number + 1 : 1;
            after = new SweepStatistics[Math.Min(before.Length + 1, SweepsRemembered)];
            after[0] = new() { Number = number, StartedAt = startedAt, Duration = duration, Removed = removed };
            Array.Copy(before, 0, after, 1, after.Length - 1);
        }
        while (Interlocked.CompareExchange(ref _sweeps, after, before) != before);
    }

    private static Task<T> Failed<T>(Exception exception, CancellationToken token) =>
        exception is OperationCanceledException && token.IsCancellationRequested
            ? Task.FromCanceled<T>(token)
            : Task.FromException<T>(exception);

    private static void ThrowIfNullOrCancelled(string key, CancellationToken token)
    {
        ArgumentNullException.ThrowIfNull(key);
        token.ThrowIfCancellationRequested();
    }

    private CacheStatistics Statistics()
    {
        (long hits, long misses) = _reads.Read();
        return Statistics(
            hits,
            misses,
            _store.Changes(),
            Interlocked.Read(ref _rejections),
            new RoomAmount(_store.Count, _store.SizeBytes),
            new RoomAmount(_maxEntries, _maxBytes),
            _store.LastEviction());
    }

    private CacheStatistics Statistics(string tenantId)
    {
        RoomAmount used = _store.UsedBy(tenantId);
        TenantTally tally = _store.Tenants.FindTally(tenantId) ?? new TenantTally();
        (long maxEntries, long maxBytes) = _store.Tenants.Limits.For(tenantId);
        return Statistics(
            tally.Hits.Value,
            tally.Misses.Value,
            ChangeTally.Snapshot(ref tally.Changes),
            Interlocked.Read(ref tally.Rejections),
            used,
            new RoomAmount(Math.Min(_maxEntries, maxEntries), Math.Min(_maxBytes, maxBytes)),
            LastEviction.Snapshot(ref tally.LastEviction));
    }

    private CacheStatistics Statistics(
        long hits,
        long misses,
        ChangeTally changes,
        long rejections,
        RoomAmount used,
        RoomAmount limit,
        LastEviction lastEviction)
    {
        EvictedAge? age = _store.AgeOf(lastEviction);
        return new()
        {
            Hits = hits,
            Misses = misses,
            Sets = changes[Change.Set],
            Removals = changes[Change.Removal],
            Rejections = rejections,
            EvictionsForEntries = changes[Change.EvictionForEntries],
            EvictionsForBytes = changes[Change.EvictionForBytes],
            EvictionsForTenantLimit = changes[Change.EvictionForTenantLimit],
            EvictionsExpired = changes[Change.EvictionExpired],
            Entries = (int)used.Entries,
            Bytes = used.Bytes,
            MaxEntries = (int)limit.Entries,
            MaxBytes = limit.Bytes,
            LastEvictedAge = age?.Age,
            LastEvictedAgeIsAtLeast = age is { IsAtLeast: true },
            LastSweep = RecentSweeps is [{ } last, ..] ? last : null,
        };
    }

    private IEnumerable<TenantStatistics> Largest(int atMost) =>
        _store.Tenants.Largest(atMost).Select(tenant => new TenantStatistics(tenant.Id, Statistics(tenant.Id)));

    private void ThrowIfDisposed() => ObjectDisposedException.ThrowIf(_isDisposed, this);

    private Entry? Read(Partition partition, string key)
    {
        ArgumentNullException.ThrowIfNull(key);
        ThrowIfDisposed();
        Entry? entry = _store.Use(partition, key);
        if (entry is null)
        {
            _reads.Miss();
            if (partition.TenantId is { } tenantId)
            {
                _store.Tenants.FindTally(tenantId)?.Misses.Increment();
            }
        }
        else
        {
            _reads.Hit();
            if (partition.TenantId is not null)
            {
                entry.Tenant!.Tally.Hits.Increment();
            }
        }

        return entry;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal byte[] Isolated(byte[] value) => _isolateValues ? value.AsSpan().ToArray() : value;

    /// <summary>
    /// Says whether a value is to be stored, before any of it is copied. Where it is not, for it is too large or has
    /// expired already, the old value of its key is removed: it would be stale.
    /// </summary>
    private bool Admits(Partition partition, string key, long length, DistributedCacheEntryOptions options, out Deadlines deadlines, out Now now)
    {
        now = _clock.Read();
        deadlines = options is { AbsoluteExpiration: null, AbsoluteExpirationRelativeToNow: null, SlidingExpiration: null }
            ? Deadlines.From(absolute: null, _defaultRelative, _defaultSliding, now)
            : Deadlines.From(options, now);

        if (!_store.Fits(partition, key.Length, length, !deadlines.AreNever))
        {
            Refuse(partition, key, length, now);
            return false;
        }

        if (deadlines.HavePassed(now))
        {
            _store.Remove(partition, key);
            return false;
        }

        return true;
    }

    private void Store(Partition partition, string key, byte[] value, Deadlines deadlines, Now now)
    {
        AdmissionReport report = default;
        _store.Set(partition, key, value, deadlines, now, ref report);
        if (report.IsRefused)
        {
            Refuse(partition, key, value.Length, now);
        }

        if (report.Evicted is { } reason)
        {
            TellOfLiveEviction(reason, now);
        }

        if (_isDisposed)
        {
            // Disposed meanwhile, and perhaps cleared before the entry was there.
            _store.Remove(partition, key);
        }
    }

    private void Refuse(Partition partition, string key, long length, Now now)
    {
        _store.Remove(partition, key);
        Interlocked.Increment(ref _rejections);
        string? tenantId = partition.TenantId;
        if (tenantId is not null && _store.Tenants.FindTally(tenantId) is { } tally)
        {
            Interlocked.Increment(ref tally.Rejections);
        }

        if (!_refusals.IsToTell(now, out long others))
        {
            return;
        }

        long maxBytes = tenantId is null ? _maxBytes : Math.Min(_maxBytes, _store.Tenants.Limits.For(tenantId).MaxBytes);
        _logger.ValueTooLarge(_name, length, maxBytes, others, maxBytes < _maxBytes ? "MaxBytesPerTenant" : nameof(BoundedDistributedCacheOptions.MaxBytes));
    }

    private void TellOfLiveEviction(Change reason, Now now)
    {
        if (reason != Change.EvictionForTenantLimit && _pressure.IsDue(now))
        {
            TellOfPressure(reason, now);
        }

        ref int told = ref reason == Change.EvictionForTenantLimit ? ref _toldOfTenantAtLimit : ref _toldOfLiveEviction;
        if (told != 0 || Interlocked.Exchange(ref told, 1) != 0)
        {
            return;
        }

        if (reason == Change.EvictionForTenantLimit)
        {
            _logger.FirstTenantAtLimit(_name);
            return;
        }

        (long limit, string unit, string option) = LimitOf(reason);
        _logger.FirstLiveEviction(_name, limit, unit, option);
    }

    private void TellOfPressure(Change reason, Now now)
    {
        ChangeTally changes = _store.Changes();
        long evictions = changes[Change.EvictionForEntries] + changes[Change.EvictionForBytes];
        long held = _store.Count;
        if (_pressure.IsHard(now, evictions, held, out long inAMinute))
        {
            _logger.LimitHitHard(_name, held, inAMinute, LimitOf(reason).Option);
        }
    }

    private (long Limit, string Unit, string Option) LimitOf(Change reason) => reason == Change.EvictionForEntries
        ? (_maxEntries, "entries", nameof(BoundedDistributedCacheOptions.MaxEntries))
        : (_maxBytes, "bytes", nameof(BoundedDistributedCacheOptions.MaxBytes));
}
