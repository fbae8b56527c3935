using System.Net;
using BoundedCache;
using Polly.Timeout;

namespace WebSample.Catalogue;

/// <summary>Asks the upstream for the catalogue of the current shop, over HTTP. Knows nothing of caching.</summary>
public sealed class CatalogueClient(HttpClient http, ITenantContext tenants)
{
    public Task<ProductList?> GetListAsync(int number, CancellationToken cancellationToken) =>
        GetAsync<ProductList>($"products?page={number}", cancellationToken);

    public Task<Product?> GetProductAsync(int id, CancellationToken cancellationToken) =>
        GetAsync<Product>($"products/{id}", cancellationToken);

    public Task<PriceChange?> ChangePriceAsync(int id, decimal price, CancellationToken cancellationToken) =>
        SendAsync<PriceChange>(
            uri => http.PutAsJsonAsync(uri, price, cancellationToken), $"products/{id}/price", cancellationToken);

    private Task<T?> GetAsync<T>(string path, CancellationToken cancellationToken) =>
        SendAsync<T>(uri => http.GetAsync(uri, cancellationToken), path, cancellationToken);

    private async Task<T?> SendAsync<T>(
        Func<Uri, Task<HttpResponseMessage>> send, string path, CancellationToken cancellationToken)
    {
        try
        {
            using var response = await send(new Uri($"{tenants.TenantId}/{path}", UriKind.Relative));
            if (response.StatusCode == HttpStatusCode.NotFound)
                return default;

            response.EnsureSuccessStatusCode();
            return await response.Content.ReadFromJsonAsync<T>(cancellationToken);
        }
        catch (Exception e) when (e is HttpRequestException or TimeoutRejectedException)
        {
            throw new CatalogueUnavailableException("The catalogue does not answer, although it was asked several times.", e);
        }
    }
}
