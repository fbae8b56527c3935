using BoundedCache.Expiration;

namespace BoundedCache.Storage;

/// <summary>
/// The cache proper: entries in shards, within the room that the limits leave. Knows nothing of options, logging or
/// hosting; every member may be called by any thread at any time. Whoever needs the time hands it in, read before the
/// call, except for reads, which read it only where they meet an entry that expires.
/// </summary>
internal sealed class CacheStore
{
    private readonly KeyHasher _hasher;
    private readonly CacheClock _clock;
    private readonly RecencyClock _recency;
    private readonly Room _room;
    private readonly ShardDirectory _shards;
    private readonly Admission _admission;
    private readonly long _dueOrigin;
    private long _sweptOffset;

    public CacheStore(long maxEntries, long maxBytes, CacheClock clock, KeyHasher hasher)
    {
        long entriesThatFit = Math.Min(maxEntries, maxBytes / Charge.Smallest);
        Now now = clock.Read();
        _clock = clock;
        _hasher = hasher;
        _dueOrigin = now.Monotonic;
        _sweptOffset = now.UtcOffset;
        _room = new Room(maxEntries, maxBytes);
        _recency = new RecencyClock(entriesThatFit <= ShardDirectory.ExactEntries);
        _shards = new ShardDirectory(entriesThatFit, _recency, _room, _dueOrigin);
        _admission = new Admission(_shards, _recency, _room);
    }

    /// <summary>Entries that are held, expired ones included until they are reclaimed. One read of one counter.</summary>
    public int Count => (int)_room.Entries.Used;

    /// <summary>Their bytes. One read of one counter.</summary>
    public long SizeBytes => _room.Bytes.Used;

    /// <summary>Finds an entry and uses it. Takes no lock, but where a rebuild of the index left a miss uncertain.</summary>
    public Entry? Use(string key)
    {
        ulong hash = _hasher.Hash(key);
        Shard? shard = _shards.Find(hash);
        Entry? entry = shard?.Find(key, (int)hash);
        if (entry is ExpiringEntry expiring)
        {
            entry = UseExpiring(shard!, expiring, (int)hash);
        }

        if (entry is not null)
        {
            if (_recency.IsExact)
            {
                shard!.StampExactly(entry);
            }
            else if (entry.Epoch != _recency.Epoch)
            {
                shard!.Stamp(entry, _recency.Epoch);
            }
        }

        return entry;
    }

    /// <summary>
    /// True where a value of that length under that key can be held at all. Where it can't, whatever the key had is
    /// removed: it would be stale.
    /// </summary>
    public bool Fits(string key, long valueLength, bool expires) =>
        valueLength <= Array.MaxLength &&
        Charge.Of(key.Length, valueLength, expires) <= _room.Bytes.Limit;

    /// <summary>Stores a value that <see cref="Fits"/>.</summary>
    public void Set(string key, byte[] value, Deadlines deadlines, Now now, ref AdmissionReport report)
    {
        ulong hash = _hasher.Hash(key);
        Entry entry = deadlines.AreNever
            ? new Entry(key, (int)hash, value)
            : new ExpiringEntry(key, (int)hash, value, deadlines, now);
        _admission.Admit(_shards.GetOrMake(hash), entry, now, ref report);
    }

    public bool Remove(string key)
    {
        ulong hash = _hasher.Hash(key);
        if (_shards.Find(hash) is not { } shard)
        {
            return false;
        }

        lock (shard.Lock)
        {
            if (shard.Locate(key, (int)hash, out _) is not { } entry)
            {
                return false;
            }

            _room.Give(shard.Remove(entry));
            return true;
        }
    }

    /// <summary>
    /// Removes what the pattern matches, or everything: what was there at the call and was not set again is gone at
    /// the return.
    /// </summary>
    public int RemoveWhere(KeyPattern? pattern)
    {
        int removed = 0;
        Entry?[] batch = new Entry?[Shard.LongestBatch];
        for (int i = 0; i < _shards.Length; i++)
        {
            if (_shards.At(i) is { } shard)
            {
                removed += RemoveWhere(shard, pattern, batch);
            }
        }

        return removed;
    }

