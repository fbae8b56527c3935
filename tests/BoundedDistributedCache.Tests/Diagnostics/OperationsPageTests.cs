using System.Globalization;
using System.Reflection;
using System.Text.RegularExpressions;
using BoundedCache.Diagnostics;
using BoundedCache.Tests.Support;
using Microsoft.Extensions.Logging;

namespace BoundedCache.Tests.Diagnostics;

/// <summary>docs/operations.md lists what others build upon: what is not there is no API, and what is there stays.</summary>
public sealed partial class OperationsPageTests
{
    [Fact]
    public void ListsEveryInstrumentWithItsKindAndUnit()
    {
        Assert.Equal(
            OperationsPage.InstrumentsOf(factory => CacheMeter.Of(factory)).Order(StringComparer.Ordinal),
            OperationsPage.Instruments.Where(row => !row.StartsWith(OperationsPage.OfRedis, StringComparison.Ordinal)).Order(StringComparer.Ordinal));
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
            EventRow().Matches(OperationsPage.Text)
                .Select(row => (Id: int.Parse(row.Groups[1].Value, CultureInfo.InvariantCulture), Level: row.Groups[2].Value))
                .Where(message => message.Id < FirstOfOtherPackages)
                .Order());
    }

    private const int FirstOfOtherPackages = 200;

    [GeneratedRegex(@"^\| (\d+) \| (\w+) \|", RegexOptions.Multiline)]
    private static partial Regex EventRow();
}
