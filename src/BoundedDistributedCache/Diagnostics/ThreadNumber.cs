namespace BoundedCache.Diagnostics;

/// <summary>
/// Numbers the threads of the process that count, from 1, as low as they go: a thread that ended leaves its number to
/// another. So what is indexed by it stays short, and is written by one thread at a time.
/// </summary>
internal static class ThreadNumber
{
    private const int FewThreads = 16;

    private static readonly Lock NumbersLock = new();
    private static readonly List<Thread> Threads = [];
    private static readonly Stack<int> FreeNumbers = [];
    private static int _lookForEndedAt = FewThreads;

    [ThreadStatic]
    private static int t_number;

    /// <summary>The calling thread's number; 0 where it has none yet.</summary>
    public static int OrNone => t_number;

    /// <summary>The calling thread's number, which it is given where it has none.</summary>
    public static int GetOrTake()
    {
        if (t_number == 0)
        {
            lock (NumbersLock)
            {
                t_number = Take(Thread.CurrentThread);
            }
        }

        return t_number;
    }

    private static int Take(Thread thread)
    {
        if (FreeNumbers.Count == 0 && Threads.Count >= _lookForEndedAt)
        {
            for (int i = Threads.Count - 1; i >= 0; i--)
            {
                if (!Threads[i].IsAlive)
                {
                    FreeNumbers.Push(i + 1);
                }
            }

            _lookForEndedAt = Math.Max(FewThreads, 2 * (Threads.Count - FreeNumbers.Count));
        }

        if (FreeNumbers.TryPop(out int number))
        {
            Threads[number - 1] = thread;
            return number;
        }

        Threads.Add(thread);
        return Threads.Count;
    }
}
