namespace BoundedCache.Storage;

internal static class LockExtensions
{
    /// <summary>
    /// Takes the lock, come what may: for where it is taken in the middle of changes that must not end halfway, and held
    /// briefly by all. An interrupt that arrives meanwhile waits for the thread's next wait; where there is no memory to wait
    /// with, the thread tries again.
    /// </summary>
    public static Lock.Scope EnterSurely(this Lock @lock)
    {
        bool isInterrupted = false;
        try
        {
            while (true)
            {
                try
                {
                    return @lock.EnterScope();
                }
                catch (ThreadInterruptedException)
                {
                    isInterrupted = true;
                }
                catch (OutOfMemoryException)
                {
                    Thread.Yield();
                }
            }
        }
        finally
        {
            if (isInterrupted)
            {
                Thread.CurrentThread.Interrupt();
            }
        }
    }
}
