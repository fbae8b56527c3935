namespace BoundedCache.Tests.Support;

/// <summary>
/// Threads that begin together and are told when to stop, unless all are done before. What one of them throws stops
/// all, and is thrown by <see cref="Run"/>.
/// </summary>
internal sealed class Crew(TimeSpan duration) : IDisposable
{
    private static readonly TimeSpan LongestEnd = TimeSpan.FromMinutes(1);

    private readonly List<Thread> _threads = [];
    private readonly ManualResetEventSlim _start = new();
    private readonly List<Exception> _failures = [];
    private volatile bool _isOver;
    private int _working;

    /// <summary>Adds a thread whose work goes on while it is told so.</summary>
    public void Add(Action<Func<bool>> work) => _threads.Add(new Thread(() =>
    {
        _start.Wait();
        try
        {
            work(() => !_isOver);
        }
        catch (Exception exception)
        {
            lock (_failures)
            {
                _failures.Add(exception);
            }

            _isOver = true;
        }

        Interlocked.Decrement(ref _working);
    })
    { IsBackground = true });

    public void Run()
    {
        _working = _threads.Count;
        _threads.ForEach(thread => thread.Start());
        _start.Set();
        SpinWait.SpinUntil(() => _isOver || Volatile.Read(ref _working) == 0, duration);
        _isOver = true;
        bool haveEnded = _threads.TrueForAll(thread => thread.Join(LongestEnd));
        if (_failures.Count > 0)
        {
            throw new AggregateException(_failures);
        }

        Assert.True(haveEnded, "A thread is still in what it was doing when it was told to stop.");
    }

    public void Dispose() => _start.Dispose();
}
