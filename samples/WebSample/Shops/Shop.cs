namespace WebSample.Shops;

/// <summary>One of the shops: a tenant of the cache, by the id that stands in the address.</summary>
public sealed record Shop(string Id, string Name, string Goods, string Icon)
{
    public static IReadOnlyList<Shop> All { get; } =
    [
        new("kitchen", "Harbour Kitchen", "Mugs, kettles and bowls", "kettle"),
        new("garden", "Quiet Garden", "Plants, vases and chairs", "plant"),
        new("study", "Night Study", "Chairs, lamps and clocks", "lamp"),
    ];

    public static Shop? Find(string? id) => All.FirstOrDefault(shop => shop.Id == id);
}
