using System.Collections.Concurrent;
using System.Reflection;
using BoundedCache.Tests.Support;
using Xunit.v3;

[assembly: EndsWhereATestHangs]

namespace BoundedCache.Tests.Support;

/// <summary>
/// A lock that is left held keeps the test that looks for it from its end, too, since the cache's own waits for the lock.
/// So whatever takes this long ends the process, and is named.
/// </summary>
[AttributeUsage(AttributeTargets.Assembly)]
internal sealed class EndsWhereATestHangsAttribute : BeforeAfterTestAttribute
{
    private static readonly TimeSpan s_longestTest = TimeSpan.FromMinutes(8);

    private readonly ConcurrentDictionary<IXunitTest, Timer> _running = new();

    public override void Before(MethodInfo methodUnderTest, IXunitTest test) => _running[test] =
        new Timer(_ => Environment.FailFast($"{test.TestDisplayName} does not end."), null, s_longestTest, Timeout.InfiniteTimeSpan);

    public override void After(MethodInfo methodUnderTest, IXunitTest test)
    {
        if (_running.TryRemove(test, out Timer? timer))
        {
            timer.Dispose();
        }
    }
}