    /// <summary>Reclaims what has expired, and structures that fewer entries do not need.</summary>
    /// <returns>How many entries were reclaimed.</returns>
    /// <exception cref="OperationCanceledException">The token was cancelled; what was reclaimed until then stays so.</exception>
    public int Sweep(Now now, CancellationToken cancellationToken)
    {
        // Due times are monotonic. When UTC moved against that, they say nothing of absolute deadlines any more. Many
        // small steps add up: what counts is how far it moved since every deadline was last looked at.
        bool everyDeadline = Math.Abs(now.UtcOffset - Volatile.Read(ref _sweptOffset)) > TimeSpan.TicksPerSecond;
        int removed = 0;
        for (int i = 0; i < _shards.Length; i++)
        {
            if (_shards.At(i) is { } shard)
            {
                removed += Sweep(shard, now, everyDeadline, cancellationToken);
            }
        }

        if (everyDeadline)
        {
            Volatile.Write(ref _sweptOffset, now.UtcOffset);
        }

        return removed;
    }

    public ShardTally Tally()
    {
        ShardTally tally = default;
        for (int i = 0; i < _shards.Length; i++)
        {
            if (_shards.At(i) is { } shard)
            {
                tally += shard.Tally();
            }
        }

        return tally;
    }

    /// <summary>
    /// Uses an entry that expires. One that has counts as a miss only if a second walk, begun after the clock was read,
    /// meets the same entry or none: else the key was overwritten meanwhile, and what is there now is judged by the
    /// same time.
    /// </summary>
    private Entry? UseExpiring(Shard shard, ExpiringEntry entry, int hash)
    {
        Now now = _clock.Read();
        if (entry.TryUse(now))
        {
            return entry;
        }

        Entry? current = shard.Find(entry.Key, hash);
        return ReferenceEquals(current, entry) || (current is ExpiringEntry expiring && !expiring.TryUse(now))
            ? null
            : current;
    }

    private int RemoveWhere(Shard shard, KeyPattern? pattern, Entry?[] batch)
    {
        int removed = 0;
        foreach (SlotChunk? chunk in shard.Chunks)
        {
            int matched = chunk is null ? 0 : Match(chunk, pattern, batch);
            if (matched > 0)
            {
                lock (shard.Lock)
                {
                    _room.Give(shard.Remove(batch.AsSpan(0, matched), out int removedNow));
                    removed += removedNow;
                }
            }
        }

        if (removed > 0)
        {
            Array.Clear(batch);
            lock (shard.Lock)
            {
                shard.Trim();
            }
        }

        return removed;
    }

    /// <summary>Collects a chunk's entries that match, without the lock: keys are as long as callers please.</summary>
    private static int Match(SlotChunk chunk, KeyPattern? pattern, Entry?[] batch)
    {
        int matched = 0;
        for (int index = 0; index < SlotChunk.Length; index++)
        {
            if (Volatile.Read(ref chunk[index].Entry) is { } entry && pattern?.Matches(entry.Key) != false)
            {
                batch[matched++] = entry;
            }
        }

        return matched;
    }

    private int Sweep(Shard shard, Now now, bool everyDeadline, CancellationToken cancellationToken)
    {
        long removed = 0;
        if (everyDeadline || shard.MayHaveExpired(now))
        {
            int due = DueTime.Of(now.Monotonic, _dueOrigin);
            SlotChunk?[] chunks = shard.Chunks;
            for (int i = 0; i < chunks.Length; i++)
            {
                cancellationToken.ThrowIfCancellationRequested();
                if (Volatile.Read(ref chunks[i]) is { } chunk && (everyDeadline || chunk.DueBound <= due))
                {
                    lock (shard.Lock)
                    {
                        RoomAmount freed = shard.SweepChunk(i, now, everyDeadline);
                        _room.Give(freed);
                        removed += freed.Entries;
                    }
                }
            }
        }

        lock (shard.Lock)
        {
            shard.TightenDueBound();
            shard.Trim();
        }

        return (int)removed;
    }
}
