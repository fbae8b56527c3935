namespace WebSample.Catalogue;

/// <summary>A product as the upstream catalogue describes it.</summary>
public sealed record Product(int Id, string Name, string Description, string Kind, decimal Price, string? Note);

/// <summary>What became of a price, and on which page of the catalogue it stands.</summary>
public sealed record PriceChange(decimal Price, int ListNumber);

/// <summary>One page of the catalogue, counted from 1.</summary>
public sealed record ProductList(IReadOnlyList<Product> Products, int Number, int Last);
