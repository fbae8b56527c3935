using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace BoundedCache.Diagnostics;

/// <summary>What can be judged only where all caches of a container are known, when its host starts.</summary>
internal static class StartupChecks
{
    /// <exception cref="OptionsValidationException">Two caches have the same name.</exception>
    internal static void RequireUniqueNames(IEnumerable<HostedCache> caches)
    {
        var clashes = caches
            .GroupBy(cache => cache.Options.Name, cache => cache.Registration, StringComparer.Ordinal)
            .Where(sameName => sameName.Count() > 1)
            .ToList();
        if (clashes.Count == 0)
            return;

        throw new OptionsValidationException(
            clashes[0].Last().OptionsName,
            typeof(BoundedDistributedCacheOptions),
            clashes.Select(sameName =>
                $"{nameof(BoundedDistributedCacheOptions)}.{nameof(BoundedDistributedCacheOptions.Name)} is '{sameName.Key}' for {string.Join(" and ", sameName.Select(Describe))}: "
                + "the caches of a container must have different names. Set the option of one of them."));

        static string Describe(CacheRegistration registration) => registration.ServiceKey is null
            ? "the cache without a service key"
            : $"the cache with the service key {registration.ServiceKeyText} ({registration.ServiceKey.GetType()})";
    }

    internal static void WarnWhereMemoryIsShort(BoundedDistributedCacheOptions options, ILogger logger)
    {
        var available = GC.GetGCMemoryInfo().TotalAvailableMemoryBytes;
        if (options.MaxBytes > available / 4 * 3)
            logger.MaxBytesNearMemory(options.Name, options.MaxBytes, available);
    }

    internal static void TellOfStart(HostedCache cache, WinningRegistration winning, ILogger logger)
    {
        var options = cache.Options;
        logger.Started(options.Name, options.MaxEntries, options.MaxBytes, options.SweepInterval);
        if (winning.InPlaceOf(cache.Registration) is { } winner)
            logger.CacheIsIdle(winner, options.Name);
    }

    /// <summary>Only the cache without a key takes the place of the one that those options are for.</summary>
    internal static void WarnOfLeftOvers(IEnumerable<CacheRegistration> registrations, LeftOverConfiguration leftOver, ILogger logger)
    {
        if (registrations.Any(registration => registration.ServiceKey is null) && leftOver.Exists())
            logger.MemoryDistributedCacheOptionsLeftOver();
    }
}
