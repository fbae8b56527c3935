using System.Diagnostics;

namespace BoundedCache.Tests.Support;

/// <summary>Runs what needs a process of its own, and returns what that writes.</summary>
internal static class ChildProcess
{
    private static readonly TimeSpan s_longestRun = TimeSpan.FromMinutes(5);

    public static string[] Run(IEnumerable<KeyValuePair<string, string>> environment, params string[] arguments)
    {
        ProcessStartInfo start = new("dotnet") { RedirectStandardOutput = true, RedirectStandardError = true };
        start.ArgumentList.Add(Path.Combine(AppContext.BaseDirectory, "BoundedDistributedCache.Tests.Child.dll"));
        foreach (string argument in arguments)
        {
            start.ArgumentList.Add(argument);
        }

        foreach ((string name, string value) in environment)
        {
            start.Environment[name] = value;
        }

        using Process process = Process.Start(start)!;
        Task<string> error = process.StandardError.ReadToEndAsync();
        Task<string> output = process.StandardOutput.ReadToEndAsync();
        bool hasEnded = process.WaitForExit(s_longestRun);
        if (!hasEnded)
        {
            process.Kill(entireProcessTree: true);
        }

        string told = output.GetAwaiter().GetResult();
        Assert.True(hasEnded, $"The process did not end, and told: {told}");
        Assert.True(process.ExitCode == 0, $"The process ended with {process.ExitCode}: {error.GetAwaiter().GetResult()}");
        return told.Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
    }
}
