using System.Runtime.ExceptionServices;

namespace BoundedCache.Tests.Support;

/// <summary>Runs actions on threads of their own that start together, and throws what the first of them threw.</summary>
internal static class Concurrently
{
    private static readonly TimeSpan s_longestWork = TimeSpan.FromMinutes(5);

    public static void Run(int threads, Action<int> action) =>
        Run([.. Enumerable.Range(0, threads).Select(i => (Action)(() => action(i)))]);

    public static void Run(params Action[] actions)
    {
        Exception? failure = null;
        using var start = new Barrier(actions.Length);
        var threads = Array.ConvertAll(actions, action => new Thread(() =>
        {
            start.SignalAndWait();
            try
            {
                action();
            }
            catch (Exception exception)
            {
                Interlocked.CompareExchange(ref failure, exception, null);
            }
        })
        { IsBackground = true });
        Array.ForEach(threads, thread => thread.Start());
        var haveEnded = Array.TrueForAll(threads, thread => thread.Join(s_longestWork));
        if (failure is not null)
            ExceptionDispatchInfo.Throw(failure);
        Assert.True(haveEnded, "A thread is still at work.");
    }

    /// <summary>Repeats the others, each on a thread of its own, until the work is done.</summary>
    public static void During(Action work, params Action[] repeated)
    {
        var isDone = false;
        Action untilDone = () =>
        {
            try
            {
                work();
            }
            finally
            {
                Volatile.Write(ref isDone, true);
            }
        };
        Run([untilDone, .. repeated.Select(action => (Action)(() =>
        {
            while (!Volatile.Read(ref isDone))
                action();
        }))]);
    }

    /// <summary>
    /// Two threads in lockstep: both begin a round together, each a little ahead of the other in turn, so that what they
    /// do in it overlaps in many ways.
    /// </summary>
    public static void Race(int rounds, Action<int> left, Action<int> right)
    {
        int[] arrived = [-1, -1];
        Run(2, me =>
        {
            for (var round = 0; round < rounds; round++)
            {
                Volatile.Write(ref arrived[me], round);
                var spin = default(SpinWait);
                while (Volatile.Read(ref arrived[1 - me]) < round)
                    spin.SpinOnce(sleep1Threshold: -1);
                for (var step = me == 0 ? round % 256 : 128; step > 0; step--)
                    Volatile.Read(ref arrived[me]);
                (me == 0 ? left : right)(round);
            }
        });
    }
}
