using System.Runtime.ExceptionServices;
using System.Text;

namespace BoundedCache.Interleaving.Tests;

/// <summary>What is run under a schedule: made anew for each.</summary>
/// <param name="Threads">What each thread does.</param>
/// <param name="Verify">Asserts on what came of it, once all have ended.</param>
/// <param name="Invariant">Asserts on what holds at every point.</param>
internal sealed record Trial(Action[] Threads, Action Verify, Action? Invariant = null);

/// <summary>
/// One trial under one schedule: its threads run one at a time, and change where the <see cref="IChooser"/> says.
/// </summary>
internal sealed class Run(Trial trial, IChooser chooser, Fault fault)
{
    /// <summary>A trial that takes so many points has no end.</summary>
    private const int MostPoints = 20_000;

    private readonly SemaphoreSlim[] _turns = [.. trial.Threads.Select(_ => new SemaphoreSlim(0))];
    private readonly SemaphoreSlim _done = new(0);
    private readonly bool[] _hasEnded = new bool[trial.Threads.Length];
    private readonly bool[] _isUnwinding = new bool[trial.Threads.Length];
    private readonly Lock?[] _awaited = new Lock?[trial.Threads.Length];
    private readonly List<(int Thread, int Points)> _schedule = [];
    private readonly List<int> _options = [];
    private Exception? _failure;
    private int _points;
    private int _choices;

    public Fault Fault => fault;

    public int Threads => trial.Threads.Length;

    /// <summary>Who ran for how many points: <c>0:12 1:3 0:5</c>.</summary>
    public string Schedule
    {
        get
        {
            StringBuilder text = new();
            foreach ((int thread, int points) in _schedule)
            {
                text.Append(text.Length > 0 ? " " : "").Append(thread).Append(':').Append(points);
            }

            return text.ToString();
        }
    }

    /// <summary>Runs it to its end on the crew's threads, and throws what failed first.</summary>
    public void Execute(Crew crew)
    {
        for (int thread = 0; thread < Threads; thread++)
        {
            crew.Give(thread, this);
        }

        Resume(Choose(current: -1, mayStay: false));
        _done.Wait();
        if (_failure is not null)
        {
            ExceptionDispatchInfo.Throw(_failure);
        }

        trial.Verify();
    }

    /// <summary>What a thread of the crew does for this run.</summary>
    public void Work(int thread)
    {
        _turns[thread].Wait();
        Scheduled.Begin(this, thread);
        try
        {
            if (_failure is null)
            {
                trial.Threads[thread]();
            }
        }
        catch (Exception exception)
        {
            _failure ??= exception;
        }

        Scheduled.End();
        _hasEnded[thread] = true;
        int next = Choose(thread, mayStay: false);
        if (next < 0 && Array.IndexOf(_hasEnded, false) >= 0)
        {
            _failure ??= new InvalidOperationException("Every thread waits for a lock.");
            next = Choose(thread, mayStay: false);
        }

        if (next >= 0)
        {
            Resume(next);
        }
        else
        {
            _done.Release();
        }
    }

    public void Point(int thread)
    {
        if (Count(thread))
        {
            Switch(thread, Choose(thread, mayStay: true));
        }
    }

    public void GiveWay(int thread)
    {
        if (Count(thread))
        {
            int next = Choose(thread, mayStay: false);
            Switch(thread, next >= 0 ? next : thread);
        }
    }

    public void WaitFor(int thread, Lock taken)
    {
        if (!Count(thread))
        {
            throw Unwind();
        }

        _awaited[thread] = taken;
        int next = Choose(thread, mayStay: false);
        if (next < 0)
        {
            Fail(thread, new InvalidOperationException("Every thread waits for a lock."));
        }

        Switch(thread, next);
        _awaited[thread] = null;
    }

    /// <returns>False where the thread is on its way out.</returns>
    private bool Count(int thread)
    {
        if (_isUnwinding[thread])
        {
            return false;
        }

        if (++_points > MostPoints)
        {
            Fail(thread, new InvalidOperationException($"No end after {MostPoints} points."));
        }

        if (trial.Invariant is { } invariant)
        {
            try
            {
                Scheduled.Aside(invariant);
            }
            catch (Exception exception)
            {
                Fail(thread, exception);
            }
        }

        return true;
    }

    private void Fail(int thread, Exception exception)
    {
        _failure ??= exception;
        _isUnwinding[thread] = true;
        throw Unwind();
    }

    /// <returns>The thread to go on with; negative where none can.</returns>
    private int Choose(int current, bool mayStay)
    {
        _options.Clear();
        if (mayStay)
        {
            _options.Add(current);
        }

        for (int thread = 0; thread < Threads; thread++)
        {
            if (thread != current && !_hasEnded[thread] && (_failure is not null || _awaited[thread] is not { Owner: not 0 }))
            {
                _options.Add(thread);
            }
        }

        if (_options.Count == 0)
        {
            return -1;
        }

        int next = _failure is null && _options.Count > 1 ? _options[chooser.Choose(_options, mayStay, _choices)] : _options[0];
        _choices++;
        if (_schedule.Count > 0 && _schedule[^1].Thread == next)
        {
            _schedule[^1] = (next, _schedule[^1].Points + 1);
        }
        else
        {
            _schedule.Add((next, 1));
        }

        return next;
    }

    private void Switch(int thread, int next)
    {
        if (next == thread)
        {
            return;
        }

        Resume(next);
        _turns[thread].Wait();
        if (_failure is not null)
        {
            _isUnwinding[thread] = true;
            throw Unwind();
        }
    }

    private void Resume(int thread) => _turns[thread].Release();

    /// <summary>Takes the other threads out of a trial that failed.</summary>
    private static OperationCanceledException Unwind() => new("The trial has failed.");
}
