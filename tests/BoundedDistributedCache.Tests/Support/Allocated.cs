namespace BoundedCache.Tests.Support;

/// <summary>What the heap says of the cost of things.</summary>
internal static class Allocated
{
    private static object? s_kept;

    /// <summary>The bytes of an object, if making it makes no other.</summary>
    public static long ByObject(Func<object> make)
    {
        s_kept = make();
        var before = GC.GetAllocatedBytesForCurrentThread();
        Volatile.Write(ref s_kept, make());
        return GC.GetAllocatedBytesForCurrentThread() - before;
    }

    /// <summary>The bytes that an action allocates on this thread once it has run before.</summary>
    public static long By(Action action)
    {
        action();
        var before = GC.GetAllocatedBytesForCurrentThread();
        action();
        return GC.GetAllocatedBytesForCurrentThread() - before;
    }
}
