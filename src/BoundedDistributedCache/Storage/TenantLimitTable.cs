namespace BoundedCache.Storage;

/// <summary>
/// What each tenant may hold, as the options say at one time. Immutable; a change of options makes another, and records
/// notice by its identity.
/// </summary>
internal sealed class TenantLimitTable(
    long maxEntries,
    long maxBytes,
    IReadOnlyDictionary<string, (long MaxEntries, long MaxBytes)> overrides)
{
    public const long None = long.MaxValue;

    public static readonly TenantLimitTable Unlimited = new(None, None, new Dictionary<string, (long, long)>());

    /// <summary>The tenants that the options name; what is counted of them is kept for good.</summary>
    public IEnumerable<string> Named => overrides.Keys;

    public (long MaxEntries, long MaxBytes) For(string tenantId) =>
        overrides.TryGetValue(tenantId, out (long, long) limits) ? limits : (maxEntries, maxBytes);
}
