using System.Runtime.CompilerServices;
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
    private readonly long _policyCharge;
    private long _sweptOffset;
    private TenantLimitTable _sweptLimits = TenantLimitTable.Unlimited;

    public CacheStore(long maxEntries, long maxBytes, CacheClock clock, KeyHasher hasher, EvictionPolicy policy = EvictionPolicy.Lru)
    {
        long entriesThatFit = Math.Min(maxEntries, maxBytes / Charge.Smallest);
        _clock = clock;
        _hasher = hasher;
        _sweptOffset = clock.Read().UtcOffset;
        _room = new Room(maxEntries, maxBytes);
        _recency = new RecencyClock(entriesThatFit <= ShardDirectory.ExactEntries);
        bool knowsProbation = policy == EvictionPolicy.ScanResistant;
        _policyCharge = knowsProbation ? Charge.Probation : 0;
        _shards = new ShardDirectory(entriesThatFit, _recency, _room, knowsProbation);
        _admission = new Admission(_shards, _recency, _room);
    }

    /// <summary>Entries that are held, expired ones included until they are reclaimed. One read of one counter.</summary>
    public int Count => (int)_room.Entries.Used;

    /// <summary>Their bytes. One read of one counter.</summary>
    public long SizeBytes => _room.Bytes.Used;

    public TenantDirectory Tenants => _shards.Tenants;

    /// <summary>What a tenant holds.</summary>
    public RoomAmount UsedBy(string tenantId) => Tenants.Find(tenantId)?.Used ?? RoomAmount.None;

    /// <summary>Finds an entry and uses it. Takes no lock, but where a rebuild of the index left a miss uncertain.</summary>
    public Entry? Use(Partition partition, string key)
    {
        if (Find(partition, key, out Shard? shard) is not { } entry)
        {
            return null;
        }

        return entry.AsExpiring is { } expiring
            ? Stamp(shard!, UseExpiring(shard!, partition.TenantId, expiring, _clock.Read()))
            : Stamp(shard!, entry);
    }

    /// <summary>The same for whoever has read the time, right before.</summary>
    public Entry? Use(Partition partition, string key, Now now)
    {
        if (Find(partition, key, out Shard? shard) is not { } entry)
        {
            return null;
        }

        return entry.AsExpiring is { } expiring
            ? Stamp(shard!, UseExpiring(shard!, partition.TenantId, expiring, now))
            : Stamp(shard!, entry);
    }

    /// <summary>True where a value of that length under a key of that length can be held at all.</summary>
    public bool Fits(Partition partition, int keyLength, long valueLength, bool expires, int extraCharge = 0)
    {
        string? tenantId = partition.TenantId;
        long charge = Charge.Of(keyLength, valueLength, expires, tenantId is not null) + extraCharge + _policyCharge;
        return valueLength <= Array.MaxLength
            && charge <= Entry.LargestCharge
            && (tenantId is null
                ? charge <= _room.Bytes.Limit
                : charge + Charge.OfTenant(tenantId.Length) <= _room.Bytes.Limit && charge <= Tenants.Limits.For(tenantId).MaxBytes);
    }

    /// <summary>
    /// Stores a value that <see cref="Fits"/>. Where its tenant's limit was lowered meanwhile below what it needs, it is
    /// refused.
    /// </summary>
    public void Set(Partition partition, string key, byte[] value, Deadlines deadlines, Now now, ref AdmissionReport report)
    {
        ulong hash = _hasher.Hash(partition, key);
        Shard shard = _shards.GetOrMake(hash);
        if (partition.TenantId is not null || !deadlines.AreNever)
        {
            shard.AskForChain((int)hash);
        }
        else if (_admission.TryOverwrite(shard, key, (int)hash, value, Charge.Of(key.Length, value.Length, expires: false) + _policyCharge))
        {
            return;
        }

        Entry entry = Entry.Of(partition.TenantId is not null, key, (int)hash, value, deadlines, now);
        entry.ChargeAlso(_policyCharge);
        _admission.Admit(shard, entry, partition.TenantId, now, ref report);
    }

    /// <summary>The same for a copy of what a tier behind the cache holds, with what the tier notes on it.</summary>
    public Entry SetCopy(Partition partition, string key, byte[] value, Deadlines deadlines, Now now, CopyNote note, int extraCharge, ref AdmissionReport report)
    {
        ulong hash = _hasher.Hash(partition, key);
        Shard shard = _shards.GetOrMake(hash);
        shard.AskForChain((int)hash);
        Entry entry = partition.TenantId is null
            ? new CopyEntry(key, (int)hash, value, deadlines, now, note)
            : new TenantCopyEntry(key, (int)hash, value, deadlines, now, note);
        entry.ChargeAlso(extraCharge + _policyCharge);
        _admission.Admit(shard, entry, partition.TenantId, now, ref report);
        return entry;
    }

    /// <summary>The hash by which an entry of that key is known: <see cref="Entry.Hash"/>.</summary>
    public int HashOf(Partition partition, string key) => (int)_hasher.Hash(partition, key);

    public bool Remove(Partition partition, string key)
    {
        ulong hash = _hasher.Hash(partition, key);
        if (_shards.Find(hash) is not { } shard)
        {
            return false;
        }

        using (shard.Enter())
        {
            if (shard.Locate(partition.TenantId, key, (int)hash, out _) is not { } entry)
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
    public int RemoveWhere(KeyPattern? pattern, bool hostOnly)
    {
        int removed = 0;
        Entry?[] batch = new Entry?[Shard.LongestBatch];
        for (int i = 0; i < _shards.Length; i++)
        {
            if (_shards.At(i) is { } shard)
            {
                removed += RemoveWhere(shard, pattern, hostOnly, batch);
            }
        }

        return removed;
    }

    /// <summary>
    /// The same for one partition: a tenant's, at a cost in its entries alone, or where the id is null the host's, at a
    /// cost in all.
    /// </summary>
    public int RemoveWhere(string? tenantId, KeyPattern? pattern)
    {
        if (tenantId is null)
        {
            return RemoveWhere(pattern, hostOnly: true);
        }

        if (Tenants.Find(tenantId) is not { } tenant)
        {
            return 0;
        }

        int removed = 0;
        int below = int.MaxValue;
        Span<long> places = stackalloc long[Shard.LongestBatch];
        while (true)
        {
            int from = below;
            int copied = tenant.CopyMembers(places, ref below, out int moves);
            if (copied == 0)
            {
                return removed;
            }

            foreach (long place in places[..copied])
            {
                removed += Remove(tenant, place, pattern) ? 1 : 0;
            }

            if (tenant.Moves != moves)
            {
                // A sweep moved entries: perhaps one of these, before it was looked for.
                below = from;
            }
        }
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

        FollowLimits(now, cancellationToken);
        Tenants.Trim();
        return removed;
    }

    public ChangeTally Changes()
    {
        ChangeTally changes = default;
        for (int i = 0; i < _shards.Length; i++)
        {
            if (_shards.At(i) is { } shard)
            {
                changes.Add(shard.Changes());
            }
        }

        return changes;
    }

    /// <summary>The last live entry that went for a limit of the cache.</summary>
    public LastEviction LastEviction()
    {
        LastEviction last = default;
        for (int i = 0; i < _shards.Length; i++)
        {
            if (_shards.At(i) is { } shard)
            {
                last = Storage.LastEviction.Later(last, shard.LastEviction());
            }
        }

        return last;
    }

    /// <summary>How long it had been untouched; null where that is not known.</summary>
    public EvictedAge? AgeOf(LastEviction last) => _recency.AgeOf(last);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private Entry? Find(Partition partition, string key, out Shard? shard)
    {
        ulong hash = _hasher.Hash(partition, key);
        shard = _shards.Find(hash);
        return shard?.Find(partition.TenantId, key, (int)hash);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private Entry? Stamp(Shard shard, Entry? used)
    {
        if (used is not null)
        {
            if (_recency.IsExact)
            {
                shard.StampExactly(used);
            }
            else if (used.Epoch != _recency.Epoch)
            {
                shard.Stamp(used, _recency.Epoch);
            }
        }

        return used;
    }

    /// <summary>
    /// Uses an entry that expires. One that has counts as a miss only if another walk, begun after the clock was read,
    /// meets the same entry or none: else the key was overwritten meanwhile, and what is there now is judged by the same
    /// time. Each turn takes an overwrite by somebody else.
    /// </summary>
    private static Entry? UseExpiring(Shard shard, string? tenantId, ExpiringEntry entry, Now now)
    {
        while (!entry.TryUse(now))
        {
            Entry? current = shard.Find(tenantId, entry.Key, entry.Hash);
            if (current?.AsExpiring is not { } expiring || ReferenceEquals(current, entry))
            {
                return ReferenceEquals(current, entry) ? null : current;
            }

            entry = expiring;
        }

        return entry;
    }

    /// <summary>Evicts what tenants hold beyond limits that were lowered since the last sweep.</summary>
    private void FollowLimits(Now now, CancellationToken cancellationToken)
    {
        TenantLimitTable limits = Tenants.Limits;
        if (ReferenceEquals(limits, Volatile.Read(ref _sweptLimits)))
        {
            return;
        }

        bool isReached = true;
        foreach (Tenant tenant in Tenants.Records)
        {
            while (_admission.EvictExcess(tenant, now))
            {
                cancellationToken.ThrowIfCancellationRequested();
            }

            isReached &= tenant.Excess(limits).IsNone;
        }

        if (isReached)
        {
            Volatile.Write(ref _sweptLimits, limits);
        }
    }

    private bool Remove(Tenant tenant, long place, KeyPattern? pattern)
    {
        Shard shard = _shards.ShardAt(place);
        int slot = ShardDirectory.SlotOf(place);
        if (shard.TryGetChunk(slot) is not { } chunk
            || Volatile.Read(ref chunk[slot].Entry) is not { } entry
            || entry.Tenant != tenant
            || pattern?.Matches(entry.Key) == false)
        {
            return false;
        }

        using (shard.Enter())
        {
            _room.Give(shard.Remove(new ReadOnlySpan<Entry?>(ref entry), out int removed));
            return removed > 0;
        }
    }

    private int RemoveWhere(Shard shard, KeyPattern? pattern, bool hostOnly, Entry?[] batch)
    {
        // Downwards, as sweeps move entries.
        int removed = 0;
        for (int i = shard.Chunks.Length - 1; i >= 0; i--)
        {
            int matched = shard.TryGetChunk(i << SlotChunk.Shift) is { } chunk ? Match(chunk, pattern, hostOnly, batch) : 0;
            if (matched > 0)
            {
                using (shard.Enter())
                {
                    _room.Give(shard.Remove(batch.AsSpan(0, matched), out int removedNow));
                    removed += removedNow;
                }
            }
        }

        if (removed > 0)
        {
            Array.Clear(batch);
            using (shard.Enter())
            {
                shard.Trim();
            }
        }

        return removed;
    }

    /// <summary>Collects a chunk's entries that match, without the lock: keys are as long as callers please.</summary>
    private static int Match(SlotChunk chunk, KeyPattern? pattern, bool hostOnly, Entry?[] batch)
    {
        int matched = 0;
        for (int index = 0; index < SlotChunk.Length; index++)
        {
            if (Volatile.Read(ref chunk[index].Entry) is { } entry
                && !(hostOnly && entry.HasTenant)
                && pattern?.Matches(entry.Key) != false)
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
            for (int i = shard.Chunks.Length - 1; i >= 0; i--)
            {
                cancellationToken.ThrowIfCancellationRequested();
                if (shard.TryGetChunk(i << SlotChunk.Shift) is { } chunk && (everyDeadline || chunk.DueBound <= now.Monotonic))
                {
                    using (shard.Enter())
                    {
                        RoomAmount freed = shard.SweepChunk(i, now, everyDeadline);
                        _room.Give(freed);
                        removed += freed.Entries;
                    }
                }
            }
        }

        using (shard.Enter())
        {
            shard.TightenDueBound();
            shard.Trim();
        }

        while (TryCompact(shard))
        {
            cancellationToken.ThrowIfCancellationRequested();
        }

        return (int)removed;
    }

    private static bool TryCompact(Shard shard)
    {
        using (shard.Enter())
        {
            return shard.TryCompact();
        }
    }
}
