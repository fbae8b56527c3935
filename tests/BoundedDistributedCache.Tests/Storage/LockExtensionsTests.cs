using BoundedCache.Storage;

namespace BoundedCache.Tests.Storage;

public sealed class LockExtensionsTests
{
    private readonly Lock _lock = new();
    private bool _isHeld;
    private bool _wasInterrupted;

    [Fact]
    public void AnInterruptDoesNotKeepTheLockFromWhoeverWaitsForItAndWaitsForTheNextWait()
    {
        Thread waiter = new(TakeAndWait);
        using (_lock.EnterScope())
        {
            waiter.Start();
            Assert.True(SpinWait.SpinUntil(() => (waiter.ThreadState & ThreadState.WaitSleepJoin) != 0, TimeSpan.FromSeconds(30)));
            waiter.Interrupt();
            Assert.False(waiter.Join(TimeSpan.FromMilliseconds(50)));
        }

        Assert.True(waiter.Join(TimeSpan.FromSeconds(30)));
        Assert.Equal((true, true), (_isHeld, _wasInterrupted));
    }

    [Fact]
    public void WhoeverWasNotInterruptedIsNotInterruptedAfterwards()
    {
        Thread taker = new(TakeAndWait);
        taker.Start();

        Assert.True(taker.Join(TimeSpan.FromSeconds(30)));
        Assert.Equal((true, false), (_isHeld, _wasInterrupted));
    }

    private void TakeAndWait()
    {
        try
        {
            using (_lock.EnterSurely())
            {
                _isHeld = _lock.IsHeldByCurrentThread;
            }

            Thread.Sleep(1);
        }
        catch (ThreadInterruptedException)
        {
            _wasInterrupted = true;
        }
    }
}
