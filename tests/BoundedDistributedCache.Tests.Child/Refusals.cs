using System.Diagnostics;
using BoundedCache.Storage;

namespace BoundedCache.Tests.Child;

/// <summary>
/// Which part of the cache asked for memory that there was none of, also where it went on without. Learns it from each
/// <see cref="OutOfMemoryException"/> as it is thrown, and needs memory for that: the ballast goes, and the shortage ends.
/// </summary>
internal static class Refusals
{
    private static readonly SortedDictionary<string, int> s_byPlace = new(StringComparer.Ordinal);
    private static int s_isWatching;
    private static int s_untilEnd;
    private static int s_afterEnd;

    /// <summary>Whether the shortage has ended.</summary>
    public static bool HasEnded => Volatile.Read(ref s_isWatching) == 0;

    /// <summary>How often memory was refused while it was not short: the collector is late at times.</summary>
    public static int AfterEnd => Volatile.Read(ref s_afterEnd);

    public static IReadOnlyDictionary<string, int> ByPlace => s_byPlace;

    public static void Install() => AppDomain.CurrentDomain.FirstChanceException += (_, thrown) =>
    {
        // Nothing that needs memory may stand here; the runtime itself hands over null where it has none for the arguments.
        if (thrown is not null && thrown.Exception is not OutOfMemoryException)
        {
            return;
        }

        if (HasEnded)
        {
            Interlocked.Increment(ref s_afterEnd);
        }
        else
        {
            Note();
        }
    };

    /// <summary>Watches until so many refusals; the last of them is told apart, and ends the shortage.</summary>
    public static void Watch(int refusals)
    {
        Volatile.Write(ref s_untilEnd, refusals);
        Volatile.Write(ref s_isWatching, 1);
    }

    public static void End()
    {
        if (Interlocked.Exchange(ref s_isWatching, 0) == 1)
        {
            Ballast.ReleaseAll();
        }
    }

    private static void Note()
    {
        if (Interlocked.Decrement(ref s_untilEnd) != 0)
        {
            return;
        }

        End();
        string place = Place(new StackTrace(fNeedFileInfo: false));
        s_byPlace[place] = s_byPlace.GetValueOrDefault(place) + 1;
    }

    /// <summary>The innermost method of the provider; where a sweep moves entries, that before it.</summary>
    private static string Place(StackTrace trace)
    {
        string? place = null;
        bool isMoving = false;
        foreach (StackFrame frame in trace.GetFrames())
        {
            if (frame.GetMethod() is { DeclaringType: { } type } method && type.Assembly == typeof(BoundedDistributedCache).Assembly)
            {
                place ??= $"{type.Name}.{method.Name}";
                isMoving |= method.Name == nameof(Shard.TryCompact);
            }
        }

        return isMoving ? $"{nameof(Shard.TryCompact)} {place}" : place ?? "elsewhere";
    }
}
