namespace BoundedCache.Interleaving.Tests;

/// <summary>What a scheduled thread calls; on any other thread it does nothing.</summary>
internal static class Scheduled
{
    [ThreadStatic]
    private static Run? t_run;

    [ThreadStatic]
    private static int t_thread;

    public static Fault Fault => t_run?.Fault ?? Fault.None;

    /// <summary>The scheduler may go on with another thread here.</summary>
    public static void Point() => t_run?.Point(t_thread);

    /// <summary>The scheduler goes on with another thread, if one can.</summary>
    public static void GiveWay() => t_run?.GiveWay(t_thread);

    /// <summary>The thread can't go on before the lock is free.</summary>
    public static void WaitFor(Lock taken)
    {
        if (t_run is null)
        {
            throw new InvalidOperationException("A thread that is not scheduled waits for a lock.");
        }

        t_run.WaitFor(t_thread, taken);
    }

    public static void Begin(Run run, int thread) => (t_run, t_thread) = (run, thread);

    public static void End() => t_run = null;

    /// <summary>Does something that is no part of what is scheduled.</summary>
    public static void Aside(Action action)
    {
        Run? run = t_run;
        t_run = null;
        try
        {
            action();
        }
        finally
        {
            t_run = run;
        }
    }
}
