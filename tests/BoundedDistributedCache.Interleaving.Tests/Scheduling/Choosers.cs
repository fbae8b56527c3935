using System.Globalization;

namespace BoundedCache.Interleaving.Tests;

/// <summary>Says at each point which thread goes on.</summary>
internal interface IChooser
{
    /// <param name="options">More than one; first the one that runs, where it <paramref name="mayStay"/>.</param>
    /// <param name="mayStay">To take any but the first is to preempt it.</param>
    /// <param name="at">How many times a thread was chosen before, points without a choice among them.</param>
    /// <returns>The index of an option.</returns>
    int Choose(List<int> options, bool mayStay, int at);
}

/// <summary>Every schedule with so many preemptions at most, depth first.</summary>
internal sealed class Systematic(int preemptions) : IChooser
{
    private readonly List<(int Chosen, int Options)> _path = [];
    private int _depth;
    private int _preempted;

    public int Choose(List<int> options, bool mayStay, int at)
    {
        if (mayStay && _preempted == preemptions)
        {
            return 0;
        }

        if (_depth == _path.Count)
        {
            _path.Add((0, options.Count));
        }

        int chosen = _path[_depth++].Chosen;
        _preempted += mayStay && chosen > 0 ? 1 : 0;
        return chosen;
    }

    /// <returns>False where there is no other schedule.</returns>
    public bool Next()
    {
        _depth = 0;
        _preempted = 0;
        while (_path.Count > 0)
        {
            (int chosen, int options) = _path[^1];
            if (chosen + 1 < options)
            {
                _path[^1] = (chosen + 1, options);
                return true;
            }

            _path.RemoveAt(_path.Count - 1);
        }

        return false;
    }
}

/// <summary>Preempts now and then; how often is another for each seed.</summary>
internal sealed class Seeded(int seed) : IChooser
{
    private readonly Random _random = new(seed);
    private readonly int _oneIn = 2 << (seed & 3);

    public int Choose(List<int> options, bool mayStay, int at) =>
        mayStay && _random.Next(_oneIn) != 0 ? 0 : _random.Next(options.Count);
}

/// <summary>A schedule as it was printed.</summary>
internal sealed class Replayed(string schedule) : IChooser
{
    private readonly (int Thread, int Points)[] _schedule =
    [
        .. schedule.Split(' ').Select(part => part.Split(':')).Select(part =>
            (int.Parse(part[0], CultureInfo.InvariantCulture), int.Parse(part[1], CultureInfo.InvariantCulture))),
    ];

    public int Choose(List<int> options, bool mayStay, int at)
    {
        foreach ((int thread, int points) in _schedule)
        {
            if (at < points)
            {
                return Math.Max(0, options.IndexOf(thread));
            }

            at -= points;
        }

        return 0;
    }
}
