namespace BoundedCache;

/// <summary>Which entry a cache drops when it is at a limit.</summary>
public enum EvictionPolicy
{
    /// <summary>The one that was least recently used.</summary>
    Lru,

    /// <summary>
    /// One that was not used since it was set, oldest first, where more than their share of all entries are of that kind;
    /// else the one that was least recently used. So keys that are asked for once, as crawlers and exports do, drive one another
    /// out and not what is used. A key that comes back soon after it was dropped that way is kept like one that was used. The
    /// share follows from what comes back right after it was dropped, between a sixteenth and all.
    /// </summary>
    ScanResistant,
}
