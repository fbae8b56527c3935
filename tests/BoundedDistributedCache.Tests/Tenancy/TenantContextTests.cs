using System.Diagnostics.CodeAnalysis;
using BoundedCache.Tenancy;
using BoundedCache.Tests.Support;
using CsCheck;

namespace BoundedCache.Tests.Tenancy;

public sealed class TenantContextTests
{
    private readonly TenantContext _tenants = new();

    [Fact]
    public void ThereIsNoTenantAtFirst() => Assert.Equal((null, false), Current());

    [Fact]
    public void ATenantIsCurrentUntilItsScopeIsDisposed()
    {
        using (_tenants.Use("acme"))
            Assert.Equal(("acme", false), Current());

        Assert.Equal((null, false), Current());
    }

    [Fact]
    public void TheHostPartitionIsNoTenant()
    {
        using (_tenants.UseHost())
            Assert.Equal((null, true), Current());

        Assert.Equal((null, false), Current());
    }

    [Fact]
    public void ScopesNest()
    {
        using (_tenants.Use("acme"))
        {
            using (_tenants.UseHost())
            {
                using (_tenants.Use("globex"))
                    Assert.Equal(("globex", false), Current());
                Assert.Equal((null, true), Current());
            }

            Assert.Equal(("acme", false), Current());
        }
    }

    [Fact]
    public void AnInnerScopeStaysInForceWhenTheOuterIsDisposedBeforeItAndTheOuterDoesNotComeBack()
    {
        var outer = _tenants.Use("acme");
        var inner = _tenants.Use("globex");

        outer.Dispose();
        Assert.Equal(("globex", false), Current());

        inner.Dispose();
        Assert.Equal((null, false), Current());
    }

    [Fact]
    public void InWhateverOrderScopesAreDisposedTheLatestThatWasNotIsInForce() =>
        Gen.Select(Gen.Int[0, 3], Gen.Int[0, 9]).Array[1, 40].Sample(steps =>
        {
            var tenants = new TenantContext();
            var all = new List<IDisposable>();
            var open = new List<(IDisposable Scope, string? TenantId)>();
            foreach (var (kind, number) in steps)
            {
                if (kind < 2)
                {
                    var tenantId = number == 0 ? null : $"tenant{number % 3}";
                    var scope = tenantId is null ? tenants.UseHost() : tenants.Use(tenantId);
                    all.Add(scope);
                    open.Add((scope, tenantId));
                }
                else if (all.Count > 0)
                {
                    var scope = all[number % all.Count]; // disposed before, now and then
                    scope.Dispose();
                    open.RemoveAll(entered => entered.Scope == scope);
                }

                var expected = open.Count == 0 ? (null, false) : (open[^1].TenantId, open[^1].TenantId is null);
                Assert.Equal(expected, (tenants.TenantId, tenants.IsHost));
            }
        });

    [Fact]
    public void DisposingAScopeAgainChangesNothing()
    {
        var scope = _tenants.Use("acme");
        scope.Dispose();

        using (_tenants.Use("acme"))
        {
            scope.Dispose();
            Assert.Equal(("acme", false), Current());
        }
    }

    [LongFact]
    public void ScopesThatNobodyDisposedMayBeMany()
    {
        var outermost = _tenants.Use("acme");
        for (var i = 0; i < 100_000; i++)
            _tenants.Use("globex");

        outermost.Dispose();

        Assert.Equal(("globex", false), Current());
    }

    [Fact]
    public void AnExceptionEndsTheScopesThatItLeaves()
    {
        using var outer = _tenants.Use("acme");

        Assert.Throws<TimeoutException>(Fail);

        Assert.Equal(("acme", false), Current());

        void Fail()
        {
            using var inner = _tenants.Use("globex");
            throw new TimeoutException();
        }
    }

    [Fact]
    public async Task ATenantFlowsIntoWhatIsAwaited()
    {
        using var scope = _tenants.Use("acme");

        Assert.Equal(("acme", false), await LaterAsync());
        await Task.Yield();
        Assert.Equal(("acme", false), Current());

        async Task<(string?, bool)> LaterAsync()
        {
            await Task.Yield();
            return Current();
        }
    }

    [Fact]
    public async Task AScopeThatIsDisposedAfterAnAwaitIsOver()
    {
        using (_tenants.Use("acme"))
            await Task.Yield();

        Assert.Equal((null, false), Current());
    }

    [Fact]
    public async Task ATenantFlowsIntoWhatIsStartedInsideAndNotIntoWhatWasStartedBefore()
    {
        var entered = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var before = Task.Run(WhenEnteredAsync, Deadline.Token);
        using var timerOfBefore = new TimerProbe(Current);
        var threadOfBefore = new ThreadProbe(entered.Task, Current);

        using var scope = _tenants.Use("acme");
        var inside = Task.Run(WhenEnteredAsync, Deadline.Token);
        using var timerInside = new TimerProbe(Current);
        var threadInside = new ThreadProbe(entered.Task, Current);
        entered.SetResult();

        Assert.Equal((null, false), await before);
        Assert.Equal((null, false), await timerOfBefore.FireAsync());
        Assert.Equal((null, false), await threadOfBefore.Seen);
        Assert.Equal(("acme", false), await inside);
        Assert.Equal(("acme", false), await timerInside.FireAsync());
        Assert.Equal(("acme", false), await threadInside.Seen);

        async Task<(string?, bool)> WhenEnteredAsync()
        {
            await entered.Task;
            return Current();
        }
    }

