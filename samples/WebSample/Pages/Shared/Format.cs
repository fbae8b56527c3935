using System.Globalization;

namespace WebSample.Pages.Shared;

internal static class Format
{
    public static string Price(decimal price) => price.ToString("€ 0.00", CultureInfo.InvariantCulture);

    public static string Took(TimeSpan took) => took.TotalMilliseconds.ToString(
        took.TotalMilliseconds < 10 ? "0.0 ms" : "0 ms", CultureInfo.InvariantCulture);

    public static string Bytes(long bytes) => bytes < 1024 * 1024
        ? (bytes / 1024.0).ToString("0.0 KB", CultureInfo.InvariantCulture)
        : (bytes / (1024.0 * 1024)).ToString("0.0 MB", CultureInfo.InvariantCulture);
}
