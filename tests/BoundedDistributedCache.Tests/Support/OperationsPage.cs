using System.Diagnostics.Metrics;
using System.Text.RegularExpressions;
using Microsoft.Extensions.DependencyInjection;

namespace BoundedCache.Tests.Support;

/// <summary>What docs/operations.md lists, and the same of what there is.</summary>
internal static partial class OperationsPage
{
    public const string OfRedis = "bounded_cache.redis.";

    public static string Text { get; } = File.ReadAllText(RepositoryFolder.Docs("operations.md"));

    /// <summary>The instruments that the page lists, each with its kind and unit.</summary>
    public static IEnumerable<string> Instruments =>
        InstrumentRow().Matches(Text).Select(row => $"{row.Groups[1].Value}|{row.Groups[2].Value}|{row.Groups[3].Value}");

    /// <summary>The same of the instruments that are made.</summary>
    public static IReadOnlyList<string> InstrumentsOf(Action<IMeterFactory> make)
    {
        using var services = new ServiceCollection().AddMetrics().BuildServiceProvider();
        var factory = services.GetRequiredService<IMeterFactory>();
        List<string> instruments = [];
        using var listener = new MeterListener
        {
            InstrumentPublished = (instrument, _) =>
            {
                if (ReferenceEquals(instrument.Meter.Scope, factory))
                    instruments.Add($"{instrument.Name}|{KindOf(instrument)}|{instrument.Unit}");
            },
        };
        listener.Start();
        make(factory);
        return instruments;
    }

    private static string KindOf(Instrument instrument) => instrument.GetType().Name switch
    {
        "ObservableCounter`1" => "counter",
        "ObservableUpDownCounter`1" => "up-down counter",
        "ObservableGauge`1" => "gauge",
        "Histogram`1" => "histogram",
        var other => other,
    };

    [GeneratedRegex(@"^\| `(bounded_cache\.[\w.]+)` \| ([\w -]+) \| (?:`([^`]+)`)? ?\|", RegexOptions.Multiline)]
    private static partial Regex InstrumentRow();
}
