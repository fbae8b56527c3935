namespace BoundedCache.Diagnostics;

/// <summary>A tier behind a bounded cache, as a health check sees it. Registered without a service key.</summary>
internal interface ICacheTier
{
    /// <summary>The cache's name.</summary>
    string Name { get; }

    /// <summary>One word, for the data of a check.</summary>
    string StateText { get; }

    /// <summary>What keeps it from doing its work; <see langword="null"/> where nothing does.</summary>
    string? Failure { get; }

    /// <summary>What makes it work worse; <see langword="null"/> where nothing does.</summary>
    string? Worry { get; }
}
