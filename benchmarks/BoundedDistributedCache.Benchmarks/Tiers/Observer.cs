using System.Globalization;
using StackExchange.Redis;

namespace BoundedCache.Benchmarks.Tiers;

/// <summary>A connection beside those that are measured, to look at what is in Redis and what it has done.</summary>
internal sealed class Observer(string configuration) : IDisposable
{
    private const string Counted = "total_commands_processed:";

    private readonly ConnectionMultiplexer _connection = ConnectionMultiplexer.Connect($"{configuration},allowAdmin=true");

    /// <summary>How many commands the server ran so far, those of transactions and scripts too.</summary>
    public long Commands()
    {
        string stats = (string?)_connection.GetDatabase().Execute("INFO", "stats") ?? "";
        string line = stats.Split("\r\n").First(text => text.StartsWith(Counted, StringComparison.Ordinal));
        return long.Parse(line.AsSpan(Counted.Length), CultureInfo.InvariantCulture);
    }

    public byte[]? Data(string name) => _connection.GetDatabase().HashGet(name, "data");

    public void Dispose() => _connection.Dispose();
}
