using BoundedCache.Expiration;
using BoundedCache.Storage;
using Microsoft.Extensions.Caching.Distributed;

namespace BoundedCache;

/// <content>
/// What a tier behind the cache needs of it beside the public members: to keep copies with a note of its own, and to be
/// counted by what it made of them.
/// </content>
public sealed partial class BoundedDistributedCache
{
    internal CacheClock Clock => _clock;

    internal int MaxEntries => _maxEntries;

    /// <summary>When an entry with those options expires, by the cache's defaults where they name nothing.</summary>
    internal Deadlines DeadlinesOf(DistributedCacheEntryOptions options, Now now) =>
        options is { AbsoluteExpiration: null, AbsoluteExpirationRelativeToNow: null, SlidingExpiration: null }
            ? Deadlines.From(absolute: null, _defaultRelative, _defaultSliding, now)
            : Deadlines.From(options, now);

    /// <summary>The hash by which an entry of that key is known, whether there is one or not.</summary>
    internal int HashOf(Partition partition, string key) => _store.HashOf(partition, key);

    /// <summary>Finds an entry and uses it, without counting a hit or a miss.</summary>
    internal Entry? UseCopy(Partition partition, string key, Now now)
    {
        ArgumentNullException.ThrowIfNull(key);
        ThrowIfDisposed();
        return _store.Use(partition, key, now);
    }

    /// <summary>Counts a read that the entry answered, and gives out its value.</summary>
    internal byte[] Serve(Entry entry)
    {
        _reads.Hit();
        entry.Tenant?.Tally.Hits.Increment();
        return Isolated(entry.Value);
    }

    internal void CountMiss(Partition partition)
    {
        _reads.Miss();
        if (partition.TenantId is { } tenantId)
        {
            _store.Tenants.FindTally(tenantId)?.Misses.Increment();
        }
    }

    /// <summary>
    /// Keeps a copy that nobody has confirmed yet, or drops what is there where a value of that length can't be held: the
    /// tier has it all the same.
    /// </summary>
    /// <param name="partition">Whose entry it is.</param>
    /// <param name="key">The key.</param>
    /// <param name="value">The value; shared, unless the cache isolates values.</param>
    /// <param name="deadlines">When it expires, which must be at some time.</param>
    /// <param name="note">What the tier notes on it.</param>
    /// <param name="extraCharge">What the note takes, in bytes.</param>
    /// <param name="now">The time.</param>
    /// <returns>The entry, for the tier to confirm; <see langword="null"/> where it is not kept.</returns>
    internal Entry? KeepCopy(Partition partition, string key, byte[] value, Deadlines deadlines, CopyNote note, int extraCharge, Now now)
    {
        AdmissionReport report = default;
        Entry? entry = _store.Fits(partition, key.Length, value.Length, expires: true, extraCharge) && !deadlines.HavePassed(now)
            ? _store.SetCopy(partition, key, Isolated(value), deadlines, now, note, extraCharge, ref report)
            : null;
        if (report.Evicted is { } reason)
        {
            TellOfLiveEviction(reason, now);
        }

        if (entry is not null && !report.IsRefused && !_isDisposed)
        {
            return entry;
        }

        _store.Remove(partition, key);
        return null;
    }

    /// <summary>Drops what is there under a key; also after the cache was disposed.</summary>
    internal void DropCopy(Partition partition, string key) => _store.Remove(partition, key);

    /// <summary>Drops everything; also after the cache was disposed.</summary>
    internal void DropCopies() => _store.RemoveWhere(pattern: null, hostOnly: false);
}
