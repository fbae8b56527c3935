using System.Collections.Concurrent;
using WebSample.Catalogue;

namespace WebSample.Upstream;

/// <summary>The upstream's made-up goods, a catalogue for each shop. A few are moody: asking for them fails some times before it works.</summary>
internal sealed class Stock
{
    private const int PageSize = 12;

    private static readonly string[] _makes =
        ["Plain", "Striped", "Speckled", "Quiet", "Nordic", "Sunday", "Harbour", "Garden", "Velvet", "Paper",
         "Copper", "Birch", "Ochre", "Slate", "Linen", "Clay", "Amber", "Meadow", "Winter", "Coral",
         "Indigo", "Pebble", "Walnut", "Cloud", "Saffron", "Moss", "Ivory", "Cobalt", "Fern", "Dune"];

    private static readonly Dictionary<string, string> _texts = new()
    {
        ["mug"] = "Holds a large coffee and keeps its handle cool.",
        ["lamp"] = "A warm light for the corner that never had one.",
        ["chair"] = "Four legs, none of them shorter than the others.",
        ["plant"] = "Wants water on Mondays and is otherwise no trouble.",
        ["kettle"] = "Boils, whistles, and stops when it is told to.",
        ["clock"] = "Right more often than twice a day.",
        ["vase"] = "For flowers, or for looking well without them.",
        ["bowl"] = "Deep enough for soup, wide enough for salad.",
    };

    private static readonly Dictionary<string, Product[]> _catalogues = new()
    {
        ["kitchen"] = MakeUp("mug", "kettle", "bowl"),
        ["garden"] = MakeUp("plant", "vase", "chair"),
        ["study"] = MakeUp("chair", "lamp", "clock"),
    };

    private readonly ConcurrentDictionary<(string Shop, int Id), int> _failures = new();
    private readonly ConcurrentDictionary<(string Shop, int Id), decimal> _changedPrices = new();

    public ProductList? List(string shop, int number)
    {
        var products = _catalogues.GetValueOrDefault(shop, []);
        var last = (products.Length + PageSize - 1) / PageSize;
        return number < 1 || number > last
            ? null
            : new ProductList(
                [.. products[((number - 1) * PageSize)..Math.Min(number * PageSize, products.Length)].Select(product => AtItsPrice(shop, product))],
                number, last);
    }

    public Product? Find(string shop, int id) =>
        _catalogues.GetValueOrDefault(shop, []).ElementAtOrDefault(id - 1) is { } product ? AtItsPrice(shop, product) : null;

    public PriceChange? ChangePrice(string shop, int id, decimal price)
    {
        if (Find(shop, id) is null)
            return null;

        _changedPrices[(shop, id)] = price;
        return new PriceChange(price, ((id - 1) / PageSize) + 1);
    }

    /// <summary>Whether this time asking for the product fails.</summary>
    public bool Fails(string shop, int id)
    {
        var failures = FailuresOf(id);
        return failures > 0 && _failures.AddOrUpdate((shop, id), 1, (_, failed) => Math.Min(failed + 1, failures + 1)) <= failures;
    }

    private Product AtItsPrice(string shop, Product product) =>
        _changedPrices.TryGetValue((shop, product.Id), out var price) ? product with { Price = price } : product;

    private static int FailuresOf(int id) => id switch
    {
        7 => 2,
        10 => 4,
        _ => 0,
    };

    private static Product[] MakeUp(params string[] kinds) =>
        [.. Enumerable.Range(1, _makes.Length * kinds.Length).Select(id => MakeUp(id, kinds))];

    private static Product MakeUp(int id, string[] kinds)
    {
        var (row, column) = Math.DivRem(id - 1, kinds.Length);
        var kind = kinds[column];
        var make = _makes[((row * 7) + (column * 11)) % _makes.Length];
        var note = FailuresOf(id) is var failures and > 0 ? $"The first {failures} requests for it fail" : null;
        return new Product(id, $"{make} {kind}", _texts[kind], kind, 9 + (id * 37 % 60) + 0.90m, note);
    }
}
