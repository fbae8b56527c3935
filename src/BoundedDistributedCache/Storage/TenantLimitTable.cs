namespace BoundedCache.Storage;

/// <summary>
/// What each tenant may hold, as the options say at one time. A change of options makes another, which is given the next
/// edition when it is published, and does not change from then on: so a record never goes back to an older one.
/// </summary>
internal sealed class TenantLimitTable(
    long maxEntries,
    long maxBytes,
    IReadOnlyDictionary<string, (long MaxEntries, long MaxBytes)> overrides)
{
    public const long None = long.MaxValue;

    /// <summary>Counts up from 1; 0 is before anything was published. For whoever publishes it.</summary>
    public long Edition { get; set; }

    public static readonly TenantLimitTable Unlimited = new(None, None, new Dictionary<string, (long, long)>());

    /// <summary>The tenants that the options name; what is counted of them is kept for good.</summary>
    public IEnumerable<string> Named => overrides.Keys;

    public (long MaxEntries, long MaxBytes) For(string tenantId) =>
        overrides.TryGetValue(tenantId, out (long, long) limits) ? limits : (maxEntries, maxBytes);
}
