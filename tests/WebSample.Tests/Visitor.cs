using System.Net;
using System.Text.RegularExpressions;

namespace WebSample.Tests;

/// <summary>Uses the shop as a browser would: reads pages, keeps cookies, sends forms with their hidden fields.</summary>
internal sealed partial class Visitor(HttpClient http) : IDisposable
{
    public HttpClient Http => http;

    public async Task<ShopPage> ReadAsync(string path, CancellationToken cancellationToken)
    {
        using var response = await http.GetAsync(new Uri(path, UriKind.Relative), cancellationToken);
        return new ShopPage(response.StatusCode, await response.Content.ReadAsStringAsync(cancellationToken));
    }

    public async Task<ShopPage> AddToCartAsync(int product, CancellationToken cancellationToken)
    {
        var page = await ReadAsync($"/products/{product}", cancellationToken);
        using var form = new FormUrlEncodedContent(new Dictionary<string, string>
        {
            ["id"] = $"{product}",
            ["__RequestVerificationToken"] = AntiforgeryToken().Match(page.Html).Groups[1].Value,
        });
        using var response = await http.PostAsync(new Uri("/cart?handler=Add", UriKind.Relative), form, cancellationToken);
        return new ShopPage(response.StatusCode, await response.Content.ReadAsStringAsync(cancellationToken));
    }

    public void Dispose() => http.Dispose();

    [GeneratedRegex("__RequestVerificationToken\" type=\"hidden\" value=\"([^\"]+)\"")]
    private static partial Regex AntiforgeryToken();
}

internal sealed partial record ShopPage(HttpStatusCode Status, string Html)
{
    /// <summary>Where the page says that its answer came from: cache, upstream or shared.</summary>
    public string Origin => OriginMark().Match(Html).Groups[1].Value;

    /// <summary>How many pieces the page says are in the cart.</summary>
    public int PiecesInCart => int.Parse(Pieces().Match(Html).Groups[1].Value);

    [GeneratedRegex("data-origin=\"(\\w+)\"")]
    private static partial Regex OriginMark();

    [GeneratedRegex("data-test=\"pieces\">(\\d+)<")]
    private static partial Regex Pieces();
}
