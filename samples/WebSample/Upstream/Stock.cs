using System.Collections.Concurrent;
using WebSample.Catalogue;

namespace WebSample.Upstream;

/// <summary>The upstream's made-up goods. A few are moody: asking for them fails some times before it works.</summary>
internal sealed class Stock
{
    private const int PageSize = 12;

    private static readonly string[] _makes =
        ["Plain", "Striped", "Speckled", "Quiet", "Nordic", "Sunday", "Harbour", "Garden", "Velvet", "Paper",
         "Copper", "Birch", "Ochre", "Slate", "Linen", "Clay", "Amber", "Meadow", "Winter", "Coral",
         "Indigo", "Pebble", "Walnut", "Cloud", "Saffron", "Moss", "Ivory", "Cobalt", "Fern", "Dune"];

    private static readonly (string Kind, string Text)[] _kinds =
        [("mug", "Holds a large coffee and keeps its handle cool."),
         ("lamp", "A warm light for the corner that never had one."),
         ("chair", "Four legs, none of them shorter than the others."),
         ("plant", "Wants water on Mondays and is otherwise no trouble."),
         ("kettle", "Boils, whistles, and stops when it is told to."),
         ("clock", "Right more often than twice a day."),
         ("vase", "For flowers, or for looking well without them."),
         ("bowl", "Deep enough for soup, wide enough for salad.")];

    private static readonly Product[] _products =
        [.. Enumerable.Range(1, _makes.Length * _kinds.Length).Select(MakeUp)];

    private readonly ConcurrentDictionary<int, int> _failures = new();

    public static ProductList? List(int number)
    {
        var last = (_products.Length + PageSize - 1) / PageSize;
        return number < 1 || number > last
            ? null
            : new ProductList(_products[((number - 1) * PageSize)..Math.Min(number * PageSize, _products.Length)], number, last);
    }

    public static Product? Find(int id) => id < 1 || id > _products.Length ? null : _products[id - 1];

    /// <summary>Whether this time asking for the product fails.</summary>
    public bool Fails(int id)
    {
        var failures = FailuresOf(id);
        return failures > 0 && _failures.AddOrUpdate(id, 1, (_, failed) => Math.Min(failed + 1, failures + 1)) <= failures;
    }

    private static int FailuresOf(int id) => id switch
    {
        7 => 2,
        10 => 4,
        _ => 0,
    };

    private static Product MakeUp(int id)
    {
        var (kind, text) = _kinds[(id - 1) % _kinds.Length];
        var note = FailuresOf(id) is var failures and > 0 ? $"The first {failures} requests for it fail" : null;
        return new Product(id, $"{_makes[(id - 1) * 7 % _makes.Length]} {kind}", text, kind, 9 + (id * 37 % 60) + 0.90m, note);
    }
}
