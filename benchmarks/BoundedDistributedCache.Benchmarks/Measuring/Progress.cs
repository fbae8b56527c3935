using System.Diagnostics;

namespace BoundedCache.Benchmarks.Measuring;

/// <summary>Says on the error stream how far a run has come and how long it will take.</summary>
internal sealed class Progress
{
    private readonly long _start = Stopwatch.GetTimestamp();
    private readonly bool _isTerminal;
    private readonly TextWriter _output;
    private readonly string _title;
    private int _total;
    private int _done;

    public Progress(string title, int total)
        : this(title, total, Console.Error, !Console.IsErrorRedirected)
    {
    }

    internal Progress(string title, int total, TextWriter output, bool isTerminal)
    {
        (_title, _total, _output, _isTerminal) = (title, total, output, isTerminal);
        if (!isTerminal)
        {
            output.WriteLine($"{title}: {total} steps. Progress is written to no terminal, so each step is a line of its own.");
        }
    }

    /// <summary>Says what begins now.</summary>
    public void Step(string name)
    {
        string left = _done == 0 ? "?" : (Stopwatch.GetElapsedTime(_start) / _done * (_total - _done)).ToString(@"h\:mm\:ss");
        string line = $"{_title} {_done + 1}/{_total}, {100 * _done / _total} %, about {left} left: {name}";
        if (_isTerminal)
        {
            _output.Write($"\r{line}\u001b[K");
        }
        else
        {
            _output.WriteLine(line);
        }

        _done++;
        _total = Math.Max(_total, _done);
    }

    public void End()
    {
        string line = $"{_title}: done in {Stopwatch.GetElapsedTime(_start):h\\:mm\\:ss}";
        _output.WriteLine(_isTerminal ? $"\r{line}\u001b[K" : line);
    }
}
