namespace BoundedCache.Stress.Tests.Soak;

/// <summary>What one thread did in one partition, to hold the cache's statistics against.</summary>
internal struct SoakCounts
{
    public long Operations;
    public long Hits;
    public long Misses;

    /// <summary>Calls to set, whatever became of them.</summary>
    public long Sets;

    /// <summary>Those whose value had expired before it was there.</summary>
    public long SetsInVain;

    /// <summary>Those of which that is not known.</summary>
    public long SetsPerhapsInVain;

    /// <summary>In a roomy cache: values that were stored over others.</summary>
    public long Replaced;

    /// <summary>The same, where the other may have expired.</summary>
    public long PerhapsReplaced;

    public void Add(in SoakCounts other)
    {
        Operations += other.Operations;
        Hits += other.Hits;
        Misses += other.Misses;
        Sets += other.Sets;
        SetsInVain += other.SetsInVain;
        SetsPerhapsInVain += other.SetsPerhapsInVain;
        Replaced += other.Replaced;
        PerhapsReplaced += other.PerhapsReplaced;
    }
}
