namespace BoundedCache;

/// <summary>
/// The limits and defaults of one cache. They are read once, when the cache is made: a later change takes effect with
/// the next start of the process, save for the limits of tenants, which follow a change of the configuration. Values out of range are refused with an
/// <see cref="Microsoft.Extensions.Options.OptionsValidationException"/>, by a host when it starts and otherwise when
/// the cache is made.
/// </summary>
public sealed class BoundedDistributedCacheOptions
{
    private bool _isNameSet;

    /// <summary>
    /// How many entries the cache holds at most, at every instant. At its limit it drops an entry for a new one, by
    /// <see cref="EvictionPolicy"/>. At least 1; 10,000 by default.
    /// </summary>
    public int MaxEntries { get; set; } = 10_000;

    /// <summary>
    /// How many bytes of memory the cache takes at most, at every instant: keys, values and the bookkeeping of each
    /// entry. A value that does not fit by itself is not stored, and the old value of its key is removed. At least 1;
    /// 100 MiB by default.
    /// </summary>
    public long MaxBytes { get; set; } = 100L * 1024 * 1024;

    /// <summary>
    /// Which entry the cache drops at a limit: by default the least recently used. A tenant at a limit of its own drops its
    /// own least recently used entry under any policy.
    /// </summary>
    public EvictionPolicy EvictionPolicy { get; set; }

    /// <summary>
    /// The time between two sweeps that remove expired entries. Sweeps need a host; without one, expired entries are
    /// still never returned, and are removed when their room is needed. From 1 millisecond to 49 days; 60 seconds by
    /// default.
    /// </summary>
    public TimeSpan SweepInterval { get; set; } = TimeSpan.FromSeconds(60);

    /// <summary>
    /// Whether an array is copied when it is stored and when it is returned, so that no caller can change what another
    /// one reads. When <see langword="false"/>, the default, arrays are shared with the callers and must not be written
    /// to after they were stored or returned.
    /// </summary>
    public bool IsolateValues { get; set; }

    /// <summary>
    /// The sliding window of entries that are stored without any expiration of their own. More than zero, or
    /// <see langword="null"/>, the default, for none.
    /// </summary>
    public TimeSpan? DefaultSlidingExpiration { get; set; }

    /// <summary>
    /// The lifetime of entries that are stored without any expiration of their own. More than zero, or
    /// <see langword="null"/>, the default, for none: then such entries stay until their room is needed.
    /// </summary>
    public TimeSpan? DefaultAbsoluteExpirationRelativeToNow { get; set; }

    /// <summary>
    /// The name of the cache in logs and metrics: <c>default</c>, or the text of the service key of a keyed cache, unless it is set.
    /// From 1 to 128 characters, not all of them white space and none of them a control character. Caches of one
    /// container have different names; a host refuses to start otherwise (without a host this is not checked).
    /// </summary>
    public string Name
    {
        get;
        set
        {
            field = value;
            _isNameSet = true;
        }
    } = "default";

    /// <summary>
    /// How many entries each tenant holds at most. Beyond that it drops its own least recently used entry, never
    /// another's. At least 1, or <see langword="null"/>, the default, for no limit but the cache's.
    /// </summary>
    public int? MaxEntriesPerTenant { get; set; }

    /// <summary>
    /// How many bytes the entries of each tenant take at most. At least 1, or <see langword="null"/>, the default, for no
    /// limit but the cache's.
    /// </summary>
    public long? MaxBytesPerTenant { get; set; }

    /// <summary>
    /// Limits of single tenants, by their ids. In a host these follow changes of the configuration without a restart; a
    /// lowered limit is reached at the tenant's next set or at the next sweep.
    /// </summary>
    public IDictionary<string, TenantLimits> Tenants { get; } = new Dictionary<string, TenantLimits>(StringComparer.Ordinal);

    /// <summary>
    /// How many tenants metrics tell of by their ids, at most: those that take most bytes when somebody collects, which
    /// then looks at every tenant that holds anything. From 0, the default, for none, to 1,000: each is a series of its own
    /// for whoever stores them.
    /// </summary>
    public int MaxTenantsInMetrics { get; set; }

    internal void SetNameUnlessSet(string name)
    {
        if (!_isNameSet)
            Name = name;
    }
}
