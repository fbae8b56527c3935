using System.Collections.Concurrent;

namespace BoundedCache.Storage;

/// <summary>
/// The records of the tenants that are there. A read never makes one, and takes no lock. Its own locks are leaves.
/// </summary>
/// <remarks>
/// The table is looked into without a lock, and changed under <c>_changes</c>, so that <see cref="Trim"/> can exchange
/// it for a smaller one without losing a change. Who finds nothing in the old table may have come before a record was
/// put into the new one; who then adds looks again, under the lock.
/// </remarks>
internal sealed class TenantDirectory(ShardDirectory shards, Room room)
{
    // Of fewer records the table is not worth a smaller one.
    private const int FewRecords = 64;

    private readonly Lock _changes = new();
    private ConcurrentDictionary<string, Tenant> _records = new(StringComparer.Ordinal);
    private int _count;
    private int _mostSinceTrim;
    private readonly ConcurrentDictionary<string, TenantTally> _named = new(StringComparer.Ordinal);
    private TenantLimitTable _limits = TenantLimitTable.Unlimited;

    public TenantLimitTable Limits => Volatile.Read(ref _limits);

    /// <summary>Has records follow these limits from now on, and keeps what is counted of the tenants that they name.</summary>
    public void Publish(TenantLimitTable limits)
    {
        lock (_changes)
        {
            foreach (string tenantId in limits.Named)
            {
                _named.GetOrAdd(tenantId, _ => _records.GetValueOrDefault(tenantId)?.Tally ?? new TenantTally());
            }

            limits.Edition = _limits.Edition + 1;
            Volatile.Write(ref _limits, limits);
        }
    }

    /// <summary>The records that are there while this is walked through.</summary>
    public IEnumerable<Tenant> Records => Table.Select(record => record.Value);

    public int Count => Volatile.Read(ref _count);

    /// <summary>Those that hold most bytes, as they are while this is called: the largest first, and of equals by their ids.</summary>
    public IEnumerable<Tenant> Largest(int atMost)
    {
        PriorityQueue<Tenant, long> smallestFirst = new();
        foreach (Tenant tenant in Records)
        {
            long bytes = tenant.Used.Bytes;
            if (smallestFirst.Count < atMost)
            {
                smallestFirst.Enqueue(tenant, bytes);
            }
            else if (atMost > 0)
            {
                smallestFirst.EnqueueDequeue(tenant, bytes);
            }
        }

        return smallestFirst.UnorderedItems
            .OrderByDescending(item => item.Priority)
            .ThenBy(item => item.Element.Id, StringComparer.Ordinal)
            .Select(item => item.Element);
    }

    private ConcurrentDictionary<string, Tenant> Table => Volatile.Read(ref _records);

    public Tenant? Find(string tenantId) => Table.GetValueOrDefault(tenantId);

    /// <summary>What is counted of a tenant: of its record, or of one that the options name; null of any other.</summary>
    public TenantTally? FindTally(string tenantId) => Find(tenantId)?.Tally ?? _named.GetValueOrDefault(tenantId);

    /// <summary>
    /// The record of a tenant, held: it is not retired before it was let go or joined. Made where there is none.
    /// </summary>
    /// <exception cref="OutOfMemoryException">There is no memory for a record; nothing was changed.</exception>
    public Tenant Hold(string tenantId)
    {
        while (true)
        {
            Tenant record = Find(tenantId) ?? GetOrAdd(tenantId);
            if (record.TryHold())
            {
                return record;
            }

            Remove(record);
        }
    }

    /// <summary>Lets go of a record that was held and not joined.</summary>
    public void LetGo(Tenant tenant)
    {
        if (tenant.LetGo())
        {
            room.Give(Bury(tenant));
        }
    }

    /// <summary>Takes a retired record out, and that one only. Does not fail.</summary>
    public void Remove(Tenant retired)
    {
        using (_changes.EnterSurely())
        {
            if (_records.TryRemove(KeyValuePair.Create(retired.Id, retired)))
            {
                Volatile.Write(ref _count, _count - 1);
            }
        }
    }

    /// <summary>Exchanges the table where far fewer records are left than there were. Without memory it stays.</summary>
    public void Trim()
    {
        lock (_changes)
        {
            if (_mostSinceTrim <= FewRecords || _count >= _mostSinceTrim / 4)
            {
                return;
            }

            try
            {
                // Not by the constructor that copies: it takes all locks, which needs a type that is dead for the process if
                // it is first asked for without memory.
                ConcurrentDictionary<string, Tenant> records = new(Environment.ProcessorCount, _count, StringComparer.Ordinal);
                foreach ((string tenantId, Tenant record) in _records)
                {
                    records[tenantId] = record;
                }

                Volatile.Write(ref _records, records);
                _mostSinceTrim = _count;
            }
            catch (OutOfMemoryException)
            {
                // The next sweep tries again.
            }
        }
    }

    /// <summary>Takes out a record that was just retired, and says what that frees.</summary>
    public RoomAmount Bury(Tenant retired)
    {
        Remove(retired);
        return retired.IsPaid ? new RoomAmount(0, retired.RecordCharge) : RoomAmount.None;
    }

    private Tenant GetOrAdd(string tenantId)
    {
        lock (_changes)
        {
            if (_records.TryGetValue(tenantId, out Tenant? record))
            {
                return record;
            }

            record = new Tenant(tenantId, _named.GetValueOrDefault(tenantId) ?? new TenantTally(), Limits, shards);
            Add(record);
            Volatile.Write(ref _count, _count + 1);
            _mostSinceTrim = Math.Max(_mostSinceTrim, _count);
            return record;
        }
    }

    private void Add(Tenant record)
    {
        try
        {
            _records[record.Id] = record;
        }
        catch (OutOfMemoryException)
        {
            // Where the table could not grow, the record stands in it all the same.
            _records.TryRemove(record.Id, out _);
            throw;
        }
    }
}
