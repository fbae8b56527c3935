using System.Diagnostics;
using System.Globalization;

namespace BoundedCache.Tests.Child;

/// <summary>
/// Has a cache go through shortages for a while, and until memory was refused at every place that is asked for, and once so
/// that a caller was told; two minutes at most. Says what was refused: a place and its number a line.
/// </summary>
internal static class ShortageReport
{
    private static readonly TimeSpan s_longest = TimeSpan.FromMinutes(2);

    public static int Run(ShortageKind kind, TimeSpan duration, int seed, string[] places)
    {
        Shortage shortage = new(kind, seed);
        Refusals.Install();
        shortage.WarmUp();
        int rounds = 0;
        Stopwatch watch = Stopwatch.StartNew();
        try
        {
            bool IsDone() => shortage.Surfaced > 0 && places.All(IsRefused);
            for (; watch.Elapsed < duration || (!IsDone() && watch.Elapsed < s_longest); rounds++)
            {
                shortage.Run();
            }
        }
        catch (Exception exception)
        {
            Refusals.End();
            Console.Error.WriteLine(string.Create(CultureInfo.InvariantCulture, $"Round {rounds} of {kind}, seed {seed}: {exception}"));
            return 1;
        }

        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"rounds {rounds}"));
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"surfaced {shortage.Surfaced}"));
        foreach ((string place, int refusals) in Refusals.ByPlace)
        {
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{place} {refusals}"));
        }

        return 0;
    }

    /// <param name="place">How it begins, or one of several by bars between.</param>
    private static bool IsRefused(string place) => place.Split('|').Any(
        either => Refusals.ByPlace.Keys.Any(refused => refused.StartsWith(either, StringComparison.Ordinal)));
}
