namespace BoundedCache.Interleaving.Tests;

/// <summary>The threads that run trials, one trial after the other.</summary>
internal sealed class Crew : IDisposable
{
    private readonly List<Member> _members = [];

    public void Give(int thread, Run run)
    {
        while (_members.Count <= thread)
        {
            _members.Add(new Member(_members.Count));
        }

        _members[thread].Give(run);
    }

    public void Dispose() => _members.ForEach(member => member.Dispose());

    private sealed class Member : IDisposable
    {
        private readonly SemaphoreSlim _given = new(0);
        private readonly SemaphoreSlim _isIdle = new(1);
        private readonly Thread _thread;
        private Run? _run;

        public Member(int number)
        {
            _thread = new Thread(() => Work(number)) { IsBackground = true };
            _thread.Start();
        }

        public void Give(Run? run)
        {
            _isIdle.Wait();
            _run = run;
            _given.Release();
        }

        public void Dispose()
        {
            Give(null);
            _thread.Join();
            _given.Dispose();
            _isIdle.Dispose();
        }

        private void Work(int number)
        {
            while (true)
            {
                _given.Wait();
                if (_run is not { } run)
                {
                    return;
                }

                _run = null;
                run.Work(number);
                _isIdle.Release();
            }
        }
    }
}
