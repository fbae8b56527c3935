using System.Diagnostics;
using System.Reflection;
using System.Runtime.InteropServices;
using BoundedCache.Benchmarks.Measuring;

namespace BoundedCache.Benchmarks.Reporting;

/// <summary>Where and with what figures were taken.</summary>
internal static class Machine
{
    public static string Describe() =>
        FormattableString.Invariant($"{DateTime.UtcNow:yyyy-MM-dd}, {RuntimeInformation.FrameworkDescription}, {RuntimeInformation.OSDescription}, {RuntimeInformation.ProcessArchitecture}, {Environment.ProcessorCount} cores ({Processor()}), {GC.GetGCMemoryInfo().TotalAvailableMemoryBytes >> 30} GiB.");

    public static string Versions() =>
        $"Microsoft.Extensions.Caching.Memory {VersionOf<Microsoft.Extensions.Caching.Memory.MemoryCache>()}, BitFaster.Caching {VersionOf<BitFaster.Caching.Lru.ConcurrentLru<string, string>>()}, BoundedDistributedCache {VersionOf<BoundedDistributedCache>()}.";

    public static string VersionOf<T>()
    {
        string version = typeof(T).Assembly.GetCustomAttributes(typeof(AssemblyInformationalVersionAttribute), inherit: false)
            .Cast<AssemblyInformationalVersionAttribute>()
            .Select(attribute => attribute.InformationalVersion)
            .FirstOrDefault("of unknown version");
        return version.Split('+')[0];
    }

    /// <exception cref="RefusedException">One of them was not compiled to be measured.</exception>
    public static void RefuseUnoptimized(params Assembly[] assemblies)
    {
        if (assemblies.FirstOrDefault(IsUnoptimized) is { } slow)
        {
            throw new RefusedException($"'{slow.GetName().Name}' is a Debug build, whose figures would be worth nothing. Run it with '-c Release'.");
        }
    }

    private static bool IsUnoptimized(Assembly assembly) =>
        assembly.GetCustomAttribute<DebuggableAttribute>() is { IsJITOptimizerDisabled: true };

    private static string Processor()
    {
        const string Info = "/proc/cpuinfo";
        string? line = File.Exists(Info) ? File.ReadLines(Info).FirstOrDefault(text => text.StartsWith("model name", StringComparison.Ordinal)) : null;
        return line?.Split(':', 2)[1].Trim() ?? "processor unknown";
    }
}
