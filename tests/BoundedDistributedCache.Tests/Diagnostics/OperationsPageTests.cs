using System.Diagnostics.Metrics;
using System.Globalization;
using System.Reflection;
using System.Text.RegularExpressions;
using BoundedCache.Diagnostics;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace BoundedCache.Tests.Diagnostics;

/// <summary>docs/operations.md lists what others build upon: what is not there is no API, and what is there stays.</summary>
public sealed partial class OperationsPageTests
{
    private static readonly string Page = File.ReadAllText(Path.Combine(Directory(), "operations.md"));

    [Fact]
    public void ListsEveryInstrumentWithItsKindAndUnit()
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
        CacheMeter.Of(factory);

        Assert.Equal(
            instruments.Order(StringComparer.Ordinal),
            InstrumentRow().Matches(Page).Select(row => $"{row.Groups[1].Value}|{row.Groups[2].Value}|{row.Groups[3].Value}").Order(StringComparer.Ordinal));
    }

    [Fact]
    public void ListsEveryEventWithItsLevel()
    {
        var events = new[] { typeof(CacheLog), typeof(HostingLog) }
            .SelectMany(type => type.GetMethods(BindingFlags.Static | BindingFlags.NonPublic))
            .Select(method => method.GetCustomAttribute<LoggerMessageAttribute>())
            .OfType<LoggerMessageAttribute>()
            .Select(message => (message.EventId, message.Level.ToString()));

        Assert.Equal(
            events.Order(),
            EventRow().Matches(Page)
                .Select(row => (Id: int.Parse(row.Groups[1].Value, CultureInfo.InvariantCulture), Level: row.Groups[2].Value))
                .Where(message => message.Id < FirstOfOtherPackages)
                .Order());
    }

    private const int FirstOfOtherPackages = 200;

    private static string KindOf(Instrument instrument) => instrument.GetType().Name switch
    {
        "ObservableCounter`1" => "counter",
        "ObservableUpDownCounter`1" => "up-down counter",
        "ObservableGauge`1" => "gauge",
        "Histogram`1" => "histogram",
        var other => other,
    };

    private static string Directory()
    {
        var directory = new DirectoryInfo(AppContext.BaseDirectory);
        while (!File.Exists(Path.Combine(directory.FullName, "BoundedCache.sln")))
            directory = directory.Parent ?? throw new DirectoryNotFoundException("The tests run outside the repository.");
        return Path.Combine(directory.FullName, "docs");
    }

    [GeneratedRegex(@"^\| `(bounded_cache\.[\w.]+)` \| ([\w -]+) \| `([^`]+)` \|", RegexOptions.Multiline)]
    private static partial Regex InstrumentRow();

    [GeneratedRegex(@"^\| (\d+) \| (\w+) \|", RegexOptions.Multiline)]
    private static partial Regex EventRow();
}
