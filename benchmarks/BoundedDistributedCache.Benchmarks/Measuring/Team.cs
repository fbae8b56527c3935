using System.Diagnostics;

namespace BoundedCache.Benchmarks.Measuring;

/// <summary>Times work that several threads begin at the same moment.</summary>
internal static class Team
{
    /// <returns>Nanoseconds from the first one's start to the last one's end.</returns>
    public static double Time(int threads, Action<int> work)
    {
        if (threads == 1)
        {
            long begin = Stopwatch.GetTimestamp();
            work(0);
            return Stopwatch.GetElapsedTime(begin).TotalNanoseconds;
        }

        using Barrier barrier = new(threads);
        long[] started = new long[threads];
        long[] ended = new long[threads];
        Exception? failure = null;
        Thread[] team = [.. Enumerable.Range(0, threads).Select(index => new Thread(() =>
        {
            try
            {
                barrier.SignalAndWait();
                started[index] = Stopwatch.GetTimestamp();
                work(index);
                ended[index] = Stopwatch.GetTimestamp();
            }
            catch (Exception exception)
            {
                failure = exception;
            }
        }))];
        Array.ForEach(team, thread => thread.Start());
        Array.ForEach(team, thread => thread.Join());
        return failure switch
        {
            null => Stopwatch.GetElapsedTime(started.Min(), ended.Max()).TotalNanoseconds,
            RefusedException refused => throw new RefusedException(refused.Message, refused),
            _ => throw new InvalidOperationException("A thread of the benchmark failed.", failure),
        };
    }
}
