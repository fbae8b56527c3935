using System.Globalization;
using System.Runtime.InteropServices;
using BoundedCache;
using BoundedCache.Benchmarks;
using Microsoft.Extensions.Caching.Distributed;
using Microsoft.Extensions.Caching.Memory;
using Microsoft.Extensions.Options;

// The figures of README.md: this provider against MemoryDistributedCache, in one run. Every read must hit.
const int Entries = 10_000;
const int Operations = 1 << 19;

CultureInfo.CurrentCulture = CultureInfo.InvariantCulture;
string[] keys = [.. Enumerable.Range(0, Entries).Select(i => $"some:prefix:key:{i:D10}")];
Zipf zipf = new(Entries, 0.99, seed: 42);
string[] requests = [.. Enumerable.Range(0, Operations).Select(_ => keys[zipf.Next()])];
byte[] value = new byte[100];
DistributedCacheEntryOptions never = new();
DistributedCacheEntryOptions sliding = new() { SlidingExpiration = TimeSpan.FromMinutes(20) };

Console.WriteLine($"{RuntimeInformation.FrameworkDescription}, {RuntimeInformation.OSDescription}, {RuntimeInformation.ProcessArchitecture}, {Environment.ProcessorCount} cores");
Console.WriteLine($"{Entries:N0} entries, keys of {keys[0].Length} characters, values of {value.Length} bytes, Zipf 0.99; our time / MemoryDistributedCache's");
Console.WriteLine();
Console.WriteLine($"{"operation",-22} {"ours",10} {"ratio",7} {"quartiles",15} {"target",7}");

int missed = 0;
Report("Get hit", 0.55, never, Get);
Report("Get hit, sliding", 0.60, sliding, Get);
Report("GetAsync hit", 0.60, never, GetAsync);
Report("Set existing key", 0.80, never, Set);
Console.WriteLine();
Console.WriteLine(missed == 0 ? "All targets met." : $"{missed} missed: the whole range between the quartiles is above the target.");
return missed == 0 ? 0 : 1;

void Report(string operation, double target, DistributedCacheEntryOptions expiry, Action<IDistributedCache> work)
{
    using BoundedDistributedCache ours = new(Options.Create(new BoundedDistributedCacheOptions { MaxEntries = Entries }));
    MemoryDistributedCache peer = new(Options.Create(new MemoryDistributedCacheOptions { SizeLimit = 100 * 1024 * 1024 }));
    foreach (string key in keys)
    {
        ours.Set(key, value, expiry);
        peer.Set(key, value, expiry);
    }

    Ratio ratio = Comparison.Of(() => work(ours), () => work(peer));
    bool isMissed = ratio.LowerQuartile > target;
    missed += isMissed ? 1 : 0;
    Console.WriteLine($"{operation,-22} {ratio.OursInNanoseconds / Operations,7:F1} ns {ratio.Median,7:F2} {ratio.LowerQuartile,7:F2}-{ratio.UpperQuartile:F2} {target,9:F2}{(isMissed ? "  MISS" : "")}");
}

void Get(IDistributedCache cache)
{
    foreach (string key in requests)
    {
        RequireHit(cache.Get(key));
    }
}

void GetAsync(IDistributedCache cache)
{
    foreach (string key in requests)
    {
        RequireHit(cache.GetAsync(key).GetAwaiter().GetResult());
    }
}

void Set(IDistributedCache cache)
{
    foreach (string key in requests)
    {
        cache.Set(key, value, never);
    }
}

static void RequireHit(byte[]? found)
{
    if (found is null)
    {
        throw new InvalidOperationException("A read missed: the comparison would be worth nothing.");
    }
}
