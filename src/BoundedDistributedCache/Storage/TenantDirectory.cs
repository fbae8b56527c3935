using System.Collections.Concurrent;

namespace BoundedCache.Storage;

/// <summary>
/// The records of the tenants that are there. A read never makes one. Its own locks are leaves.
/// </summary>
internal sealed class TenantDirectory(ShardDirectory shards, Room room)
{
    private readonly ConcurrentDictionary<string, Tenant> _records = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, TenantTally> _named = new(StringComparer.Ordinal);
    private TenantLimitTable _limits = TenantLimitTable.Unlimited;

    public TenantLimitTable Limits
    {
        get => Volatile.Read(ref _limits);
        set
        {
            foreach (string tenantId in value.Named)
            {
                _named.GetOrAdd(tenantId, _ => new TenantTally());
            }

            Volatile.Write(ref _limits, value);
        }
    }

    /// <summary>The records that are there while this is walked through.</summary>
    public IEnumerable<Tenant> Records => _records.Select(record => record.Value);

    public int Count => _records.Count;

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

    public Tenant? Find(string tenantId) => _records.GetValueOrDefault(tenantId);

    /// <summary>What is counted of a tenant: of its record, or of one that the options name; null of any other.</summary>
    public TenantTally? FindTally(string tenantId) => Find(tenantId)?.Tally ?? _named.GetValueOrDefault(tenantId);

    /// <summary>A record to join, which may be retired again by then.</summary>
    /// <exception cref="OutOfMemoryException">There is no memory for a record; nothing was changed.</exception>
    public Tenant GetOrMake(string tenantId)
    {
        while (true)
        {
            Tenant? record = Find(tenantId);
            if (record is null)
            {
                TenantTally tally = _named.GetValueOrDefault(tenantId) ?? new TenantTally();
                record = _records.GetOrAdd(tenantId, new Tenant(tenantId, tally, Limits, shards));
            }

            if (!record.IsRetired)
            {
                return record;
            }

            Remove(record);
        }
    }

    /// <summary>Takes a retired record out, and that one only.</summary>
    public void Remove(Tenant retired) => _records.TryRemove(KeyValuePair.Create(retired.Id, retired));

    /// <summary>Takes out a record that was just retired, and says what that frees. Does not fail.</summary>
    public RoomAmount Bury(Tenant retired)
    {
        try
        {
            Remove(retired);
        }
        catch (ThreadInterruptedException)
        {
            // Whoever meets it takes it out; the interrupt waits for the thread's next wait.
            Thread.CurrentThread.Interrupt();
        }

        return retired.IsPaid ? new RoomAmount(0, retired.RecordCharge) : RoomAmount.None;
    }

    /// <summary>Retires a record that was made for an entry which then did not join.</summary>
    public void RetireIfIdle(string tenantId)
    {
        if (Find(tenantId) is { } record && record.TryRetire())
        {
            room.Give(Bury(record));
        }
    }
}
