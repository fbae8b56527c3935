using System.Diagnostics;
using Microsoft.Playwright;

namespace BoundedCache.Browser.Tests.Support;

/// <summary>The browser of the system, driven by Playwright, which brings none of its own here.</summary>
internal static class Chromium
{
    private const string Variable = "BOUNDED_CACHE_CHROMIUM";

    private static readonly string[] _names = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"];

    public static async Task<IBrowser> LaunchAsync(IPlaywright playwright)
    {
        var path = Find();
        try
        {
            // The sandbox needs privileges that a container lacks; all that is visited is the sample.
            return await playwright.Chromium.LaunchAsync(new() { ExecutablePath = path, Args = ["--no-sandbox"] });
        }
        catch (PlaywrightException exception)
        {
            throw new InvalidOperationException(
                $"Playwright {typeof(IPlaywright).Assembly.GetName().Version} could not drive {path}, which is {VersionOf(path)}. Have {Variable} name another browser.",
                exception);
        }
    }

    private static string Find()
    {
        if (Environment.GetEnvironmentVariable(Variable) is { Length: > 0 } named)
            return named;

        var folders = (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator);
        return _names.SelectMany(name => folders.Select(folder => Path.Combine(folder, name))).FirstOrDefault(File.Exists)
            ?? throw new InvalidOperationException(
                $"No Chromium was found, for Playwright {typeof(IPlaywright).Assembly.GetName().Version}. Install it (apt-get install chromium), or have {Variable} name its path.");
    }

    private static string VersionOf(string path)
    {
        try
        {
            using var process = Process.Start(new ProcessStartInfo(path, "--version") { RedirectStandardOutput = true })!;
            return process.StandardOutput.ReadToEnd().Trim();
        }
        catch (Exception exception)
        {
            return $"a browser that does not tell its version ({exception.Message})";
        }
    }
}
