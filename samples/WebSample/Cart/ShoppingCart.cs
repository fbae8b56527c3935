using System.Text.Json;
using BoundedCache;
using WebSample.Catalogue;

namespace WebSample.Cart;

/// <summary>What one visitor wants to buy, kept in the session.</summary>
public sealed class ShoppingCart
{
    private const string Key = "cart";
    private const int MostOfOne = 99;

    private readonly ISession _session;
    private readonly List<CartLine> _lines;

    private ShoppingCart(ISession session)
    {
        _session = session;
        _lines = session.TryGetValue(Key, out var json) ? JsonSerializer.Deserialize<List<CartLine>>(json)! : [];
    }

    public IReadOnlyList<CartLine> Lines => _lines;

    public int Pieces => _lines.Sum(line => line.Quantity);

    public decimal Total => _lines.Sum(line => line.Price * line.Quantity);

    public static async Task<ShoppingCart> OpenAsync(HttpContext context)
    {
        await context.Session.LoadAsync(context.RequestAborted);
        return new ShoppingCart(context.Session);
    }

    /// <summary>The same for pages that can do without it: none where Redis, which has it, does not answer.</summary>
    public static async Task<ShoppingCart?> TryOpenAsync(HttpContext context)
    {
        try
        {
            return await OpenAsync(context);
        }
        catch (RedisTierException)
        {
            return null;
        }
    }

    public Task AddAsync(Product product)
    {
        var at = _lines.FindIndex(line => line.ProductId == product.Id);
        if (at < 0)
            _lines.Add(new CartLine(product.Id, product.Name, product.Kind, product.Price, 1));
        else
            _lines[at] = _lines[at] with { Quantity = Math.Min(_lines[at].Quantity + 1, MostOfOne) };
        return SaveAsync();
    }

    public Task RemoveAsync(int productId)
    {
        _lines.RemoveAll(line => line.ProductId == productId);
        return SaveAsync();
    }

    // At the end of the request it would be stored anyway, but a failure only logged, and the visitor told that it was done.
    private Task SaveAsync()
    {
        _session.Set(Key, JsonSerializer.SerializeToUtf8Bytes(_lines));
        return _session.CommitAsync();
    }
}
