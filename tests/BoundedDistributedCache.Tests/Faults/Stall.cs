using System.Runtime.ExceptionServices;

namespace BoundedCache.Tests.Faults;

/// <summary>User code that stands still on one thread, until what others did meanwhile has come to its end.</summary>
internal sealed class Stall : IDisposable
{
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(60);

    private readonly ManualResetEventSlim _isReached = new();
    private readonly ManualResetEventSlim _isOver = new();
    private Thread? _stalled;

    /// <summary>Called by the user code: whoever comes first is held, on the thread of <see cref="During"/> alone.</summary>
    public void Here()
    {
        if (Thread.CurrentThread == _stalled && !_isReached.IsSet)
        {
            _isReached.Set();
            Assert.True(_isOver.Wait(s_patience));
        }
    }

    /// <summary>Starts what is held, and does the others on another thread, which would wait for any lock that is held.</summary>
    public void During(Action held, Action others)
    {
        ExceptionDispatchInfo? failure = null;
        _stalled = new Thread(() =>
        {
            try
            {
                held();
            }
            catch (Exception exception)
            {
                failure = ExceptionDispatchInfo.Capture(exception);
                _isReached.Set();
            }
        })
        { IsBackground = true };
        _stalled.Start();
        try
        {
            Assert.True(_isReached.Wait(s_patience), "The user code was never called.");
            Assert.True(Task.Run(others).Wait(s_patience), "The others had to wait.");
            Assert.True(_stalled.IsAlive);
        }
        finally
        {
            _isOver.Set();
            _stalled.Join(s_patience);
        }

        failure?.Throw();
        Assert.False(_stalled.IsAlive, "What was held did not end.");
    }

    public void Dispose()
    {
        _isReached.Dispose();
        _isOver.Dispose();
    }
}
