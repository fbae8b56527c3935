using System.Net;
using System.Text.RegularExpressions;
using WebSample.Shops;

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

    public async Task<ShopPage[]> ReadInEachShopAsync(string path, CancellationToken cancellationToken) =>
        await Task.WhenAll(Shop.All.Select(shop => ReadAsync($"/{shop.Id}/{path}", cancellationToken)));

    public Task<ShopPage> AddToCartAsync(string shop, int product, CancellationToken cancellationToken) =>
        SendFormAsync($"/{shop}/products/{product}", $"/{shop}/cart?handler=Add", [new("id", $"{product}")], cancellationToken);

    public Task<ShopPage> RemoveFromCartAsync(string shop, int product, CancellationToken cancellationToken) =>
        SendFormAsync($"/{shop}/cart", $"/{shop}/cart?handler=Remove", [new("id", $"{product}")], cancellationToken);

    public Task<ShopPage> SendCrowdAsync(string shop, CancellationToken cancellationToken) =>
        SendFormAsync("/", $"/{shop}?handler=Crowd", [], cancellationToken);

    public Task<ShopPage> LetVisitorsInAsync(CancellationToken cancellationToken) =>
        SendFormAsync("/", "/?handler=Visitors", [], cancellationToken);

    public Task<ShopPage> ChangePriceAsync(string shop, int product, string price, CancellationToken cancellationToken) =>
        SendFormAsync(
            $"/{shop}/products/{product}", $"/{shop}/products/{product}?handler=Price", [new("price", price)], cancellationToken);

    public void Dispose() => http.Dispose();

    /// <summary>Sends a form that stands on a page, and follows to the page that comes after.</summary>
    private Task<ShopPage> SendFormAsync(
        string page, string action, IEnumerable<KeyValuePair<string, string>> fields, CancellationToken cancellationToken) =>
        SendFormAsync(page, action, fields, http, cancellationToken);

    /// <summary>Sends a form that stands on a page of this node to another.</summary>
    public async Task<ShopPage> SendFormAsync(
        string page, string action, IEnumerable<KeyValuePair<string, string>> fields, HttpClient to, CancellationToken cancellationToken)
    {
        var html = (await ReadAsync(page, cancellationToken)).Html;
        Assert.Contains($"action=\"{action}\"", html);
        using var form = new FormUrlEncodedContent(
            [.. fields, new("__RequestVerificationToken", AntiforgeryToken().Match(html).Groups[1].Value)]);
        using var response = await to.PostAsync(new Uri(action, UriKind.Relative), form, cancellationToken);
        return new ShopPage(response.StatusCode, await response.Content.ReadAsStringAsync(cancellationToken));
    }

    [GeneratedRegex("__RequestVerificationToken\" type=\"hidden\" value=\"([^\"]+)\"")]
    private static partial Regex AntiforgeryToken();
}

internal sealed partial record ShopPage(HttpStatusCode Status, string Html)
{
    /// <summary>Where the page says that its answer came from: cache, upstream or shared.</summary>
    public string Origin => OriginMark().Match(Html).Groups[1].Value;

    /// <summary>How many pieces the page says are in the cart.</summary>
    public int PiecesInCart => int.Parse(Pieces().Match(Html).Groups[1].Value);

    /// <summary>What stands above the page's content, such as a product's name.</summary>
    public string Heading => HeadingMark().Match(Html).Groups[1].Value;

    [GeneratedRegex("<h1>([^<]+)</h1>")]
    private static partial Regex HeadingMark();

    [GeneratedRegex("data-origin=\"(\\w+)\"")]
    private static partial Regex OriginMark();

    [GeneratedRegex("data-test=\"pieces\">(\\d+)<")]
    private static partial Regex Pieces();
}
