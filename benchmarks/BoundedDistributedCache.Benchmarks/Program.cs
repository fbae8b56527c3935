using System.Globalization;
using System.Runtime.InteropServices;
using BoundedCache;
using BoundedCache.Benchmarks;
using Microsoft.Extensions.Caching.Distributed;
using Microsoft.Extensions.Caching.Memory;
using Microsoft.Extensions.Options;

// The figures of README.md and docs/performance.md: everything that is compared runs in this one process.
CultureInfo.CurrentCulture = CultureInfo.InvariantCulture;
Console.WriteLine($"{RuntimeInformation.FrameworkDescription}, {RuntimeInformation.OSDescription}, {RuntimeInformation.ProcessArchitecture}, {Environment.ProcessorCount} cores, {DateTime.UtcNow:yyyy-MM-dd}");
Console.WriteLine($"{Workload.Entries:N0} entries, keys of {Workload.Keys[0].Length} characters, values of {Workload.Value.Length} bytes, Zipf 0.99; nine rounds, medians");

Report.Begin("One thread, our time / MemoryDistributedCache's");
Report.AtMost("Get hit", 0.55, Against(Workload.Never, Workload.Get));
Report.AtMost("Get hit, sliding", 0.60, Against(Workload.Sliding, Workload.Get));
Report.AtMost("GetAsync hit", 0.60, Against(Workload.Never, Workload.GetAsync));
Report.AtMost("Set existing key", 0.80, Against(Workload.Never, Workload.SetExisting));

TenantFigures.Write();

Console.WriteLine();
Console.WriteLine(Report.Missed == 0 ? "All targets met." : $"{Report.Missed} missed: the whole range between the quartiles is on the wrong side of the target.");
return Report.Missed == 0 ? 0 : 1;

static Ratio Against(DistributedCacheEntryOptions expiry, Action<IDistributedCache> work)
{
    using BoundedDistributedCache ours = new(Options.Create(new BoundedDistributedCacheOptions { MaxEntries = Workload.Entries }));
    MemoryDistributedCache peer = new(Options.Create(new MemoryDistributedCacheOptions { SizeLimit = 100 * 1024 * 1024 }));
    Workload.Fill(ours, expiry);
    Workload.Fill(peer, expiry);
    return Comparison.Of(() => work(ours), () => work(peer));
}
