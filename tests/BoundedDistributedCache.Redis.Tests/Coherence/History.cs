using System.Collections.Concurrent;
using System.Diagnostics;

namespace BoundedCache.Redis.Tests.Coherence;

/// <summary>
/// What nodes did with one register for each key, and whether it keeps the promise. Each value is written once.
/// </summary>
internal sealed class History
{
    private readonly ConcurrentQueue<Write> _writes = new();
    private readonly ConcurrentQueue<Read> _reads = new();

    public static long Now => Stopwatch.GetTimestamp();

    public void Wrote(string key, string value, int node, long begin, long? acknowledged) => _writes.Enqueue(new Write(key, value, node, begin, acknowledged));

    public void DidRead(string key, string? value, int node, long begin, long end) => _reads.Enqueue(new Read(key, value, node, begin, end));

    public int Writes => _writes.Count;

    public int Reads => _reads.Count;

    /// <summary>
    /// A value is out of date from the moment at which a write was acknowledged that began after the value's own was
    /// acknowledged. A read may return it for as long after that as was promised, and on the node that wrote it not at all.
    /// </summary>
    /// <returns>What broke the promise, in words.</returns>
    public List<string> Violations(TimeSpan promised)
    {
        var violations = new List<string>();
        foreach (var ofKey in _reads.GroupBy(read => read.Key))
        {
            var writes = _writes.Where(write => write.Key == ofKey.Key).OrderBy(write => write.Acknowledged ?? long.MaxValue).ToList();
            var byValue = writes.ToDictionary(write => write.Value);
            foreach (var read in ofKey)
            {
                var source = read.Value is null ? null : byValue.GetValueOrDefault(read.Value);
                if (read.Value is not null && source is null)
                {
                    violations.Add($"{read}: a value that nobody wrote");
                    continue;
                }

                if (source is not null && source.Begin > read.End)
                    violations.Add($"{read}: a value from the future");

                // A write without an answer may take effect at any time after it began.
                if (source is { Acknowledged: null })
                    continue;
                var since = source?.Acknowledged ?? long.MinValue;
                foreach (var newer in writes)
                {
                    if (newer.Acknowledged is not { } acknowledged || acknowledged >= read.Begin)
                        break;
                    if (newer.Begin <= since)
                        continue;
                    if (newer.Node == read.Node || Stopwatch.GetElapsedTime(acknowledged, read.Begin) > promised)
                        violations.Add($"{read}: {Stopwatch.GetElapsedTime(acknowledged, read.Begin)} after {newer}");
                }
            }
        }

        return violations;
    }

    public IEnumerable<Write> Acknowledged(string key) => _writes.Where(write => write.Key == key && write.Acknowledged is not null);

    public IEnumerable<Write> All(string key) => _writes.Where(write => write.Key == key);

    internal sealed record Write(string Key, string Value, int Node, long Begin, long? Acknowledged);

    private sealed record Read(string Key, string? Value, int Node, long Begin, long End);
}
