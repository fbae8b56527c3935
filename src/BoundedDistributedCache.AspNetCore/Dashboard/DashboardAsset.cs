using System.Security.Cryptography;
using Microsoft.AspNetCore.Http;
using Microsoft.Net.Http.Headers;

namespace BoundedCache.AspNetCore.Dashboard;

/// <summary>A file of the page that is the same for everybody: embedded in the assembly, named by its content.</summary>
internal sealed class DashboardAsset
{
    private readonly byte[] _content;
    private readonly string _contentType;
    private readonly EntityTagHeaderValue _tag;

    public DashboardAsset(string name, string contentType)
    {
        _content = Read(name);
        _contentType = contentType;
        _tag = new EntityTagHeaderValue($"\"{Convert.ToHexStringLower(SHA256.HashData(_content))}\"");
    }

    /// <summary>What is embedded under a name.</summary>
    public static byte[] Read(string name)
    {
        using var stream = typeof(DashboardAsset).Assembly.GetManifestResourceStream(name)!;
        var content = new byte[stream.Length];
        stream.ReadExactly(content);
        return content;
    }

    // Browsers ask each time, since a new version of the package keeps the address, and mostly get 304.
    public Task ServeAsync(HttpContext context)
    {
        context.Response.Headers.CacheControl = "no-cache";
        return TypedResults.Bytes(_content, _contentType, entityTag: _tag).ExecuteAsync(context);
    }
}