    [Fact]
    [SuppressMessage("Reliability", "CA2025", Justification = "That the work outlives the scopes is what is tested.")]
    public async Task WorkThatWasStartedInsideAScopeKeepsItsTenantWhenTheScopeIsDisposed()
    {
        var left = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        Task<(string?, bool)> work;
        using (_tenants.Use("acme"))
        using (_tenants.Use("globex"))
        {
            work = Task.Run(
                async () =>
                {
                    await left.Task;
                    return Current();
                },
                Deadline.Token);
        }

        left.SetResult();

        Assert.Equal(("globex", false), await work); // neither acme's nor nobody's
    }

    [Fact]
    public async Task AScopeThatAnAwaitedMethodEntersDoesNotFlowBackOut()
    {
        var scope = await EnterAsync();
        Assert.Equal((null, false), Current());

        scope.Dispose();
        Assert.Equal((null, false), Current());

        async Task<IDisposable> EnterAsync()
        {
            await Task.CompletedTask;
            return _tenants.Use("acme");
        }
    }

    [Fact]
    public async Task AScopeThatAnAwaitedMethodDisposesEndsThereAlone()
    {
        using var scope = _tenants.Use("acme");

        Assert.Equal((null, false), await LeaveAsync());
        Assert.Equal(("acme", false), Current());

        async Task<(string?, bool)> LeaveAsync()
        {
            await Task.CompletedTask;
            scope.Dispose();
            return Current();
        }
    }

    [Fact]
    public async Task FlowsThatBranchEnterAndLeaveIndependently()
    {
        using var shared = _tenants.Use("acme");

        var seen = await Task.WhenAll(Enumerable.Range(0, 100).Select(i => Task.Run(
            async () =>
            {
                using (_tenants.Use($"tenant{i}"))
                {
                    await Task.Yield();
                    if (i % 2 == 0)
                        shared.Dispose();
                    await Task.Yield();
                    Assert.Equal(($"tenant{i}", false), Current());
                }

                return Current();
            },
            Deadline.Token)));

        Assert.Equal(Enumerable.Range(0, 100).Select(i => i % 2 == 0 ? (null, false) : ("acme", false)), seen);
        Assert.Equal(("acme", false), Current());
    }

    [Fact]
    public async Task APooledThreadKeepsNothingOfWhatForgotToDispose()
    {
        const int Works = 500;
        var polluted = new CountdownEvent(Works);
        for (var i = 0; i < Works; i++)
        {
            ThreadPool.UnsafeQueueUserWorkItem(
                _ =>
                {
                    _tenants.Use("acme");
                    polluted.Signal();
                },
                null);
        }

        polluted.Wait(Deadline.Token);
        var seen = new TaskCompletionSource<(string?, bool)>[Works];
        for (var i = 0; i < Works; i++)
        {
            var mine = seen[i] = new(TaskCreationOptions.RunContinuationsAsynchronously);
            ThreadPool.UnsafeQueueUserWorkItem(_ => mine.SetResult(Current()), null);
        }

        Assert.All(await Task.WhenAll(seen.Select(one => one.Task)), one => Assert.Equal((null, false), one));
    }

    [Fact]
    public void ContextsAreIndependent()
    {
        var other = new TenantContext();
        using var mine = _tenants.Use("acme");
        using var others = other.Use("globex");

        Assert.Equal(("acme", "globex"), (_tenants.TenantId, other.TenantId));
    }

    [Fact]
    public void AnInvalidIdIsRefusedAndNothingIsEntered()
    {
        using var scope = _tenants.Use("acme");

        Assert.Equal("tenantId", Assert.Throws<ArgumentNullException>(() => _tenants.Use(null!)).ParamName);
        Assert.Equal("tenantId", Assert.Throws<ArgumentException>(() => _tenants.Use("")).ParamName);
        Assert.Equal(("acme", false), Current());
    }

    private (string? TenantId, bool IsHost) Current() => (_tenants.TenantId, _tenants.IsHost);

    private sealed class TimerProbe : IDisposable
    {
        private readonly TaskCompletionSource<(string?, bool)> _seen = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private readonly Timer _timer;

        public TimerProbe(Func<(string?, bool)> look) => _timer = new Timer(_ => _seen.TrySetResult(look()), null, Timeout.Infinite, Timeout.Infinite);

        public Task<(string?, bool)> FireAsync()
        {
            _timer.Change(0, Timeout.Infinite);
            return _seen.Task.WaitAsync(Deadline.Token);
        }

        public void Dispose() => _timer.Dispose();
    }

    private sealed class ThreadProbe
    {
        private readonly TaskCompletionSource<(string?, bool)> _seen = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public ThreadProbe(Task start, Func<(string?, bool)> look) => new Thread(() =>
        {
            start.Wait();
            _seen.SetResult(look());
        }).Start();

        public Task<(string?, bool)> Seen => _seen.Task.WaitAsync(Deadline.Token);
    }
}
